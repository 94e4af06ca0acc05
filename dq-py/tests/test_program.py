"""The program `dq` that the wheel installs."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

DQ = Path(sys.executable).with_name("dq")

COMMANDS = [[sys.executable, "-m", "dq"]]
if DQ.exists():
    COMMANDS.append([str(DQ)])


@pytest.fixture(params=COMMANDS, ids=["module", "script"][: len(COMMANDS)])
def run(request, tmp_path):
    def run(*arguments):
        command = [*request.param, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)

    return run


def test_it_is_the_same_program(run, hospitals, hospital_rules, tmp_path):
    assert run("--version").stdout == "dq 0.1.0\n"
    ended = run("validate", hospitals, "--rules", hospital_rules, "--report", tmp_path / "report.json")
    assert ended.returncode == 1
    assert "phone/shared" in ended.stdout
    assert (tmp_path / "report.json").exists()
    assert run("validate", hospitals, "--rules", hospital_rules, "--fail-on", "critical").returncode == 0
    assert "Usage: dq" in run("--help").stdout


def test_exit_codes_tell_what_went_wrong(run, hospitals, tmp_path):
    assert run("nonsense").returncode == 2
    ended = run("validate", hospitals, "--rules", tmp_path / "nowhere.yaml")
    assert ended.returncode == 2
    assert ended.stderr.startswith("dq: cannot read the rules in")
    ended = run("profile", tmp_path / "nowhere.csv")
    assert ended.returncode == 3


def test_ctrl_c_ends_it(tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text("version: 1\nrules:\n  - { id: a, table: data, checks: [{ id: a, unique: [a] }] }\n")
    command = [*COMMANDS[-1], "validate", "-", "--rules", str(rules)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        # More than a pipe holds: when it is written, the program has begun to read.
        running.stdin.write("a\n" + "1\n" * 1_000_000)
        running.stdin.flush()
        interrupted = time.monotonic()
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 130
        assert time.monotonic() - interrupted < 1
        assert running.stderr.read() == "dq: the run was cancelled\n"
