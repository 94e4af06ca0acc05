//! A PgBouncer in front of a PostgreSQL server: each transaction gets another of a few connections.

use std::fs;
use std::net::TcpStream;
use std::process::Command;

use super::*;
use crate::servers::account::{as_user, is_root, succeed};
use crate::servers::postgres::{PASSWORD, PostgresServer};
use crate::servers::process::Process;

/// Where Debian puts it, which is not on everybody's path.
const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// A PgBouncer.
#[derive(Debug)]
pub(crate) struct PgBouncer {
    pub(crate) port: u16,
    _folder: tempfile::TempDir,
    _process: Process,
}

impl PgBouncer {
    /// Starts one with at most `connections` to each database of `server`, and more lines of configuration.
    pub(crate) fn start(server: &PostgresServer, connections: usize, settings: &str) -> Self {
        assert!(
            fs::exists(PROGRAM).unwrap_or(false),
            "PgBouncer is not installed: run `scripts/setup`"
        );
        let folder = tempfile::tempdir().expect("a folder can be made");
        let port = port::free();
        let place = folder.path().display();
        let configuration = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {place}/users\npool_mode = transaction\n\
             default_pool_size = {connections}\nlogfile = {place}/log\nserver_round_robin = 1\n{settings}\n",
            server.port
        );
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("it can be written");
        };
        write("users", &format!("\"postgres\" \"{PASSWORD}\"\n"));
        write("pgbouncer.ini", &configuration);
        if is_root() {
            succeed(Command::new("chown").args(["-R", "postgres"]).arg(folder.path()));
        }
        let mut arguments = as_user("postgres", PROGRAM);
        arguments.push(format!("{place}/pgbouncer.ini"));
        let (program, rest) = arguments.split_first().expect("there is a program");
        let process = Process::start(program, rest);
        wait_until("PgBouncer is up", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { port, _folder: folder, _process: process }
    }

    /// The URL of `database` through it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }
}
