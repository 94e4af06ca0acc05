"""The examples and the documentation run as they are written."""

import doctest
import importlib
import pkgutil
import re
import shutil
import subprocess
import sys

import pytest
from postgres_world import servers

from conftest import EXAMPLES, ROOT

FILES = sorted((EXAMPLES / "python").glob("*.py"))

TELL = {
    "csv_file.py": "name/spaces: 51 of 5326, such as {'row': 344}",
    "pandas_frame.py": "npi/luhn",
    "sqlite_database.py": "fail ['{\"id\":3}']",
    "async_service.py": "50 calls",
    "pipeline_migration.py": "npi_validation: 1 ['Missing NPI number']",
}


@pytest.mark.parametrize("path", [it for it in FILES if it.name != "postgresql.py"], ids=lambda it: it.stem)
def test_an_example_runs(path):
    command = [sys.executable, "-X", "dev", "-W", "error", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert TELL[path.name] in ended.stdout


def test_the_examples_in_docstrings_run(tmp_path, monkeypatch):
    import dq

    monkeypatch.chdir(tmp_path)
    names = ["dq", *(it.name for it in pkgutil.walk_packages(dq.__path__, "dq.") if not it.name.endswith("__main__"))]
    results = [doctest.testmod(importlib.import_module(it)) for it in names]
    assert not any(it.failed for it in results)
    assert sum(it.attempted for it in results) >= 14


def blocks():
    """Return the blocks of Python in docs/python.md, each with its line."""
    text = (ROOT / "docs/python.md").read_text()
    for found in re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield pytest.param(found[1], id=f"line {text[: found.start()].count(chr(10)) + 1}")


@pytest.mark.parametrize("block", list(blocks()))
def test_a_block_of_the_documentation_runs(block, tmp_path, monkeypatch):
    shutil.copy(EXAMPLES / "data/hospitals.csv", tmp_path / "hospitals.csv")
    shutil.copy(EXAMPLES / "rules/hospitals.yaml", tmp_path / "hospitals.yaml")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "docs/python.md", "exec"), {"__name__": "documentation"})


@pytest.fixture
def postgres():
    with servers(1) as [server]:
        yield server.url()


def test_the_example_for_postgresql_runs(postgres):
    import dq

    with dq.connect(postgres) as db:
        db.execute("CREATE TABLE provider (id integer PRIMARY KEY, npi text, born date)")
        db.execute("INSERT INTO provider VALUES (?, ?, '2000-01-02'), (2, NULL, NULL)", [1, "x"])
        assert db.query("SELECT born FROM provider WHERE id = :id", {"id": 1}).scalar().isoformat() == "2000-01-02"
        with pytest.raises(dq.ConflictError):
            db.execute("INSERT INTO provider VALUES (1, 'y', NULL)")
    command = [sys.executable, "-W", "error", str(EXAMPLES / "python/postgresql.py"), postgres]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "provider.npi: 1 of 2 are missing" in ended.stdout
