//! A PostgreSQL server and two that replicate it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::servers::account::{as_user, succeed};
use crate::servers::port;
use crate::servers::postgres::{PASSWORD, has_come_up, launch, programs, psql, start_in};
use crate::servers::process::Process;
use crate::servers::wait_until;

/// What replication needs. Where commits wait for no disk, replicas hear of them a fifth of a second later.
const SETTINGS: &str = "\
synchronous_commit = on
wal_level = replica
max_wal_senders = 10
hot_standby = on
wal_keep_size = '256MB'
wal_receiver_status_interval = 1
wal_retrieve_retry_interval = 100
hot_standby_feedback = on
";

/// What makes writes last, and tests slow.
const DURABLE: &str = "fsync = on\n";

/// A PostgreSQL server of several. It may be killed, started again, promoted, and made a replica.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    folder: PathBuf,
    programs: PathBuf,
    process: Option<Process>,
}

/// A primary and two replicas, at first in this order.
#[derive(Debug)]
pub(crate) struct Replicated {
    pub(crate) servers: [Server; 3],
    folder: tempfile::TempDir,
}

impl Replicated {
    /// Starts them; none if tests that need PostgreSQL are to be left out.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// Starts them with fsync, and commits that wait until both replicas have them on their disks.
    pub(crate) fn durable() -> Option<Self> {
        let replicated = Self::start_with(DURABLE)?;
        let primary = &replicated.servers[0];
        primary.run("ALTER SYSTEM SET synchronous_standby_names = 'ANY 2 (*)'");
        primary.run("SELECT pg_reload_conf()");
        wait_until("both replicas are waited for", || {
            primary.run("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'quorum'")
                == "2"
        });
        Some(replicated)
    }

    fn start_with(more: &str) -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir().expect("a folder can be made");
        // Those who run the servers must pass.
        succeed(Command::new("chmod").arg("755").arg(folder.path()));
        let place = |name: &str| {
            let place = folder.path().join(name);
            fs::create_dir(&place).expect("a folder can be made");
            place
        };
        let first = place("first");
        let (port, process) = start_in(&programs, &first, &format!("{SETTINGS}{more}"), None);
        let primary =
            Server { port, folder: first, programs: programs.clone(), process: Some(process) };
        primary.allow_replication();
        let servers = [primary.copy(&place("second")), primary.copy(&place("third"))];
        let [second, third] = servers;
        let replicated = Self { servers: [primary, second, third], folder };
        wait_until("both replicas follow", || replicated.servers[0].followers() == 2);
        Some(replicated)
    }

    /// The URLs of all, of the database `postgres`.
    pub(crate) fn urls(&self) -> [String; 3] {
        [0, 1, 2].map(|it: usize| self.servers[it].url())
    }

    /// Who of these has received most of the log of a primary that is gone: the others can follow it.
    pub(crate) fn most_advanced(&self, replicas: &[usize]) -> usize {
        // What is still on its way is written before the receiver ends.
        let receivers = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'";
        wait_until("nobody receives any more", || {
            replicas.iter().all(|it| self.servers[*it].run(receivers) == "0")
        });
        let received = |it: &&usize| {
            let position = "SELECT pg_last_wal_receive_lsn() - '0/0'::pg_lsn";
            self.servers[**it].run(position).parse::<u64>().expect("it is a number")
        };
        *replicas.iter().max_by_key(received).expect("there are some")
    }
}

