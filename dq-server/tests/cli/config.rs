//! `dq config check` and `dq config show`.

use std::process::Command;

use serde_json::Value;

use crate::program::{Ended, Program};

const GOOD: &str = r#"database:
  primary: { database: providers.db, password: "${DB_PASSWORD}" }
performance:
  query_execution: { max_workers: 16 }
message_queue:
  redis: { url: "redis://:${DB_PASSWORD}@queue:6379/1" }
"#;

/// The program with these environment variables and no others that it would read.
fn run(program: &Program, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command: Command = program.command(arguments);
    command.env_clear().envs(variables.iter().copied());
    command.output().unwrap().into()
}

fn good() -> Program {
    let program = Program::new();
    program.write("dq.yaml", GOOD);
    program
}

#[test]
fn a_good_file_is_counted_and_what_is_not_yet_used_is_named() {
    let variables = [("DB_PASSWORD", "canary")];
    let ended = run(&good(), &["config", "check", "dq.yaml"], &variables).saying(0, "");
    assert_eq!(
        ended.stdout,
        "4 settings: ok\n\
         not yet used: 1 setting under `message_queue` for the message queue: message_queue.redis.url\n"
    );
}

#[test]
fn without_a_file_the_environment_is_checked() {
    let program = Program::new();
    run(&program, &["config", "check"], &[]).saying(0, "");
    let bad = [("MAX_WORKERS", "many"), ("QUERY_TIMEOUT", "0"), ("DQ_CACHE_TLL", "1")];
    let ended = run(&program, &["config", "check"], &bad).with(2);
    assert_eq!(ended.stdout, "");
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{ended:?}");
    assert!(
        lines[0].starts_with("environment variable MAX_WORKERS: expected a whole number"),
        "{ended:?}"
    );
    assert!(
        lines[1].starts_with("environment variable QUERY_TIMEOUT: expected a time"),
        "{ended:?}"
    );
    let stray = [("DQ_CACHE_TLL", "1")];
    run(&program, &["config", "check"], &stray).saying(
        0,
        "dq: no setting has the environment variable `DQ_CACHE_TLL`; did you mean `DQ_CACHE_TTL`?\n",
    );
}

#[test]
fn the_environment_names_the_file_and_the_argument_wins() {
    let program = good();
    program.write("other.yaml", "api: { port: 0 }\n");
    let variables = [("DQ_CONFIG", "other.yaml"), ("DB_PASSWORD", "canary")];
    let ended = run(&program, &["config", "check"], &variables).with(2);
    assert!(ended.stderr.starts_with("other.yaml:1:14: `api.port`: "), "{ended:?}");
    run(&program, &["config", "check", "dq.yaml"], &variables).saying(0, "");
}

#[test]
fn every_problem_is_told_with_its_place() {
    let program = Program::new();
    program.write(
        "dq.yaml",
        "api:\n  prot: 1\n  workers: x\ncache: { redis: { port: 1, port: 2 } }\n",
    );
    for command in ["check", "show"] {
        let ended = run(&program, &["config", command, "dq.yaml"], &[("REDIS_PORT", "0")]).with(2);
        assert_eq!(ended.stdout, "");
        let places: Vec<_> =
            ended.stderr.lines().map(|it| it.split(": ").next().unwrap()).collect();
        let expected =
            ["dq.yaml:2:3", "dq.yaml:3:12", "dq.yaml:4:28", "environment variable REDIS_PORT"];
        assert_eq!(places, expected);
    }
}

#[test]
fn a_file_that_cannot_be_used_exits_with_2() {
    let program = Program::new();
    program.write("bytes.yaml", b"api: \xff\n");
    run(&program, &["config", "check", "bytes.yaml"], &[])
        .saying(2, "bytes.yaml:1:6: this is not UTF-8\n");
    let ended = run(&program, &["config", "check", "none.yaml"], &[]).with(2);
    assert!(
        ended.stderr.starts_with("dq: cannot read the configuration in `none.yaml`: "),
        "{ended:?}"
    );
    let ended = run(&program, &["config", "check", "."], &[]).with(2);
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    run(&program, &["config"], &[]).with(2);
}

