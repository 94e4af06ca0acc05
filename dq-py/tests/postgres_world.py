"""Servers of PostgreSQL that tests start, on free ports of the loopback: alone, or a primary and those that follow it."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

SKIP = "DQ_SKIP_POSTGRES_TESTS"

PASSWORD = "p w/@"

STARTS_MAX = 5
"""How often a server is started, on another port each time: somebody else may take a free one first."""

SETTINGS = """
listen_addresses = '127.0.0.1'
fsync = off
max_connections = 60
shared_buffers = '16MB'
autovacuum = off
jit = off
wal_level = replica
max_wal_senders = 5
wal_retrieve_retry_interval = 100
wal_receiver_status_interval = 1
"""

ACCESS = """
local all all trust
local replication all trust
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""


class Server:
    """A server in a folder of its own, with a user `postgres` whose password is `PASSWORD`."""

    def __init__(self, folder):
        self.folder = folder
        self.programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        # PostgreSQL refuses to run as root.
        self.user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self.port = 0
        folder.mkdir()
        if self.user:
            shutil.chown(folder, "postgres", "postgres")

    def url(self, database="postgres", scheme="postgres"):
        return f"{scheme}://postgres:p%20w%2F%40@127.0.0.1:{self.port}/{database}"

    def run(self, sql, database="postgres"):
        command = [*self.user, str(self.programs / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        place = ["-h", str(self.folder), "-p", str(self.port), "-U", "postgres", "-d", database, "-c", sql]
        ended = subprocess.run([*command, *place], capture_output=True, text=True, check=False, cwd=self.folder)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    def make(self):
        self._call("initdb", "-D", self._data, "-A", "trust", "-U", "postgres", "--no-sync")
        (self.folder / "data/pg_hba.conf").write_text(ACCESS)
        self._add(SETTINGS)
        self.start()
        quoted = PASSWORD.replace("'", "''")
        self.run(f"ALTER USER postgres PASSWORD '{quoted}'")

    def follow(self, primary):
        """Begin as a replica of another server; it has replayed what that one had."""
        from_there = f"host=127.0.0.1 port={primary.port} user=postgres password='{PASSWORD}'"
        self._call("pg_basebackup", "-d", from_there, "-D", self._data, "-R", "-X", "stream", "-c", "fast", "--no-sync")
        self.start()

    def start(self):
        for left in reversed(range(STARTS_MAX)):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
            self._add(f"port = {self.port}\nunix_socket_directories = '{self.folder}'\n")
            try:
                # Returns when the server takes connections.
                self._call("pg_ctl", "-D", self._data, "-s", "-w", "-l", str(self.folder / "log"), "start")
            except subprocess.CalledProcessError:
                if not left:
                    raise
            else:
                return

    def kill(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self._call("pg_ctl", "-D", self._data, "-s", "-w", "-m", "immediate", "stop")

    @property
    def _data(self):
        return str(self.folder / "data")

    def _add(self, lines):
        with (self.folder / "data/postgresql.conf").open("a") as file:
            file.write(lines)

    def _call(self, program, *arguments):
        # What it says is read from a file: a server that it starts would keep a pipe open.
        with tempfile.TemporaryFile() as said:
            command = [*self.user, str(self.programs / program), *arguments]
            try:
                subprocess.run(command, check=True, cwd=self.folder, stdout=said, stderr=said)
            except subprocess.CalledProcessError as error:
                said.seek(0)
                error.add_note(said.read().decode()) if hasattr(error, "add_note") else None
                raise


@contextlib.contextmanager
def servers(count, *, following=False):
    """Start servers; with `following` all but the first are replicas of it."""
    if SKIP in os.environ:
        pytest.skip(f"{SKIP} is set")
    assert list(Path("/usr/lib/postgresql").glob("*/bin")), f"PostgreSQL is not installed; {SKIP} leaves its tests out"
    with tempfile.TemporaryDirectory(prefix="dq-postgres-") as name:
        # Those who run the servers must pass.
        Path(name).chmod(0o755)
        made = []
        try:
            for number in range(count):
                server = Server(Path(name) / str(number))
                made.append(server)
                if number and following:
                    server.follow(made[0])
                else:
                    server.make()
            yield made
        finally:
            for server in reversed(made):
                server.kill()