impl Server {
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }

    /// What `sql` gives, one row a line.
    pub(crate) fn run(&self, sql: &str) -> String {
        self.try_run(sql).unwrap_or_else(|error| panic!("`{sql}` fails: {error}"))
    }

    pub(crate) fn try_run(&self, sql: &str) -> Result<String, String> {
        let output = psql(&self.programs, &self.folder, self.port, "postgres", sql)
            .output()
            .expect("psql is there");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// How many replicas follow this server.
    pub(crate) fn followers(&self) -> usize {
        let count = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
        self.run(count).parse().expect("it is a number")
    }

    /// How many connections of dq's are open.
    pub(crate) fn connections(&self) -> usize {
        let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dq'";
        self.run(count).parse().expect("it is a number")
    }

    pub(crate) fn pause_replay(&self) {
        self.run("SELECT pg_wal_replay_pause()");
        wait_until("replay is paused", || {
            self.run("SELECT pg_get_wal_replay_pause_state()") == "paused"
        });
    }

    pub(crate) fn resume_replay(&self) {
        self.run("SELECT pg_wal_replay_resume()");
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it again on the same port, after it was killed.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let stale = self.folder.join("data/postmaster.pid");
        wait_until("the old server is gone", || {
            fs::remove_file(&stale).ok();
            let mut process = launch(&self.programs, &self.folder, self.port);
            let is_up = has_come_up(&self.programs, &self.folder, self.port, &mut process);
            self.process = Some(process);
            is_up
        });
    }

    /// Stops it as `SIGSTOP` does, with all its processes: it keeps its connections and answers nothing.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let lock = self.folder.join("data/postmaster.pid");
        let lock = fs::read_to_string(lock).expect("the server has a lock file");
        let first = lock.lines().next().expect("it names the process");
        let children = fs::read_to_string(format!("/proc/{first}/task/{first}/children"));
        let children = children.expect("the server is there");
        for process in [first].into_iter().chain(children.split_whitespace()) {
            let process = process.parse().expect("it is a number");
            // One that ends by itself meanwhile is stopped enough.
            kill(Pid::from_raw(process), signal).ok();
        }
    }

    /// Makes a replica the primary; returns when it takes writes.
    pub(crate) fn promote(&self) {
        self.run("SELECT pg_promote(true, 20)");
    }

    /// Lets a replica follow another server.
    pub(crate) fn follow(&self, primary: &Self) {
        self.run(&format!("ALTER SYSTEM SET primary_conninfo = '{}'", primary.conninfo()));
        self.run("SELECT pg_reload_conf()");
    }

    /// Begins anew as a replica of `primary`, on the same port, with a copy of its data.
    pub(crate) fn copy_anew(&mut self, primary: &Self) {
        self.kill();
        let data = self.folder.join("data");
        wait_until("the old server is gone", || fs::remove_dir_all(&data).is_ok());
        primary.copy_data(&self.folder);
        self.restart();
    }

    fn conninfo(&self) -> String {
        format!("host=127.0.0.1 port={} user=postgres password={PASSWORD}", self.port)
    }

    fn allow_replication(&self) {
        let access = self.folder.join("data/pg_hba.conf");
        let before = fs::read_to_string(&access).expect("it can be read");
        let more = "host replication all 127.0.0.1/32 scram-sha-256\nlocal replication all trust\n";
        fs::write(access, before + more).expect("it can be written");
        self.run("SELECT pg_reload_conf()");
    }

    /// Starts a replica of this server in `folder`.
    fn copy(&self, folder: &Path) -> Self {
        self.copy_data(folder);
        let port = port::free();
        let mut server = Self {
            port,
            folder: folder.to_owned(),
            programs: self.programs.clone(),
            process: None,
        };
        server.restart();
        server
    }

    fn copy_data(&self, folder: &Path) {
        succeed(Command::new("chmod").arg("777").arg(folder));
        let program = self.programs.join("pg_basebackup").display().to_string();
        let mut arguments = as_user("postgres", &program);
        let data = folder.join("data").display().to_string();
        let options =
            ["-d", &self.conninfo(), "-D", &data, "-R", "-X", "stream", "-c", "fast", "--no-sync"];
        arguments.extend(options.map(str::to_owned));
        let (program, rest) = arguments.split_first().expect("there is a program");
        succeed(Command::new(program).args(rest));
        let configuration = folder.join("data/postgresql.conf");
        let before = fs::read_to_string(&configuration).expect("it can be read");
        let sockets = format!("unix_socket_directories = '{}'\n", folder.display());
        fs::write(configuration, before + &sockets).expect("it can be written");
    }
}
