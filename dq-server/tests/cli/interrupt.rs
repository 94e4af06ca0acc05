//! Ctrl-C, and other signals.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use dq_core::clock::{Clock, SystemClock};

use crate::program::{Ended, Program};

/// Far above what a stop takes, and far below for ever, which is how long the pipe stays open.
const SOON: Duration = Duration::from_secs(5);

/// The program, in the midst of reading a pipe that nobody closes.
fn reading(program: &Program, arguments: &[&str]) -> (Child, ChildStdin) {
    let all = [&["validate", "-", "--rules", "rules.yaml"], arguments].concat();
    let mut child = program.command(&all).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    // More than a pipe holds: when it is written, most of it has been read.
    let rows = "1,Ada,wrong\n".repeat(100_000);
    pipe.write_all(b"id,name,zip\n").unwrap();
    pipe.write_all(rows.as_bytes()).unwrap();
    (child, pipe)
}

pub(crate) fn interrupt(child: &Child) {
    send("-INT", child);
}

fn send(signal: &str, child: &Child) {
    let kill = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
}

#[test]
fn an_interrupted_run_exits_with_130_and_leaves_no_report() {
    let program = Program::new();
    program.write("old.json", "old");
    let (child, _pipe) = reading(&program, &["--report", "new.json", "--report", "old.json"]);
    let pressed = SystemClock.now();
    interrupt(&child);
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert!(pressed.elapsed() < SOON);
    assert_eq!(ended.saying(130, "dq: the run was cancelled\n").stdout, "");
    assert_eq!(program.read("old.json"), "old");
    assert_eq!(program.names(), ["old.json", "people.csv", "rules.yaml"]);
}

/// What a run has begun to write when it gets a signal, and how it ends.
fn stopped_by(signal: &str) -> (Program, Ended) {
    let program = Program::new();
    program.write("old.csv", "old");
    let files = ["--violations", "old.csv", "--report", "new.json", "--report", "new.xlsx"];
    let (child, _pipe) = reading(&program, &files);
    let sent = SystemClock.now();
    send(signal, &child);
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert!(sent.elapsed() < SOON);
    (program, ended)
}

#[test]
fn a_signal_leaves_no_part_of_a_file_even_if_rows_were_written() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let (program, ended) = stopped_by(signal);
        assert_eq!(ended.saying(code, "dq: the run was cancelled\n").stdout, "");
        assert_eq!(program.read("old.csv"), "old");
        assert_eq!(program.names(), ["old.csv", "people.csv", "rules.yaml"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn even_a_program_that_is_killed_leaves_no_part_of_a_file() {
    let (program, ended) = stopped_by("-KILL");
    assert_eq!(ended.code, None);
    assert_eq!(program.read("old.csv"), "old");
    assert_eq!(program.names(), ["old.csv", "people.csv", "rules.yaml"]);
}

/// Starts a run that may take 200 ms, on a pipe that nobody closes and that delivers so much.
fn out_of_time(program: &Program, delivers: &[u8]) -> Ended {
    let arguments = ["validate", "-", "--rules", "rules.yaml", "--timeout", "200ms"];
    let all = [&arguments[..], &["--report", "new.json"]].concat();
    let begun = SystemClock.now();
    let mut child = program.command(&all).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    // The program may have ended before it has read everything.
    let _ = pipe.write_all(delivers);
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert!(begun.elapsed() < SOON);
    ended
}

#[test]
fn a_run_that_takes_too_long_ends_with_3_and_says_why() {
    let program = Program::new();
    for rows in [0, 100_000] {
        let delivered = format!("id,name,zip\n{}", "1,Ada,wrong\n".repeat(rows));
        let ended = out_of_time(&program, delivered.as_bytes());
        assert_eq!((ended.code, &*ended.stdout), (Some(3), ""));
        let says = "dq: cannot scan `-`: the 200 ms allowed are over, and it ";
        assert!(ended.stderr.starts_with(says), "{}", ended.stderr);
    }
    assert_eq!(program.names(), ["people.csv", "rules.yaml"]);
}

#[test]
fn a_program_that_waits_for_a_pipe_to_open_can_be_interrupted() {
    let program = Program::new();
    let made = Command::new("mkfifo").arg(program.path("rules.fifo")).status().unwrap();
    assert!(made.success());
    let child =
        program.command(&["validate", "people.csv", "--rules", "rules.fifo"]).spawn().unwrap();
    // Opens as soon as the program reads; the program then waits for rules that never come.
    let _pipe = std::fs::File::options().write(true).open(program.path("rules.fifo")).unwrap();
    interrupt(&child);
    Ended::from(child.wait_with_output().unwrap()).saying(130, "dq: the run was cancelled\n");
}
