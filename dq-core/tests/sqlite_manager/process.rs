//! Another process: this test program, started once more.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rusqlite::Connection;

const PATH: &str = "DQ_TEST_DATABASE";

/// A process with a connection to a database of its own.
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(path: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["process::serve", "--exact", "--ignored", "--nocapture", "--quiet"])
            .env(PATH, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    /// Runs SQL over there, and returns when it is done.
    pub(crate) fn run(&mut self, sql: &str) {
        writeln!(self.input, "{}", sql.replace('\n', " ")).unwrap();
        let mut line = String::new();
        while !line.ends_with("done\n") {
            line.clear();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the other process ended");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
#[ignore = "the other process's part; other tests start it"]
fn serve() {
    let Ok(path) = std::env::var(PATH) else { return };
    let connection = Connection::open(path).unwrap();
    for sql in std::io::stdin().lines() {
        connection.execute_batch(&sql.unwrap()).unwrap();
        println!("done");
    }
}
