//! `dq database check`, with SQLite files and a PostgreSQL server that the tests start.

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::Value;

use crate::program::{Ended, Program, RULES};
use crate::servers::postgres::{PASSWORD, PostgresServer};
use crate::servers::replicas::Replicated;
use crate::servers::shards::{Servers, Shards};
use crate::servers::wait_until;

fn town() -> Program {
    let program = Program::new();
    let database = Connection::open(program.path("town.db")).unwrap();
    let tables = "CREATE TABLE person (id INTEGER PRIMARY KEY); CREATE TABLE \"a house\" (x)";
    database.execute_batch(tables).unwrap();
    program
}

/// The program with these environment variables and no others that it would read.
fn run(program: &Program, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = program.command(arguments);
    command.env_clear().envs(variables.iter().copied());
    command.output().unwrap().into()
}

/// The program when it has found all well: a busy machine may let a server answer too late.
fn well(run: impl Fn() -> Ended) -> Ended {
    let mut attempts = (0..20).map(|_| run());
    attempts.find(|it| it.code == Some(0)).unwrap_or_else(run).saying(0, "")
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn a_sqlite_file_is_healthy_and_stays_as_it_is() {
    let program = town();
    let before = program.names();
    let ended = program.run(&["database", "check", "sqlite:town.db"]).saying(0, "");
    for part in ["sqlite:town.db  healthy\nsqlite 3.", ", answers in ", "a house", "yes     yes"] {
        assert!(ended.stdout.contains(part), "{part}: {ended:?}");
    }
    let check = json(&program.run(&["database", "check", "town.db", "--format", "json"]));
    assert_eq!((&check["status"], &check["backend"]), (&"healthy".into(), &"sqlite".into()));
    assert_eq!(check["tables"][0]["table"], "person");
    assert_eq!(check["nodes"].as_array().unwrap().len(), 0);
    assert_eq!(program.names(), before);
}

#[test]
fn the_environment_names_the_file_too() {
    let program = town();
    let variables = [("VEEVA_DB_PATH", "town.db"), ("VEEVA_DB_TYPE", "sqlite")];
    run(&program, &["database", "check"], &variables).saying(0, "");
    let ended = run(&program, &["database", "check"], &[]).with(2);
    assert!(
        ended.stderr.contains("`database.primary.database` (`DQ_DB_NAME`) names none"),
        "{ended:?}"
    );
}

#[test]
fn what_is_no_database_is_a_usage_error_and_what_is_missing_is_not() {
    let program = town();
    for (url, code, reason) in [
        ("people.csv", 2, "it is no database"),
        ("oracle://u:canary@h/d", 2, "scheme `oracle:`"),
        ("sqlite:none.db", 3, "none.db"),
    ] {
        let ended = program.run(&["database", "check", url]).with(code);
        let said = ended.stderr + &ended.stdout;
        assert!(said.contains(reason) && !said.contains("canary"), "{said}");
    }
}

#[test]
fn a_server_tells_its_version_and_what_the_user_may_do() {
    let Some(server) = PostgresServer::start() else { return };
    server.run(
        "postgres",
        "CREATE TABLE open (id int); CREATE TABLE shut (id int); INSERT INTO open VALUES (1), (2); \
         ANALYZE open; CREATE ROLE reader LOGIN PASSWORD 'canary'; GRANT SELECT ON open TO reader",
    );
    let program = Program::new();
    let ended = program.run(&["database", "check", &server.url("postgres")]).saying(0, "");
    assert!(ended.stdout.contains("healthy\npostgres 1"), "{ended:?}");
    let url = format!("postgres://reader:canary@127.0.0.1:{}/postgres", server.port);
    let ended = program.run(&["database", "check", &url, "--format", "json"]).saying(1, "");
    assert!(!ended.stdout.contains("canary"), "{ended:?}");
    let check = json(&ended);
    assert_eq!(check["status"], "degraded");
    let table = |at: usize| {
        let it = &check["tables"][at];
        (it["table"].as_str(), it["select"].as_bool(), it["insert"].as_bool())
    };
    assert_eq!(table(0), (Some("open"), Some(true), Some(false)));
    assert_eq!(table(1), (Some("shut"), Some(false), Some(false)));
    assert_eq!(check["tables"][0]["rows_estimate"], 2);
    assert!(check["latency_seconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn the_environment_names_a_server_and_no_password_is_ever_shown() {
    let Some(server) = PostgresServer::start() else { return };
    let program = Program::new();
    let port = server.port.to_string();
    let place = [
        ("VEEVA_DB_TYPE", "postgresql"),
        ("VEEVA_DB_HOST", "127.0.0.1"),
        ("VEEVA_DB_PORT", &port),
        ("VEEVA_DB_NAME", "postgres"),
        ("VEEVA_DB_USER", "postgres"),
    ];
    let with = |password| [&place[..], &[("VEEVA_DB_PASSWORD", password)]].concat();
    let ended = run(&program, &["database", "check"], &with(PASSWORD)).saying(0, "");
    assert!(ended.stdout.contains(&format!("postgres://127.0.0.1:{port}/postgres  healthy")));
    for format in ["text", "json"] {
        let check = ["database", "check", "--format", format];
        let ended = run(&program, &check, &with("canary")).saying(3, "");
        assert!(ended.stdout.contains("password authentication failed"), "{ended:?}");
        assert!(!ended.stdout.contains("canary"), "{ended:?}");
    }
}

#[test]
fn servers_are_shown_with_how_far_each_is_behind_and_checked_as_one_source() {
    let Some(servers) = Replicated::start() else { return };
    servers.servers[0]
        .run("CREATE TABLE place (zip text); INSERT INTO place VALUES ('12345'), ('1')");
    wait_until("replicas have the rows", || {
        let rows = "SELECT count(*) FROM place";
        servers.servers[1..].iter().all(|it| it.try_run(rows).as_deref() == Ok("2"))
    });
    let [first, second, third] = servers.servers.each_ref().map(|it| it.port);
    let url =
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{second},127.0.0.1:{first}/postgres");
    let program = Program::new();
    let ended = well(|| program.run(&["database", "check", &url, "--format", "json"]));
    assert!(!ended.stdout.contains(PASSWORD), "{ended:?}");
    let check = json(&ended);
    let roles: Vec<_> = check["nodes"].as_array().unwrap().iter().map(|it| &it["role"]).collect();
    assert_eq!(roles, ["replica", "primary"]);
    assert!(check["nodes"][0]["lag_bytes"].is_u64() && check["nodes"][0]["lag_seconds"].is_f64());
    // One server alone tells who follows it.
    let ended = well(|| program.run(&["database", "check", &servers.servers[0].url()]));
    assert_eq!(ended.stdout.matches("replica  ready").count(), 2, "{ended:?}");
    // The configuration names the others.
    let replicas = format!("postgres://postgres:{PASSWORD}@127.0.0.1:{third}/postgres");
    let variables = [
        ("VEEVA_DB_TYPE", "postgresql"),
        ("VEEVA_DB_HOST", "127.0.0.1"),
        ("VEEVA_DB_PORT", &first.to_string()),
        ("VEEVA_DB_NAME", "postgres"),
        ("VEEVA_DB_USER", "postgres"),
        ("VEEVA_DB_PASSWORD", PASSWORD),
        ("VEEVA_DB_READ_REPLICAS", &replicas),
    ];
    let ended = well(|| run(&program, &["database", "check"], &variables));
    assert!(ended.stdout.contains("primary  ready"), "{ended:?}");
    // A run reads one of the replicas.
    let rules = "version: 1\nrules: [{id: zip, table: place, checks: [{id: form, column: zip, format: us_zip}]}]\n";
    program.write("place.yaml", rules);
    let ended =
        program.run(&["validate", &url, "--rules", "place.yaml", "--format", "json"]).with(1);
    assert_eq!(json(&ended)["rules"][0]["checks"][0]["violations"], 1);
    let copies = "SELECT sum(calls) FROM (SELECT count(*) AS calls FROM pg_stat_activity WHERE application_name = 'dq') t";
    wait_until("everything is closed", || servers.servers[0].run(copies) == "0");
}

#[test]
fn a_check_calls_a_database_the_same_whether_it_answers_or_not() {
    let Some(mut server) = PostgresServer::start() else { return };
    let program = town();
    let name = |arguments: &[&str], variables: &[(&str, &str)], code| {
        let arguments = [&["database", "check", "--format", "json"], arguments].concat();
        json(&run(&program, &arguments, variables).with(code))["database"].clone()
    };
    let (url, port) = (server.url("postgres"), server.port.to_string());
    let variables = [
        ("DQ_DB_TYPE", "postgresql"),
        ("DQ_DB_HOST", "127.0.0.1"),
        ("DQ_DB_PORT", &port),
        ("DQ_DB_NAME", "postgres"),
        ("DQ_DB_USER", "postgres"),
        ("DQ_DB_PASSWORD", PASSWORD),
    ];
    let expected = format!("postgres://127.0.0.1:{port}/postgres");
    assert_eq!(name(&[&url], &[], 0), expected);
    assert_eq!(name(&[], &variables, 0), expected);
    server.kill();
    assert_eq!(name(&[&url], &[], 3), expected);
    assert_eq!(name(&[], &variables, 3), expected);
    let mysql = format!("mysql://u:canary@127.0.0.1:{port}/d");
    assert_eq!(name(&[&mysql], &[], 3), format!("mysql://127.0.0.1:{port}/d"));
    assert_eq!(name(&["sqlite:gone.db"], &[], 3), "sqlite:gone.db");
}

#[test]
fn the_password_of_the_environment_reaches_the_shards() {
    let Some(servers) = Servers::start() else { return };
    let shards = Shards::of(Arc::new(servers));
    shards.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 50)");
    let program = Program::new();
    let bare = |url: String| url.replace(&format!(":{PASSWORD}@"), "@");
    let (url, others) = (bare(shards.url()), shards.shard_urls().into_iter().map(bare));
    let others: Vec<_> = others.flat_map(|it| ["--shard".to_owned(), it]).collect();
    let mut arguments = vec!["database", "distribute", &url, "t"];
    arguments.extend(others.iter().map(String::as_str));
    let variables = [("PGPASSWORD", PASSWORD)];
    let dry = [&arguments[..], &["--dry-run"]].concat();
    let dry = run(&program, &dry, &variables).saying(0, "");
    assert!(dry.stdout.contains("ADD password '[redacted]'"), "{dry:?}");
    let done = run(&program, &arguments, &variables).saying(0, "");
    assert!(done.stdout.ends_with("-- t: 50 rows were moved to 2 shards\n"), "{done:?}");
    assert!(!done.stdout.contains(PASSWORD), "{done:?}");
    well(|| run(&program, &["database", "check", &url], &variables));
}

#[test]
fn a_table_is_spread_and_a_check_shows_the_shards() {
    let Some(servers) = Servers::start_with("") else { return };
    let mut shards = Shards::of(Arc::new(servers));
    shards.run("CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t SELECT g, 'x' FROM generate_series(1, 50) g");
    let program = Program::new();
    let (url, others) = (shards.url(), shards.shard_urls());
    let spread =
        ["database", "distribute", &url, "t", "--shard", &others[0], "--shard", &others[1]];
    let dry = program.run(&[&spread[..], &["--dry-run"]].concat()).saying(0, "");
    assert!(
        dry.stdout.contains("password '[redacted]'") && !dry.stdout.contains(PASSWORD),
        "{dry:?}"
    );
    assert!(dry.stdout.ends_with("-- nothing was changed\n"), "{dry:?}");
    let done = program.run(&spread).saying(0, "");
    assert!(done.stdout.ends_with("-- t: 50 rows were moved to 2 shards\n"), "{done:?}");
    assert!(!done.stdout.contains(PASSWORD), "{done:?}");
    let again = program.run(&spread).saying(0, "");
    assert_eq!(again.stdout, "-- t: is spread over these shards already\n");

    let check = well(|| program.run(&["database", "check", &url, "--format", "json"]));
    let nodes = json(&check)["nodes"].clone();
    let states = |nodes: &Value| {
        let state = |it: &Value| format!("{} {}", it["role"], it["state"]);
        nodes.as_array().unwrap().iter().map(state).collect::<Vec<_>>()
    };
    assert_eq!(states(&nodes), [r#""shard" "ready""#; 2], "{nodes}");
    let rules = "version: 1\nrules:\n  - { id: r, table: t, checks: [{ id: x, column: x, not_null: true }] }\n";
    program.write("rules.yaml", rules);
    let validate = ["validate", &url, "--rules", "rules.yaml"];
    let report = program.run(&validate).saying(0, "");
    assert!(report.stdout.contains("snapshot: per shard"), "{report:?}");
    assert!(report.stdout.contains("the database has answered 1 of 1 checks"), "{report:?}");

    Arc::get_mut(&mut shards.servers).unwrap().shards[0].kill();
    let check = program.run(&["database", "check", &url]).with(1);
    assert!(check.stdout.contains("shard") && check.stdout.contains("unreachable"), "{check:?}");
    let place = format!("127.0.0.1:{}/{}", shards.servers.shards[0].port, shards.database);
    let why = format!("postgres://{place}: could not connect to server \"dq {place}\": ");
    assert!(check.stdout.contains(&why), "{check:?}");
    assert!(!check.stdout.contains("\\t") && !check.stdout.contains("\\n"), "{check:?}");
    program.run(&validate).with(3);
    let streamed = program.run(&[&validate[..], &["--engine", "native"]].concat()).with(3);
    assert!(streamed.stdout.contains("could not connect to server"), "{streamed:?}");
    let gone = program.run(&["database", "distribute", &url, "t", "--shard", &others[0]]).with(3);
    assert!(!gone.stderr.contains(PASSWORD), "{gone:?}");
    program.run(&["database", "distribute", &url, "t", "--shard", "mysql://h/d"]).with(2);
}

#[test]
fn a_run_whose_time_is_over_names_the_shard_that_is_silent() {
    let Some(servers) = Servers::start() else { return };
    let shards = Shards::of(Arc::new(servers));
    shards.link();
    shards.spread("data", "id int, name text, zip text", "id");
    let program = Program::new();
    program.write("rules.yaml", RULES);
    let silent = &shards.servers.shards[1];
    let place = format!("postgres://127.0.0.1:{}/{}", silent.port, shards.database);
    let said = format!("; the shard `{place}` does not answer (silent: no answer within 1000 ms)");
    let url = shards.url();
    let arguments = ["validate", &url, "--rules", "rules.yaml", "--timeout", "2s"];
    silent.pause();
    // On a busy machine the coordinator itself may be too late.
    let mut runs = (0..10).map(|_| program.run(&arguments));
    let ended = runs.find(|it| it.stderr.contains(&said));
    silent.resume();
    let ended = ended.unwrap_or_else(|| panic!("no run names {place}")).with(3);
    assert!(ended.stderr.contains("the 2000 ms allowed are over"), "{ended:?}");
    assert!(!ended.stderr.contains(PASSWORD), "{ended:?}");
}

#[test]
fn what_cannot_be_read_is_listed_with_its_reason_and_the_exit_code_says_so() {
    let program = town();
    let database = Connection::open(program.path("town.db")).unwrap();
    database.execute_batch("CREATE VIEW broken AS SELECT x FROM nowhere").unwrap();
    let ended = program.run(&["database", "check", "sqlite:town.db"]).with(1);
    for part in ["degraded\n", "broken", "no such table: main.nowhere"] {
        assert!(ended.stdout.contains(part), "{part}: {ended:?}");
    }

    let Some(server) = PostgresServer::start() else { return };
    server.run(
        "postgres",
        "CREATE TABLE t (x text); INSERT INTO t VALUES ('canary'); \
         CREATE ROLE owner; CREATE ROLE reader LOGIN PASSWORD 'secret'; \
         CREATE VIEW well AS SELECT * FROM t; \
         CREATE VIEW closed AS SELECT * FROM t; ALTER VIEW closed OWNER TO owner; \
         CREATE EXTENSION postgres_fdw; \
         CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', dbname 'x'); \
         CREATE FOREIGN TABLE remote (x text) SERVER far; \
         GRANT SELECT ON well, closed, remote TO reader",
    );
    let url = format!("postgres://reader:secret@127.0.0.1:{}/postgres", server.port);
    let ended = program.run(&["database", "check", &url]).with(1);
    for part in [
        "closed: permission denied for table t\n",
        "remote: user mapping not found for \"reader\"\n",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended:?}");
    }
    assert!(!ended.stdout.contains("canary") && !ended.stdout.contains("secret"), "{ended:?}");
    let check = json(&program.run(&["database", "check", &url, "--format", "json"]));
    let tables = check["tables"].as_array().unwrap();
    let table = |name: &str| tables.iter().find(|it| it["table"] == name).unwrap();
    assert_eq!((&table("well")["select"], &table("well")["error"]), (&true.into(), &Value::Null));
    assert_eq!(table("closed")["select"], false);
    assert_eq!(table("closed")["error"], "permission denied for table t");
}
