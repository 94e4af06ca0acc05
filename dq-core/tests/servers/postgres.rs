//! A PostgreSQL server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::servers::account::{as_user, is_root, succeed};
use crate::servers::process::Process;
use crate::servers::tls::Identity;

/// Set to leave out the tests that need PostgreSQL.
const SKIP: &str = "DQ_SKIP_POSTGRES_TESTS";
/// How often a server is started, on another port each time.
const STARTS_MAX: usize = 5;
/// Where Debian keeps the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Who runs the server where the tests run as root, which PostgreSQL refuses.
const USER: &str = "postgres";
/// The password of the user `postgres`.
pub(crate) const PASSWORD: &str = "postgres-pw";

/// Who may come in: through the socket everyone, through the network with a password.
const ACCESS: &str = "\
local all all trust
hostssl all tls_user 127.0.0.1/32 cert
host all all 127.0.0.1/32 scram-sha-256
";

/// What tests need from a server, and nothing that makes it wait for a disk or fill it.
const SETTINGS: &str = "\
listen_addresses = '127.0.0.1'
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = '64MB'
min_wal_size = '32MB'
autovacuum = off
max_connections = 100
lock_timeout = '60s'
shared_buffers = '64MB'
jit = off
";

/// A PostgreSQL server, with a user `postgres` who may do everything.
#[derive(Debug)]
pub(crate) struct PostgresServer {
    pub(crate) port: u16,
    folder: tempfile::TempDir,
    programs: PathBuf,
    process: Process,
    databases: AtomicUsize,
}

