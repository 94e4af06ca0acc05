"""What several tests need."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n"

# A shell ignores Ctrl-C for what it runs in the background, and so would all processes that the tests start.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def wait_until(condition, patience=60):
    """Return as soon as `condition` gives something true, and that; fails where it never does."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, "what is waited for does not happen"
        time.sleep(0.01)
    return found


@pytest.fixture
def hospitals():
    return EXAMPLES / "data/hospitals.csv"


@pytest.fixture
def hospital_rules():
    return EXAMPLES / "rules/hospitals.yaml"


@pytest.fixture
def providers(tmp_path):
    """A SQLite database of three providers, two of which share a number."""
    path = tmp_path / "some providers.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE providers (id INTEGER PRIMARY KEY, npi TEXT)")
        connection.executemany("INSERT INTO providers (npi) VALUES (?)", [("1",), ("1",), (None,)])
    connection.close()
    return path


@pytest.fixture
def python(tmp_path):
    """Runs a program in a process of its own."""

    def run(program, *arguments, timeout=60, check=True, env=None):
        command = [sys.executable, "-X", "dev", "-W", "error", "-c", program, *map(str, arguments)]
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=tmp_path,
            env={**os.environ, **(env or {})},
            check=False,
        )
        if check:
            assert ended.returncode == 0, ended.stderr
            assert ended.stderr == ""
        return ended

    return run
