"""A MySQL or MariaDB database, on a server of the test's own."""

import asyncio
import datetime
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

import dq
from conftest import wait_until
from dq.pipeline.factory import DatabaseConfig, DatabaseFactory

SKIP = "DQ_SKIP_MARIADB_TESTS"


@pytest.fixture(scope="module")
def port():
    """Start MariaDB with a user `ann`, whose password is `a b/c`, and a database `town`."""
    if SKIP in os.environ:
        pytest.skip(f"{SKIP} is set")
    assert shutil.which("mariadbd"), f"MariaDB is not installed; {SKIP} leaves its tests out"
    with tempfile.TemporaryDirectory(prefix="dq-mariadb-") as name:
        folder = Path(name)
        user = []
        if os.geteuid() == 0:
            # MariaDB refuses to run as root.
            folder.chmod(0o755)
            shutil.chown(folder, "mysql", "mysql")
            user = ["runuser", "-u", "mysql", "--"]
        install = ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run([*user, *install, f"--datadir={folder}/data"], check=True, capture_output=True, cwd="/")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            number = free.getsockname()[1]
        places = [f"--datadir={folder}/data", f"--socket={folder}/socket", f"--pid-file={folder}/pid"]
        options = [f"--port={number}", "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0"]
        with subprocess.Popen(
            [*user, "mariadbd", "--no-defaults", *places, *options, f"--log-error={folder}/log"]
        ) as server:
            try:
                _prepare(server, folder)
                yield number
            finally:
                subprocess.run([*_client(folder), "SHUTDOWN"], check=False, capture_output=True)
                try:
                    server.wait(60)
                except subprocess.TimeoutExpired:
                    server.kill()


def _client(folder):
    return ["mariadb", "--no-defaults", f"--socket={folder}/socket", "--user=root", "--execute"]


def _prepare(server, folder):

    def has_come_up():
        assert server.poll() is None, (folder / "log").read_text()
        return subprocess.run([*_client(folder), "SELECT 1"], check=False, capture_output=True).returncode == 0

    wait_until(has_come_up)
    account = "ann@'127.0.0.1'"
    sql = f"CREATE DATABASE town; CREATE USER {account} IDENTIFIED BY 'a b/c'; GRANT ALL ON town.* TO {account}"
    subprocess.run([*_client(folder), sql], check=True)


def test_statements_and_validations_run(port):
    with dq.connect(f"mysql://ann:a%20b%2Fc@127.0.0.1:{port}/town", readers=2) as db:
        assert "a%20b" not in db.name
        db.execute("CREATE TABLE provider (id INT PRIMARY KEY, npi VARCHAR(10), born DATE)")
        assert db.execute("INSERT INTO provider VALUES (?, ?, '2000-01-02'), (2, '1', NULL)", [1, "1"]) == 2
        found = db.query("SELECT id, npi, born FROM provider WHERE id = :id", {"id": 1})
        assert list(found) == [(1, "1", datetime.date(2000, 1, 2))]
        with pytest.raises(dq.ConflictError):
            db.execute("INSERT INTO provider VALUES (1, 'y', NULL)")
        with pytest.raises(dq.PermissionDeniedError):
            db.query("DELETE FROM provider")
        report = db.validate(dq.Rule("npi", dq.Check("shared", unique=["npi"]), table="provider"))
        assert report.check("npi", "shared").violations == 2
        assert report.check("npi", "shared").sample[0]["key"] == {"id": 1}


def test_the_factory_of_the_pipeline_reaches_it(port):
    config = DatabaseConfig("mysql", "127.0.0.1", port, "town", "ann", "a b/c", connection_pool_size=1, max_overflow=1)

    async def main():
        async with DatabaseFactory.create_database_manager(config) as manager:
            created = await manager.execute_query("CREATE TABLE `a b` (`x y` INT)")
            assert created.success, created.error_message
            assert (await manager.execute_query("INSERT INTO `a b` VALUES (7)")).row_count == 1
            assert await manager.create_indexes("a b", [{"column": "x y"}])
            info = await manager.get_table_info("a b")
            assert (info["row_count"], info["columns"]) == (1, [{"name": "x y", "type": "integer"}])
            health = await manager.health_check()
            assert health["overall_status"] == "HEALTHY", health
            assert "a b/c" not in str(health)
        await DatabaseFactory.close_all_connections()

    asyncio.run(main())
