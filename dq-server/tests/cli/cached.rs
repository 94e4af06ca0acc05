//! Verdicts that are kept in Redis: a real one, which the tests start.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dq_core::clock::{Clock, SystemClock};
use rusqlite::Connection;
use serde_json::Value;

use crate::program::Program;

const PATIENCE: Duration = Duration::from_secs(30);

/// A Redis with nothing on its disk.
struct Redis {
    server: Child,
    port: u16,
}

impl Redis {
    /// Starts one; none if tests that need Redis are to be left out.
    fn start() -> Option<Self> {
        if std::env::var_os("DQ_SKIP_REDIS_TESTS").is_some() {
            return None;
        }
        let port = free_port();
        let server = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed; `scripts/setup` does that");
        let redis = Self { server, port };
        until("redis listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(redis)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = SystemClock.now();
    while !holds() {
        assert!(SystemClock.now() - begun < PATIENCE, "never: {what}");
        std::thread::yield_now();
    }
}

/// A program with a database, and a configuration with a Redis on this port.
fn program(port: u16) -> Program {
    let program = Program::new();
    let redis = format!("{{ enabled: true, host: 127.0.0.1, port: {port} }}");
    program.write("dq.yaml", format!("cache: {{ redis: {redis} }}\n"));
    program.write("table.yaml", crate::program::RULES.replace("table: data", "table: people"));
    let database = Connection::open(program.path("people.db")).unwrap();
    database
        .execute_batch(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, zip TEXT);
             INSERT INTO people VALUES (1, 'Ada', '12345'), (2, NULL, '123x5');",
        )
        .unwrap();
    program
}

/// Runs and reads the report.
fn report(program: &Program, arguments: &[&str]) -> Value {
    let common = ["validate", "--config", "dq.yaml", "--format", "json"];
    let ended = program.run(&[&common[..], arguments].concat());
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

const DATABASE: [&str; 3] = ["sqlite:people.db", "--rules", "table.yaml"];
const FILE: [&str; 5] = ["people.csv", "--rules", "rules.yaml", "--max-age", "1h"];

#[test]
fn an_unchanged_database_is_judged_once_and_a_changed_one_anew() {
    let Some(redis) = Redis::start() else { return };
    let program = program(redis.port);
    assert_eq!(report(&program, &DATABASE)["cached"], Value::Null);
    // The last change must be two seconds old before other processes can tell the version.
    until("the verdict is an earlier one", || report(&program, &DATABASE)["cached"] == true);
    let earlier = report(&program, &DATABASE);
    assert_eq!(earlier["rules"][0]["checks"][0]["violations"], 1);
    assert!(earlier["original"]["age_seconds"].as_f64().unwrap() >= 0.0);
    let text = program.run(&[&["validate", "--config", "dq.yaml"], &DATABASE[..]].concat());
    assert!(text.stdout.contains("from the cache: checked "), "{}", text.stdout);
    let anew = [&DATABASE[..], &["--no-cache"]].concat();
    assert_eq!(report(&program, &anew)["cached"], Value::Null);

    let database = Connection::open(program.path("people.db")).unwrap();
    database.execute_batch("UPDATE people SET zip = 'none'").unwrap();
    drop(database);
    let changed = report(&program, &DATABASE);
    assert_eq!(changed["cached"], Value::Null);
    assert_eq!(changed["rules"][0]["checks"][1]["violations"], 2);
}

#[test]
fn a_file_is_judged_anew_unless_an_age_will_do() {
    let Some(redis) = Redis::start() else { return };
    let program = program(redis.port);
    for _ in 0..2 {
        assert_eq!(report(&program, &FILE[..3])["cached"], Value::Null);
    }
    assert_eq!(report(&program, &FILE)["cached"], Value::Null);
    assert_eq!(report(&program, &FILE)["cached"], true);
    let read_otherwise = [&FILE[..], &["--empty", "blank"]].concat();
    assert_eq!(report(&program, &read_otherwise)["cached"], Value::Null);
}

#[test]
fn a_redis_that_is_not_there_costs_nobody_the_verdict() {
    let program = program(free_port());
    let begun = SystemClock.now();
    assert_eq!(report(&program, &FILE)["rules"][0]["checks"][0]["violations"], 1);
    assert!(SystemClock.now() - begun < Duration::from_secs(10));
}

#[test]
fn an_age_without_a_cache_is_a_mistake() {
    let program = Program::new();
    let ended = program.validate(&["--max-age", "1h"]);
    let says = "dq: `--max-age` needs a configuration with Redis, where verdicts are kept\n";
    ended.saying(2, says);
    program.write("dq.yaml", "cache: { redis: { enabled: false } }\n");
    program.validate(&["--max-age", "1h", "--config", "dq.yaml"]).saying(2, says);
}