impl PostgresServer {
    /// One that all tests share that run at once; none if tests that need PostgreSQL are to be left out.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<PostgresServer>> = Mutex::new(Weak::new());
        shared(&SHARED, Self::start)
    }

    /// Starts a plain one.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with("", None)
    }

    /// Starts one with more lines of configuration, and TLS if it has an identity and the certificate of an
    /// authority that signs clients.
    pub(crate) fn start_with(settings: &str, tls: Option<(&Identity, &Path)>) -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir().expect("a folder can be made");
        let (port, process) = start_in(&programs, folder.path(), settings, tls);
        Some(Self { port, folder, programs, process, databases: AtomicUsize::new(0) })
    }

    /// The URL of `database`, with the password of the user `postgres`.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database; gives its name.
    pub(crate) fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Drops a database, also while it is used; a server that is gone forgets it anyway.
    pub(crate) fn forget(&self, database: &str) {
        let sql = format!("DROP DATABASE {database} WITH (FORCE)");
        psql(&self.programs, self.folder.path(), self.port, "postgres", &sql).output().ok();
    }

    /// What `sql` gives in `database`, one row a line, run by the user `postgres`.
    pub(crate) fn run(&self, database: &str, sql: &str) -> String {
        let output = psql(&self.programs, self.folder.path(), self.port, database, sql)
            .output()
            .expect("psql is there");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{sql}` fails: {error}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// What it has written to its log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// How many connections other than this one are open to `database`.
    pub(crate) fn connections(&self, database: &str) -> usize {
        let count = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'");
        self.run("postgres", &count).parse().expect("it is a number")
    }

    /// The path of the program that comes with the server and is called so.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// The number of the process that started all others of the server.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same port, after it was killed.
    pub(crate) fn restart(&mut self) {
        self.process.kill();
        let stale = self.folder.path().join("data/postmaster.pid");
        wait_until("the old server is gone", || {
            fs::remove_file(&stale).ok();
            self.process = launch(&self.programs, self.folder.path(), self.port);
            has_come_up(&self.programs, self.folder.path(), self.port, &mut self.process)
        });
    }

    /// Stops it as `SIGSTOP` does: what is already connected goes on, nothing new is let in.
    pub(crate) fn pause(&self) {
        self.process.pause();
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.process.resume();
    }
}

/// Makes the files of a server in `folder`, and starts it on a free port.
pub(crate) fn start_in(
    programs: &Path,
    folder: &Path,
    settings: &str,
    tls: Option<(&Identity, &Path)>,
) -> (u16, Process) {
    prepare(programs, folder, settings, tls);
    for _ in 0..STARTS_MAX {
        let port = port::free();
        let mut process = launch(programs, folder, port);
        if has_come_up(programs, folder, port, &mut process) {
            return (port, process);
        }
    }
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    panic!("postgres does not start: {log}");
}

/// How to run `sql` through the socket in `folder`.
pub(crate) fn psql(
    programs: &Path,
    folder: &Path,
    port: u16,
    database: &str,
    sql: &str,
) -> Command {
    let mut psql = Command::new(programs.join("psql"));
    psql.args(["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h"])
        .arg(folder)
        .args(["-p", &port.to_string(), "-d", database, "-c", sql]);
    psql
}

pub(crate) fn has_come_up(
    programs: &Path,
    folder: &Path,
    port: u16,
    process: &mut Process,
) -> bool {
    let mut is_up = false;
    wait_until("postgres is up", || {
        let asked = psql(programs, folder, port, "postgres", "SELECT 1").output();
        is_up = asked.is_ok_and(|it| it.status.success());
        is_up || !process.is_running()
    });
    is_up
}

/// Makes the files of a server in `folder`.
fn prepare(programs: &Path, folder: &Path, settings: &str, tls: Option<(&Identity, &Path)>) {
    let write =
        |name: &str, text: &str| fs::write(folder.join(name), text).expect("it can be written");
    write("password", PASSWORD);
    let mut settings = format!("{SETTINGS}{settings}\n");
    if let Some((identity, authority)) = tls {
        for (from, to) in [
            (identity.certificate_file.as_path(), "server.pem"),
            (identity.key_file.as_path(), "server.key"),
            (authority, "ca.pem"),
        ] {
            fs::copy(from, folder.join(to)).expect("it can be copied");
        }
        settings += "ssl = on\n";
        for (name, file) in [
            ("ssl_cert_file", "server.pem"),
            ("ssl_key_file", "server.key"),
            ("ssl_ca_file", "ca.pem"),
        ] {
            settings += &line(name, &folder.join(file));
        }
        succeed(Command::new("chmod").arg("600").arg(folder.join("server.key")));
    }
    if is_root() {
        succeed(Command::new("chown").args(["-R", USER]).arg(folder));
    }
    let place = folder.display().to_string();
    let initdb = programs.join("initdb").display().to_string();
    let mut arguments = as_user(USER, &initdb);
    let options = [
        "-D",
        &format!("{place}/data"),
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
        &format!("--pwfile={place}/password"),
    ];
    arguments.extend(options.map(str::to_owned));
    let (program, rest) = arguments.split_first().expect("there is a program");
    succeed(Command::new(program).args(rest));
    write("data/pg_hba.conf", ACCESS);
    let configuration = folder.join("data/postgresql.conf");
    let generated = fs::read_to_string(&configuration).expect("it can be read");
    settings += &line("unix_socket_directories", folder);
    fs::write(configuration, generated + &settings).expect("it can be written");
}

/// A line of the configuration that names a path.
fn line(name: &str, path: &Path) -> String {
    format!("{name} = '{}'\n", path.display())
}

pub(crate) fn launch(programs: &Path, folder: &Path, port: u16) -> Process {
    let program = programs.join("postgres").display().to_string();
    let mut arguments = as_user(USER, &program);
    let options = [
        "-D",
        &format!("{}/data", folder.display()),
        "-p",
        &port.to_string(),
        "-c",
        "logging_collector=on",
        "-c",
        &format!("log_directory={}", folder.display()),
        "-c",
        "log_filename=log",
    ];
    arguments.extend(options.map(str::to_owned));
    let (program, rest) = arguments.split_first().expect("there is a program");
    Process::start(program, rest)
}

/// The folder of PostgreSQL's programs. If there is none, and that is not meant to be, the test fails.
pub(crate) fn programs() -> Option<PathBuf> {
    if std::env::var_os(SKIP).is_some() {
        return None;
    }
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|it| it.path());
    let version = |it: &PathBuf| it.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.filter(|it| version(it).is_some()).max_by_key(version);
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        newest.map(|it| it.join("bin")).into_iter().chain(std::env::split_paths(&on_path));
    let found = folders.into_iter().find(|it| it.join("initdb").exists());
    assert!(
        found.is_some(),
        "PostgreSQL is not installed: run `scripts/setup`, or set `{SKIP}=1` to leave out the tests that need it"
    );
    found
}
