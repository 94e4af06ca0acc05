//! Tables that Citus distributes, where `DQ_CITUS_URL` names a database with the extension.

use std::collections::BTreeMap;
use std::sync::Arc;

use dq_core::Result;
use dq_core::clock::SystemClock;
use dq_core::database::postgres::{PostgresConfig, PostgresDatabaseManager};
use dq_core::database::{DatabaseManager, NodeRole, Statement};
use dq_core::rules::RuleSet;
use dq_core::validate::{Engine, Report, ValidateOptions, validate};

async fn fill(database: &PostgresDatabaseManager, table: &str, is_distributed: bool) -> Result<()> {
    database.execute(&format!("DROP TABLE IF EXISTS {table}").into()).await?;
    let create = format!("CREATE TABLE {table} (id bigint PRIMARY KEY, email text, zip text)");
    database.execute(&create.into()).await?;
    if is_distributed {
        let mut transaction = database.begin().await?;
        let distribute = format!("SELECT create_distributed_table('{table}', 'id')");
        transaction.query(&Statement::new(distribute)).await?;
        transaction.commit().await?;
    }
    let rows = format!(
        "INSERT INTO {table} SELECT g, 'a' || g % 900, lpad((g % 7)::text, 5, '0') FROM generate_series(1, 1000) g"
    );
    database.execute(&rows.into()).await?;
    Ok(())
}

async fn report(database: &PostgresDatabaseManager, table: &str) -> Report {
    let rules = format!(
        "version: 1\nrules:\n  - id: r\n    table: {table}\n    where: \"id > 10\"\n    checks:\n\
         \x20     - {{ id: zip, column: zip, matches: '^0000[0-5]$' }}\n\
         \x20     - {{ id: email, column: email, format: email }}\n\
         \x20     - {{ id: same_id, unique: [id] }}\n\
         \x20     - {{ id: same_email, unique: [email] }}\n\
         \x20     - {{ id: zip_of_email, functional_dependency: {{ from: [email], to: zip }} }}\n\
         \x20     - {{ id: itself, references: {{ columns: [id], table: {table}, key: [id] }} }}\n"
    );
    let rules = RuleSet::parse("rules.yaml", &rules, &BTreeMap::new()).unwrap();
    validate(database, &rules, &ValidateOptions::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn citus_counts_what_one_server_counts() {
    let Ok(url) = std::env::var("DQ_CITUS_URL") else { return };
    let config = PostgresConfig::new(url);
    let database = PostgresDatabaseManager::open(config, Arc::new(SystemClock)).await.unwrap();
    fill(&database, "dq_one", false).await.unwrap();
    fill(&database, "dq_many", true).await.unwrap();
    let (one, many) = (report(&database, "dq_one").await, report(&database, "dq_many").await);
    for (one, many) in one.checks().zip(many.checks()) {
        assert_eq!((many.evaluated, many.violations), (one.evaluated, one.violations), "{many:?}");
        assert_eq!(many.groups, one.groups, "{many:?}");
        let shown = [many, one].map(|it| serde_json::to_value(&it.sample).unwrap());
        assert_eq!(shown[0], shown[1], "{many:?}");
        assert_eq!((one.engine, many.engine), (None, Some(Engine::Sql)), "{many:?}");
    }
    assert!(many.notes.iter().any(|it| it.starts_with("snapshot: per shard")), "{:?}", many.notes);
    let nodes = database.nodes().await.unwrap();
    assert!(nodes.iter().any(|it| it.role == NodeRole::Shard), "{nodes:?}");
}
