//! Databases on a PostgreSQL server that the tests start.

use serde_json::Value;

use crate::program::{Ended, Program, RULES};
use crate::servers::pgbouncer::PgBouncer;
use crate::servers::postgres::{PASSWORD, PostgresServer};

/// A program with rules for the table `people` of a database that has one.
fn program() -> Option<(Program, PostgresServer)> {
    let server = PostgresServer::start()?;
    server.run(
        "postgres",
        "CREATE TABLE people (id int PRIMARY KEY, name text, zip text); \
         INSERT INTO people VALUES (1, 'Ada', '12345'), (2, NULL, '123x5'), (3, 'Grace', '54321'); \
         CREATE ROLE reader LOGIN PASSWORD 'canary'; GRANT SELECT ON people TO reader",
    );
    let program = Program::new();
    program.write("rules.yaml", RULES.replace("table: data", "table: people"));
    Some((program, server))
}

fn validate(program: &Program, url: &str, arguments: &[&str]) -> Ended {
    program
        .run(&[&["validate", url, "--rules", "rules.yaml", "--format", "json"], arguments].concat())
}

/// The violations of each check, and the name of the source.
fn found(ended: &Ended) -> (Vec<u64>, String) {
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let checks = report["rules"][0]["checks"].as_array().unwrap();
    let violations = checks.iter().map(|it| it["violations"].as_u64().unwrap()).collect();
    (violations, report["source"].as_str().unwrap().to_owned())
}

#[test]
fn a_database_is_checked_as_the_configuration_says_directly_and_behind_pgbouncer() {
    let Some((program, server)) = program() else { return };
    let bouncer = PgBouncer::start(&server, 1, "");
    for port in [server.port, bouncer.port] {
        program.write(
            "dq.yaml",
            format!(
                "database:\n  primary: {{ type: postgresql, host: 127.0.0.1, port: {port}, database: postgres, \
                 username: postgres, password: {PASSWORD}, connection_pool_size: 1, max_overflow: 0 }}\n  \
                 postgres: {{ application_name: quality }}\nsecurity: {{ ssl_mode: disable }}\n"
            ),
        );
        // The password is that of the configuration, as the server, the database and the user are.
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let ended = validate(&program, &url, &["--config", "dq.yaml"]).with(1);
        let name = format!("postgres://127.0.0.1:{port}/postgres");
        assert_eq!(found(&ended), (vec![1, 1], name), "{ended:#?}");
        let plan = ["explain", &url, "--rules", "rules.yaml", "--config", "dq.yaml"];
        assert!(program.run(&plan).with(0).stdout.contains("people"));
        let required = program.read("dq.yaml").replace("disable", "require");
        program.write("tls.yaml", required);
        let refused = validate(&program, &url, &["--config", "tls.yaml"]).with(3);
        assert!(refused.stderr.contains("TLS"), "{refused:#?}");
    }
    let other = format!("postgres://reader@127.0.0.1:{}/postgres", server.port);
    let refused = validate(&program, &other, &["--config", "dq.yaml"]).with(3);
    assert!(refused.stderr.contains("password authentication failed"), "{refused:#?}");
}

#[test]
fn what_cannot_be_reached_or_read_is_told_with_its_reason_and_without_a_password() {
    let Some((program, server)) = program() else { return };
    let port = server.port;
    let url = |user: &str, port: u16, database: &str| {
        format!("postgres://{user}@127.0.0.1:{port}/{database}")
    };
    let name = |port: u16, database: &str| {
        format!("cannot connect to `postgres://127.0.0.1:{port}/{database}`: ")
    };
    let admin = format!("postgres:{PASSWORD}");
    let mut refused = vec![
        (url(&admin, 1, "postgres"), 3, name(1, "postgres") + "Connection refused"),
        (
            url("postgres:canary", port, "postgres"),
            3,
            name(port, "postgres") + "password authentication failed",
        ),
        (
            url(&admin, port, "nowhere"),
            3,
            name(port, "nowhere") + "database \"nowhere\" does not exist",
        ),
        (url(&admin, port, "postgres?sslmode=verify-full"), 3, "TLS".to_owned()),
        (url(&admin, port, "postgres?sslmod=require"), 2, "unknown parameter `sslmod`".to_owned()),
        (
            format!("postgres://postgres:{PASSWORD}@no-such-host.invalid/a"),
            3,
            "no-such-host.invalid".to_owned(),
        ),
    ];
    server.run("postgres", "REVOKE SELECT ON people FROM reader");
    refused.push((
        url("reader:canary", port, "postgres"),
        3,
        "permission denied for table people".to_owned(),
    ));
    for (url, code, reason) in refused {
        let ended = validate(&program, &url, &[]).with(code);
        assert!(ended.stderr.contains(&reason), "{reason}: {ended:#?}");
        assert!(!ended.stderr.contains("canary") && !ended.stderr.contains(PASSWORD), "{ended:#?}");
        assert_eq!(ended.stdout, "");
    }
}
