//! How a table is spread over servers.

use std::sync::Arc;

use dq_core::clock::SystemClock;
use dq_core::database::postgres::{
    DistributeOptions, Distribution, PostgresConfig, PostgresSource, distribute,
};
use dq_core::source::Source;
use dq_core::{ErrorKind, Result};

use crate::servers::postgres::PASSWORD;
use crate::servers::shards::Shards;

const TABLE: &str = "\
CREATE ROLE reader; \
CREATE TABLE \"Läden\" (id serial, \"name of it\" varchar(20) NOT NULL DEFAULT 'none', zip text COLLATE \"C\", since date CHECK (since > '1900-01-01'), \
  PRIMARY KEY (id, zip)); \
CREATE INDEX by_name ON \"Läden\" (\"name of it\"); COMMENT ON TABLE \"Läden\" IS 'it''s a table'; \
GRANT SELECT ON \"Läden\" TO reader; \
INSERT INTO \"Läden\" (zip, since) SELECT g % 100, '2020-01-01' FROM generate_series(1, 1000) g";

async fn spread(shards: &Shards, options: DistributeOptions) -> Result<Distribution> {
    let config = PostgresConfig::new(shards.url());
    distribute(&config, &options, Arc::new(SystemClock)).await
}

fn options(shards: &Shards, table: &str) -> DistributeOptions {
    let shards = shards.shard_urls().into_iter().map(Into::into).collect();
    DistributeOptions { table: table.to_owned(), shards, ..DistributeOptions::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_moved_once_with_all_that_belongs_to_it() {
    let Some(shards) = Shards::shared() else { return };
    shards.run(TABLE);
    let wanted =
        DistributeOptions { columns: vec!["zip".to_owned()], ..options(&shards, "Läden") };
    let tried = DistributeOptions { dry_run: true, ..wanted.clone() };
    let planned = spread(&shards, tried).await.unwrap();
    assert_eq!(shards.run("SELECT relkind FROM pg_class WHERE relname = 'Läden'"), "r");
    assert_eq!(shards.run("SELECT count(*) FROM pg_foreign_server"), "0");
    let text: Vec<_> = planned.statements.iter().map(|it| it.sql.as_str()).collect();
    let text = text.join("\n");
    assert!(text.contains("password '[redacted]'"), "{text}");
    assert!(!text.contains(PASSWORD), "{text}");

    let done = spread(&shards, wanted.clone()).await.unwrap();
    assert_eq!(done.rows, Some(1_000));
    let shown =
        |it: &Distribution| it.statements.iter().map(|it| it.sql.clone()).collect::<Vec<_>>();
    assert_eq!(shown(&done), shown(&planned));
    let count = |sql: &str| shards.run(sql).parse::<u32>().unwrap();
    assert_eq!(count("SELECT count(*) FROM \"Läden\""), 1_000);
    let parts = shards.run_on_each("SELECT count(*) FROM \"Läden\"");
    let parts: Vec<u32> = parts.iter().map(|it| it.parse().unwrap()).collect();
    assert!(parts.iter().all(|it| *it > 100) && parts.iter().sum::<u32>() == 1_000, "{parts:?}");
    assert_eq!(
        shards.run("INSERT INTO \"Läden\" (zip) VALUES ('7') RETURNING id, \"name of it\""),
        "1001|none"
    );
    assert_eq!(shards.run("SELECT obj_description('\"Läden\"'::regclass)"), "it's a table");
    assert_eq!(shards.run("SELECT has_table_privilege('reader', '\"Läden\"', 'SELECT')"), "t");
    assert_eq!(shards.run("SELECT to_regclass('\"Läden_before_dq\"') IS NULL"), "t");
    let indexes = "SELECT string_agg(indexname, ',' ORDER BY indexname COLLATE \"C\") FROM pg_indexes WHERE tablename = 'Läden'";
    assert_eq!(shards.run_on_each(indexes), ["Läden_pkey,by_name"; 2]);
    let config = PostgresConfig::new(shards.url());
    let source = PostgresSource::new(&config, Arc::new(SystemClock)).unwrap();
    let snapshot = source.snapshot().await.unwrap();
    assert_eq!(snapshot.tables()[0].primary_key, ["id", "zip"]);

    let again = spread(&shards, wanted).await.unwrap();
    assert!(again.statements.is_empty() && again.rows.is_none(), "{again:?}");
    let otherwise = spread(
        &shards,
        DistributeOptions { columns: vec!["id".to_owned()], ..options(&shards, "Läden") },
    );
    let error = otherwise.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("partitioned already, by HASH (zip)"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_spread_is_refused_before_anything_is_changed() {
    let Some(shards) = Shards::shared() else { return };
    shards.run(
        "CREATE TABLE parent (id int PRIMARY KEY, code text UNIQUE); CREATE TABLE child (id int PRIMARY KEY REFERENCES parent); \
         CREATE TABLE seen (id int PRIMARY KEY); CREATE VIEW over_it AS SELECT * FROM seen; CREATE TABLE keyless (x int); \
         CREATE TABLE taken (id int PRIMARY KEY); CREATE TABLE plain (id int PRIMARY KEY)",
    );
    let last = &shards.servers.shards[1];
    last.run(&shards.database, "CREATE TABLE taken (id int); INSERT INTO taken VALUES (1)");
    let by = |table: &str, column: &str| DistributeOptions {
        columns: vec![column.to_owned()],
        ..options(&shards, table)
    };
    let gone = DistributeOptions {
        shards: vec!["postgres://postgres:canary@127.0.0.1:1/postgres".into()],
        ..options(&shards, "plain")
    };
    let twice = DistributeOptions {
        shards: vec![shards.shard_urls()[0].as_str().into(); 2],
        ..options(&shards, "plain")
    };
    let itself =
        DistributeOptions { shards: vec![shards.url().into()], ..options(&shards, "plain") };
    let none = DistributeOptions { shards: Vec::new(), ..options(&shards, "plain") };
    for (options, kind, told) in [
        (options(&shards, "nothing"), ErrorKind::NotFound, "there is none"),
        (options(&shards, "child"), ErrorKind::Unsupported, "a foreign key belongs to it"),
        (options(&shards, "seen"), ErrorKind::Unsupported, "a view or rule rests on it: over_it"),
        (options(&shards, "over_it"), ErrorKind::UsageInvalid, "no primary key"),
        (by("over_it", "id"), ErrorKind::Unsupported, "no ordinary table"),
        (options(&shards, "keyless"), ErrorKind::UsageInvalid, "no primary key"),
        (by("keyless", "y"), ErrorKind::UsageInvalid, "it has no column \"y\""),
        (options(&shards, "taken"), ErrorKind::Conflict, "with rows in it"),
        (gone, ErrorKind::Unavailable, "127.0.0.1:1"),
        (twice, ErrorKind::UsageInvalid, "given twice"),
        (itself, ErrorKind::UsageInvalid, "a shard of itself"),
        (none, ErrorKind::UsageInvalid, "there is no shard"),
    ] {
        let error = spread(&shards, options).await.unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    assert_eq!(shards.run("SELECT count(*) FROM pg_foreign_server"), "0");
    assert_eq!(shards.run_on_each("SELECT to_regclass('taken') IS NULL"), ["t", "f"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_leaves_the_table_and_nothing_on_the_shards() {
    let Some(shards) = Shards::shared() else { return };
    shards.run("CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t SELECT g, 'x' FROM generate_series(1, 100) g");
    // The row is valid on the coordinator, and not where it would lie.
    shards.run("CREATE FUNCTION is_fine(text) RETURNS boolean LANGUAGE sql AS 'SELECT true'; ALTER TABLE t ADD CHECK (is_fine(x))");
    let strict = "CREATE FUNCTION is_fine(text) RETURNS boolean LANGUAGE sql AS 'SELECT false'";
    shards.run_on_each(strict);
    let error = spread(&shards, options(&shards, "t")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert_eq!(
        shards.run("SELECT count(*), min(relkind) FROM t, pg_class WHERE relname = 't'"),
        "100|r"
    );
    assert_eq!(shards.run("SELECT count(*) FROM pg_foreign_server"), "0");
    assert_eq!(shards.run_on_each("SELECT to_regclass('t') IS NULL"), ["t"; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_no_part_of_itself_under_another_name() {
    let Some(shards) = Shards::shared() else { return };
    shards.run("CREATE TABLE itself (id int PRIMARY KEY)");
    let mut wanted = options(&shards, "itself");
    wanted.shards[0] = shards.url().replace("127.0.0.1", "localhost").into();
    let error = spread(&shards, wanted.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UsageInvalid);
    assert!(error.message().contains("is the same database as"), "{error}");
    let [first, _] = shards.shard_urls().try_into().unwrap();
    wanted.shards = vec![first.clone().into(), first.replace("127.0.0.1", "localhost").into()];
    let error = spread(&shards, wanted).await.unwrap_err();
    assert!(error.message().contains("is the same database as"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_of_the_coordinator_holds_the_password_of_a_shard() {
    let Some(shards) = Shards::shared() else { return };
    shards.run_on_each("CREATE ROLE quiet LOGIN SUPERUSER PASSWORD 'canary-of-the-log'");
    shards.run(
        "CREATE TABLE t (id int PRIMARY KEY); CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'no mappings here'; END $$",
    );
    let mut wanted = options(&shards, "t");
    for url in &mut wanted.shards {
        let (_, place) = url.expose().rsplit_once('@').unwrap();
        *url = format!("postgres://quiet:canary-of-the-log@{place}").into();
    }
    for tag in ["CREATE USER MAPPING", "ALTER USER MAPPING"] {
        shards.run(&format!(
            "CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('{tag}') EXECUTE FUNCTION refuse()"
        ));
        let error = spread(&shards, wanted.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::QueryInvalid, "{error}");
        shards.run("DROP EVENT TRIGGER refuse");
    }
    shards.run(&format!("ALTER DATABASE {} SET log_statement = 'all'", shards.database));
    assert_eq!(spread(&shards, wanted).await.unwrap().rows, Some(0));
    let log = shards.servers.coordinator.log();
    // That statements are written down is what makes the test one.
    assert!(log.contains("STATEMENT:  CREATE USER MAPPING"), "{log}");
    assert!(log.contains("CREATE FOREIGN TABLE") && log.contains("INSERT INTO \"public\".\"t\""));
    assert!(!log.contains("canary-of-the-log"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_others_use_keeps_its_user() {
    let Some(shards) = Shards::shared() else { return };
    shards.run("CREATE TABLE ours (id int PRIMARY KEY); CREATE TABLE theirs (id int PRIMARY KEY); INSERT INTO ours VALUES (1)");
    spread(&shards, options(&shards, "ours")).await.unwrap();
    shards.run_on_each("CREATE ROLE another LOGIN SUPERUSER PASSWORD 'other'");
    let mut wanted = options(&shards, "theirs");
    for url in &mut wanted.shards {
        let (_, place) = url.expose().rsplit_once('@').unwrap();
        *url = format!("postgres://another:other@{place}").into();
    }
    let error = spread(&shards, wanted).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(shards.run("SELECT count(*) FROM ours"), "1");
}
