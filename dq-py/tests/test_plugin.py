"""`pytest --dq rules.yaml --dq-source …`."""

import subprocess
import sys

import pytest

RULES = """
version: 1
rules:
  - id: npi
    table: data
    checks:
      - { id: shared, unique: [npi], message: Each provider has a number of its own. }
      - { id: missing, column: npi, not_null: true }
      - { id: few, column: npi, not_blank: true, tolerance: { warn: 0, fail: 5 } }
      - { id: scope, column: npi, not_null: true, where: "npi = 'nobody'" }
"""


@pytest.fixture
def run(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "providers.csv").write_text('npi\n1\n1\n2\n""\n')
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n")
    options = ["-p", "no:cacheprovider"]
    if (
        "dq._pytest"
        not in subprocess.run(
            [sys.executable, "-m", "pytest", "--trace-config"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        ).stdout
    ):
        options += ["-p", "dq._pytest"]

    def run(*arguments):
        command = [sys.executable, "-X", "dev", "-W", "error", "-m", "pytest", *options, *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)

    return run


def test_each_check_is_a_test(run):
    ended = run("-v", "--dq", "rules.yaml", "--dq-source", "providers.csv", "-W", "default")
    assert ended.returncode == 1
    for line in [
        "rules.yaml::npi/shared FAILED",
        "rules.yaml::npi/missing PASSED",
        "rules.yaml::npi/few PASSED",
        "rules.yaml::npi/scope SKIPPED",
        "test_it.py::test_it PASSED",
        "unique(npi) of `data`, severity medium: 2 of 4 rows",
        "Each provider has a number of its own.",
        "DqWarning: npi/few: 1 of 4 rows",
    ]:
        assert line in ended.stdout, ended.stdout
    assert "_pytest.py" not in ended.stdout.split("short test summary")[0].split("FAILURES")[1].split("warnings")[0]
    ended = run("-k", "missing or scope", "--dq", "rules.yaml", "--dq-source", "providers.csv")
    assert ended.returncode == 0
    assert "1 passed, 1 skipped, 3 deselected" in ended.stdout


def test_what_cannot_run_fails(run):
    ended = run("--dq", "rules.yaml", "--dq-source", "nowhere.csv")
    assert ended.returncode == 1
    assert "4 failed, 1 passed" in ended.stdout
    assert "nowhere.csv" in ended.stdout
    for arguments in [["--dq", "rules.yaml"], ["--dq", "nowhere.yaml", "--dq-source", "providers.csv"]]:
        ended = run(*arguments)
        assert ended.returncode == 4
        assert ended.stderr.startswith("ERROR: ")
    assert run().returncode == 0
