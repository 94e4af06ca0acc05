//! A database that is cut short while the program has it mapped into memory.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rusqlite::Connection;

use crate::program::{Ended, Program};

const RULES: &str = "
version: 1
rules:
  - id: notes
    table: notes
    checks:
      - { id: text, column: text, matches: '^[a-f0-9]+$', severity: high }
";

const ROWS: &str = "
CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO notes SELECT i, hex(zeroblob(500)) FROM n;";

/// A folder with a database of 20 MB, twice.
fn notes() -> Program {
    let program = Program::new();
    program.write("notes.yaml", RULES);
    Connection::open(program.path("whole.db")).unwrap().execute_batch(ROWS).unwrap();
    fs::copy(program.path("whole.db"), program.path("notes.db")).unwrap();
    program
}

/// Waits until the program has mapped its database; whether it did so before it ended.
fn maps(child: &mut Child) -> bool {
    let maps = format!("/proc/{}/maps", child.id());
    while child.try_wait().unwrap().is_none() {
        if fs::read_to_string(&maps).is_ok_and(|it| it.contains("/notes.db")) {
            return true;
        }
    }
    false
}

fn cut(path: &Path) {
    File::options().write(true).open(path).unwrap().set_len(8192).unwrap();
}

/// How a run ends whose database is cut short in its midst.
fn cut_short(program: &Program) -> Ended {
    fs::copy(program.path("whole.db"), program.path("notes.db")).unwrap();
    let arguments =
        ["validate", "sqlite:notes.db", "--rules", "notes.yaml", "--report", "new.json"];
    let mut child = program.command(&arguments).spawn().unwrap();
    maps(&mut child);
    cut(&program.path("notes.db"));
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_database_that_is_cut_short_under_the_program_is_an_error() {
    let program = notes();
    let message = "dq: cannot read `notes.db`: it was cut short, or its disk failed, while it was read; run again when \
                   it is whole\n";
    // The cut may also fall before the scan, which finds the file corrupt then.
    let is_in_the_midst = || {
        let ended = cut_short(&program);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{}", ended.stderr);
        ended.stderr == message
    };
    assert!((0..50).any(|_| is_in_the_midst()), "no cut fell into the midst of a scan");
    assert_eq!(program.names(), ["notes.db", "notes.yaml", "people.csv", "rules.yaml", "whole.db"]);
}

#[test]
fn nothing_is_mapped_where_a_configuration_or_a_bound_of_memory_says_so() {
    let program = notes();
    program.write("dq.yaml", "database: { sqlite: { mmap_size: 0 } }");
    let arguments = ["validate", "sqlite:notes.db", "--rules", "notes.yaml"];
    let is_mapped = |mut command: Command| {
        let mut child = command.spawn().unwrap();
        let is_mapped = maps(&mut child);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        is_mapped
    };
    assert!(is_mapped(program.command(&arguments)));
    let configured = [&arguments[..], &["--config", "dq.yaml"]].concat();
    assert!(!is_mapped(program.command(&configured)));
    let mut bounded = Command::new("sh");
    bounded.args(["-c", "ulimit -v 16000000 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_dq")]);
    bounded.args(arguments).current_dir(program.path(".")).stdout(Stdio::null());
    assert!(!is_mapped(bounded));
}
