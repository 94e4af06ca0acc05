//! A Redis server.

use std::path::PathBuf;
use std::process::Command;

use super::*;
use crate::servers::process::Process;
use crate::servers::resp::{Answer, ask};

/// Set to leave out the tests that need Redis.
const SKIP: &str = "DQ_SKIP_REDIS_TESTS";
/// How often a server is started, on another port each time.
const STARTS_MAX: usize = 5;

/// A Redis server, with nothing on its disk.
#[derive(Debug)]
pub(crate) struct RedisServer {
    pub(crate) port: u16,
    folder: tempfile::TempDir,
    options: Vec<String>,
    login: Option<(String, String)>,
    process: Process,
}

impl RedisServer {
    /// Starts a plain one; none if tests that need Redis are to be left out.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[], None)
    }

    /// Starts one with more `options`, as `--option value`. It is administered as the user and with
    /// the password of `login`.
    pub(crate) fn start_with(options: &[String], login: Option<(&str, &str)>) -> Option<Self> {
        if !is_installed() {
            return None;
        }
        let login = login.map(|(user, password)| (user.to_owned(), password.to_owned()));
        for _ in 0..STARTS_MAX {
            let folder = tempfile::tempdir().expect("a folder can be made");
            let port = port::free();
            let process = launch(&folder, port, options);
            let options = options.to_vec();
            let mut server = Self { port, folder, options, login: login.clone(), process };
            if server.has_come_up() {
                return Some(server);
            }
        }
        panic!("redis-server does not start with {options:?}");
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where it listens, as a URL.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// What it answers to `command`, run by its administrator.
    pub(crate) fn ask(&self, command: &[&str]) -> Answer {
        self.try_ask(command).unwrap_or_else(|it| panic!("redis does not answer {command:?}: {it}"))
    }

    /// Forgets all keys.
    pub(crate) fn flush_all(&self) {
        assert_eq!(self.ask(&["FLUSHALL"]), Answer::Text("OK".to_owned()));
    }

    /// Breaks all connections but the one that asks for it.
    pub(crate) fn kill_clients(&self) {
        self.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    }

    /// How many connections there are, but the one that asks.
    pub(crate) fn clients(&self) -> usize {
        self.ask(&["CLIENT", "LIST"]).text().lines().count() - 1
    }

    /// The value of `field` in what `INFO` says.
    pub(crate) fn info(&self, field: &str) -> Option<String> {
        self.try_info(field).unwrap_or_else(|it| panic!("redis does not tell `{field}`: {it}"))
    }

    /// As [`info`](Self::info), of a server that may not answer.
    pub(crate) fn try_info(&self, field: &str) -> std::io::Result<Option<String>> {
        let info = self.try_ask(&["INFO", "everything"])?;
        let of = |line: &str| line.strip_prefix(field)?.strip_prefix(':').map(str::to_owned);
        Ok(info.text().lines().find_map(of))
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same port, after it was killed. It has no keys then.
    pub(crate) fn restart(&mut self) {
        self.process.kill();
        std::fs::remove_file(self.socket()).ok();
        for _ in 0..STARTS_MAX {
            self.process = launch(&self.folder, self.port, &self.options);
            if self.has_come_up() {
                return;
            }
        }
        panic!("redis-server does not start again");
    }

    /// Stops it as `SIGSTOP` does.
    pub(crate) fn pause(&self) {
        self.process.pause();
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.process.resume();
    }

    /// As [`ask`](Self::ask), of a server that may not answer.
    pub(crate) fn try_ask(&self, command: &[&str]) -> std::io::Result<Answer> {
        match &self.login {
            Some((user, password)) => ask(&self.socket(), &[&["AUTH", user, password], command]),
            None => ask(&self.socket(), &[command]),
        }
    }

    fn has_come_up(&mut self) -> bool {
        let mut is_up = false;
        wait_until("redis-server is up", || {
            is_up = self.try_ask(&["PING"]).is_ok_and(|it| it == Answer::Text("PONG".to_owned()));
            is_up || !self.process.is_running()
        });
        is_up
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }
}

/// Starts the process. An option given twice counts the last time.
fn launch(folder: &tempfile::TempDir, port: u16, options: &[String]) -> Process {
    let folder = folder.path().display().to_string();
    let port = port.to_string();
    let common = [
        ["--bind", "127.0.0.1"],
        ["--port", &port],
        ["--dir", &folder],
        ["--unixsocket", &format!("{folder}/redis.sock")],
        ["--save", ""],
        ["--appendonly", "no"],
        ["--logfile", &format!("{folder}/log")],
        ["--enable-debug-command", "yes"],
        ["--repl-diskless-sync-delay", "0"],
    ];
    let arguments: Vec<_> = common.as_flattened().iter().map(|it| (*it).to_owned()).collect();
    let options = options.iter().map(|it| it.replace("{port}", &port).replace("{dir}", &folder));
    Process::start("redis-server", &arguments.into_iter().chain(options).collect::<Vec<_>>())
}

/// Whether `redis-server` is there. If it is not, and is not meant to be, the test fails.
pub(crate) fn is_installed() -> bool {
    if std::env::var_os(SKIP).is_some() {
        return false;
    }
    let is_there = Command::new("redis-server").arg("--version").output().is_ok();
    assert!(
        is_there,
        "`redis-server` is not installed: run `scripts/setup`, or set `{SKIP}=1` to leave out the tests that need it"
    );
    true
}