#[test]
fn each_value_is_shown_with_its_origin_and_no_secret() {
    let program = good();
    program.write("password", "canary\n");
    let variables =
        [("DB_PASSWORD_FILE", "password"), ("DB_PASSWORD", ""), ("DQ_QUERY_TIMEOUT", "90")];
    let shown = run(&program, &["config", "show", "dq.yaml"], &variables).saying(0, "").stdout;
    for line in [
        "    database: providers.db  # dq.yaml:2:24",
        "    password: \"[redacted]\"  # dq.yaml:2:48",
        "    connection_pool_size: 10  # default",
        "    max_workers: 16  # dq.yaml:4:35",
        "    timeout: 90s  # DQ_QUERY_TIMEOUT",
        "    url: \"redis://:[redacted]@queue:6379/1\"  # dq.yaml:6:17; not yet used",
    ] {
        assert!(shown.lines().any(|it| it == line), "{line}\n{shown}");
    }
    assert!(!shown.contains("canary"), "{shown}");
    // What is shown is a configuration itself.
    program.write("shown.yaml", &shown);
    run(&program, &["config", "check", "shown.yaml"], &[]).saying(0, "");
}

#[test]
fn programs_get_json() {
    let variables = [("DB_PASSWORD", "canary"), ("MAX_WORKERS", "8"), ("DQ_MAX_WORKERS", "9")];
    let arguments = ["config", "show", "dq.yaml", "--format", "json"];
    let ended = run(&good(), &arguments, &variables).saying(0, "");
    assert!(!ended.stdout.contains("canary"), "{ended:?}");
    let shown: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(shown["format"], 1);
    let of = |path: &str| shown["settings"][path].clone();
    assert_eq!(
        of("performance.query_execution.max_workers"),
        serde_json::json!({ "value": 9, "text": "9", "used": true,
            "origin": { "kind": "variable", "variable": "DQ_MAX_WORKERS" } })
    );
    assert_eq!(
        of("database.primary.password"),
        serde_json::json!({ "value": "[redacted]", "text": "[redacted]", "used": true,
            "origin": { "kind": "file", "file": "dq.yaml", "line": 2, "column": 48 } })
    );
    assert_eq!(of("performance.query_execution.timeout")["value"], 300_000);
    assert_eq!(of("performance.query_execution.timeout")["origin"]["kind"], "default");
}

#[test]
fn a_secret_in_the_environment_reaches_no_output() {
    let program = Program::new();
    program.write("dq.yaml", "api: { port: x, host: '${OTHER_SECRET}' }\n");
    let variables = [
        ("VEEVA_DB_PASSWORD", "canary-1"),
        ("REDIS_PASSWORD", "canary-2"),
        ("JWT_SECRET", "canary-3"),
        ("OTHER_SECRET", "canary 4"),
        ("VEEVA_DB_READ_REPLICAS", "postgres://u:canary-5@h/d,canary-6"),
        ("VEEVA_DB_SHARDING_CONFIG", "{\"shards\": [{\"connection\": \"u:canary-7@h\"}]"),
    ];
    for arguments in
        [&["config", "check", "dq.yaml"][..], &["config", "show"], &["config", "show", "dq.yaml"]]
    {
        let ended = run(&program, arguments, &variables).with(2);
        assert!(!format!("{ended:?}").contains("canary"), "{ended:?}");
    }
}

#[test]
fn every_command_tells_the_problems_of_a_configuration_alike() {
    let program = Program::new();
    program.write("dq.yaml", "api: { port: x }\n");
    let check = run(&program, &["config", "check", "dq.yaml"], &[]).with(2);
    let arguments = ["validate", "people.csv", "-r", "rules.yaml", "--config", "dq.yaml"];
    let validate = run(&program, &arguments, &[]).with(2);
    assert_eq!(validate.stderr, check.stderr);
    assert!(check.stderr.starts_with("dq.yaml:1:14: "), "{check:?}");
}
