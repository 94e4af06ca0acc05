//! A MariaDB server.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::servers::account::{as_user, is_root, succeed};
use crate::servers::process::Process;
use crate::servers::tls::Identity;

/// Set to leave out the tests that need MariaDB.
const SKIP: &str = "DQ_SKIP_MARIADB_TESTS";
/// How often a server is started, on another port each time.
const STARTS_MAX: usize = 5;
/// Who runs the server where the tests run as root.
const USER: &str = "mysql";
/// The password of the user `admin`.
pub(crate) const PASSWORD: &str = "mariadb-pw";

/// What tests need from a server, and nothing that makes it wait for a disk.
const SETTINGS: [&str; 14] = [
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--log-bin=log",
    "--sync-binlog=0",
    // The recursive queries of the tests are long.
    "--max-recursive-iterations=4294967295",
    "--max-connections=120",
    "--lock-wait-timeout=20",
    "--performance-schema=OFF",
    "--skip-slave-start",
    "--log-bin-trust-function-creators=1",
];

/// A MariaDB server, with a user `admin` who may do everything.
#[derive(Debug)]
pub(crate) struct MariaDbServer {
    pub(crate) port: u16,
    folder: tempfile::TempDir,
    settings: Vec<String>,
    process: Process,
    databases: AtomicUsize,
}

impl MariaDbServer {
    /// One that all tests share that run at once; none if tests that need MariaDB are to be left out.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<MariaDbServer>> = Mutex::new(Weak::new());
        shared(&SHARED, Self::start)
    }

    /// Starts a plain one.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[], None)
    }

    /// Starts one with more options, and TLS if it has an identity and the certificate of an authority that
    /// signs clients.
    pub(crate) fn start_with(options: &[&str], tls: Option<(&Identity, &Path)>) -> Option<Self> {
        if !is_wanted() {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut settings: Vec<_> =
            SETTINGS.iter().chain(options).map(|it| (*it).to_owned()).collect();
        settings.extend(prepare(folder.path(), tls));
        for _ in 0..STARTS_MAX {
            let port = port::free();
            let mut process = launch(folder.path(), port, &settings);
            if has_come_up(folder.path(), &mut process) {
                let databases = AtomicUsize::new(0);
                let server = Self { port, folder, settings, process, databases };
                server.make_admin();
                return Some(server);
            }
        }
        panic!("mariadbd does not start: {}", log(folder.path()));
    }

    /// The URL of `database`, with the password of the user `admin`.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("mysql://admin:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// The same through its socket, where no message waits for the answer to another.
    pub(crate) fn socket_url(&self, database: &str) -> String {
        let socket = self.folder.path().join("socket");
        format!("mysql://root@localhost/{database}?socket={}", socket.display())
    }

    /// Makes an empty database; gives its name.
    pub(crate) fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run("", &format!("CREATE DATABASE {name}"));
        name
    }

    /// What `sql` gives in `database`, one row a line, run by a user who may do everything.
    pub(crate) fn run(&self, database: &str, sql: &str) -> String {
        self.try_run(database, sql).unwrap_or_else(|it| panic!("`{sql}` fails: {it}"))
    }

    /// As [`run`](Self::run); what the server says where it fails.
    pub(crate) fn try_run(&self, database: &str, sql: &str) -> Result<String, String> {
        let output =
            client(self.folder.path(), database, sql).output().expect("the client is there");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// How many connections other than this one are open to `database`.
    pub(crate) fn connections(&self, database: &str) -> usize {
        let count =
            format!("SELECT count(*) FROM information_schema.processlist WHERE db = '{database}'");
        self.run("", &count).parse().expect("it is a number")
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same port, after it was killed.
    pub(crate) fn restart(&mut self) {
        self.process.kill();
        wait_until("the old server is gone", || {
            self.process = launch(self.folder.path(), self.port, &self.settings);
            has_come_up(self.folder.path(), &mut self.process)
        });
    }

    /// Who comes through the network needs a password.
    fn make_admin(&self) {
        let admin = "admin@'127.0.0.1'";
        self.run(
            "",
            &format!(
                "CREATE USER {admin} IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO {admin} WITH GRANT OPTION"
            ),
        );
    }
}

/// How to run `sql` through the socket in `folder`.
fn client(folder: &Path, database: &str, sql: &str) -> Command {
    let mut client = Command::new("mariadb");
    client
        .args(["--no-defaults", "--batch", "--skip-column-names", "--user=root"])
        .arg(format!("--socket={}", folder.join("socket").display()))
        .args(["--default-character-set=utf8mb4", "--execute", sql])
        .arg(database);
    client
}

fn has_come_up(folder: &Path, process: &mut Process) -> bool {
    let mut is_up = false;
    wait_until("mariadbd is up", || {
        is_up = client(folder, "", "SELECT 1").output().is_ok_and(|it| it.status.success());
        is_up || !process.is_running()
    });
    is_up
}

/// Makes the files of a server in `folder`; gives the options that name them.
fn prepare(folder: &Path, tls: Option<(&Identity, &Path)>) -> Vec<String> {
    let option = |name: &str, file: &str| format!("--{name}={}", folder.join(file).display());
    let mut options = vec![
        option("datadir", "data"),
        option("tmpdir", "tmp"),
        option("socket", "socket"),
        option("pid-file", "pid"),
        option("log-error", "log"),
    ];
    if let Some((identity, authority)) = tls {
        for (from, to, name) in [
            (identity.certificate_file.as_path(), "server.pem", "ssl-cert"),
            (identity.key_file.as_path(), "server.key", "ssl-key"),
            (authority, "ca.pem", "ssl-ca"),
        ] {
            fs::copy(from, folder.join(to)).expect("it can be copied");
            options.push(option(name, to));
        }
    }
    fs::create_dir(folder.join("tmp")).expect("a folder can be made");
    if is_root() {
        succeed(Command::new("chown").args(["-R", USER]).arg(folder));
    }
    let mut arguments = as_user(USER, "mariadb-install-db");
    let install = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"];
    arguments.extend(install.map(str::to_owned));
    // In a folder that installations share they take each other's temporary tables.
    arguments.extend([option("datadir", "data"), option("tmpdir", "tmp")]);
    let (program, rest) = arguments.split_first().expect("there is a program");
    succeed(Command::new(program).args(rest).current_dir("/"));
    options
}

fn launch(folder: &Path, port: u16, settings: &[String]) -> Process {
    fs::remove_file(folder.join("socket")).ok();
    let mut arguments = as_user(USER, "mariadbd");
    arguments.extend(["--no-defaults".to_owned(), format!("--port={port}")]);
    arguments.extend(settings.iter().cloned());
    let (program, rest) = arguments.split_first().expect("there is a program");
    Process::start(program, rest)
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// Whether tests that need MariaDB are to run. If it is not there, and that is not meant to be, the test fails.
fn is_wanted() -> bool {
    if std::env::var_os(SKIP).is_some() {
        return false;
    }
    let is_there = |program: &&str| Command::new(program).arg("--version").output().is_ok();
    assert!(
        ["mariadbd", "mariadb-install-db", "mariadb"].iter().all(is_there),
        "MariaDB is not installed: run `scripts/setup`, or set `{SKIP}=1` to leave out the tests that need it"
    );
    true
}
