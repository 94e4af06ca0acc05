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
    // The last change must be two seconds old before other processes can tell the version. And a cache that is
    // too late on a busy machine is no cache: then the database is judged after all.
    let mut earlier = Value::Null;
    until("the verdict is an earlier one", || {
        earlier = report(&program, &DATABASE);
        earlier["cached"] == true
    });
    assert_eq!(earlier["rules"][0]["checks"][0]["violations"], 1);
    assert!(earlier["original"]["age_seconds"].as_f64().unwrap() >= 0.0);
    until("the text says that it is", || {
        let text = program.run(&[&["validate", "--config", "dq.yaml"], &DATABASE[..]].concat());
        text.stdout.contains("from the cache: checked ")
    });
    let counted = || report(&program, &[&DATABASE[..], &["--stats"]].concat());
    until("an earlier verdict takes no work", || {
        let statistics = counted()["statistics"].take();
        (&statistics["snapshots"], &statistics["rows"]) == (&0.into(), &0.into())
            && statistics["cache"] == serde_json::json!({"hits": 1, "misses": 0})
    });
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
    until("the verdict is an earlier one", || report(&program, &FILE)["cached"] == true);
    let read_otherwise = [&FILE[..], &["--empty", "blank"]].concat();
    assert_eq!(report(&program, &read_otherwise)["cached"], Value::Null);
}

#[test]
fn a_baseline_is_compared_by_keys_whether_or_not_a_verdict_is_kept() {
    let Some(redis) = Redis::start() else { return };
    let program = program(redis.port);
    let old = program.run(&[&["validate", "--format", "json"], &DATABASE[..]].concat());
    program.write("old.json", old.stdout);
    let database = Connection::open(program.path("people.db")).unwrap();
    // As many violations as before, by others.
    database
        .execute_batch("UPDATE people SET zip = iif(id = 1, 'none', '12345'), name = 'Eve'")
        .unwrap();
    drop(database);
    until("the verdict is an earlier one", || report(&program, &DATABASE)["cached"] == true);
    let compared = report(&program, &[&DATABASE[..], &["--baseline", "old.json"]].concat());
    assert_eq!(compared["rules"][0]["checks"][1]["baseline"]["compared"], "keys");
    assert_eq!(compared["baseline"]["new"], 1);
}

#[test]
fn a_verdict_that_was_kept_without_rows_says_so_as_a_baseline() {
    let Some(redis) = Redis::start() else { return };
    let program = program(redis.port);
    until("the verdict is an earlier one", || {
        let kept = report(&program, &DATABASE);
        program.write("kept.json", kept.to_string());
        kept["cached"] == true
    });
    let compared = |baseline| {
        let ended = program.run(
            &[
                &["validate", "--config", "dq.yaml", "--format", "json"],
                &DATABASE[..],
                &["--baseline", baseline],
            ]
            .concat(),
        );
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        let check = &report["rules"][0]["checks"][1]["baseline"];
        assert_eq!((&check["new"], &check["unchanged"]), (&Value::from(0), &Value::from(1)));
        (check["compared"].clone(), report["notes"].to_string().contains("kept without rows"))
    };
    assert_eq!(compared("kept.json"), (Value::from("counts"), true));
    let fresh = program.run(&[&["validate", "--format", "json"], &DATABASE[..]].concat());
    program.write("fresh.json", fresh.stdout);
    assert_eq!(compared("fresh.json"), (Value::from("keys"), false));
}

#[test]
fn several_databases_are_judged_once_as_long_as_none_has_changed() {
    let Some(redis) = Redis::start() else { return };
    let program = program(redis.port);
    std::fs::copy(program.path("people.db"), program.path("others.db")).unwrap();
    program.write("two.yaml", crate::program::RULES.replace("table: data", "table: old"));
    let sources = ["old=sqlite:people.db", "new=sqlite:others.db", "--rules", "two.yaml"];
    assert_eq!(report(&program, &sources)["cached"], Value::Null);
    until("the verdict is an earlier one", || report(&program, &sources)["cached"] == true);
    let database = Connection::open(program.path("others.db")).unwrap();
    database.execute_batch("DELETE FROM people").unwrap();
    drop(database);
    assert_eq!(report(&program, &sources)["cached"], Value::Null);
}

#[test]
fn a_redis_that_is_not_there_costs_nobody_the_verdict() {
    let program = program(free_port());
    let begun = SystemClock.now();
    assert_eq!(report(&program, &FILE)["rules"][0]["checks"][0]["violations"], 1);
    assert!(SystemClock.now() - begun < PATIENCE);
    let ended = program.run(&[&["validate", "--config", "dq.yaml"], &FILE[..]].concat());
    let says =
        "dq: Redis did not answer: the run used no earlier verdict, or its own is not kept\n";
    assert_eq!(ended.stderr, says);
    let quiet = program.run(&[&["validate", "--config", "dq.yaml", "-q"], &FILE[..]].concat());
    assert_eq!(quiet.stderr, "");
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
