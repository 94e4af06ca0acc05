//! Scans by statements.

use dq_core::database::sqlite::ScanMethod;

use crate::database::Database;

const PROVIDERS: &str = "
    CREATE TABLE providers (id INTEGER PRIMARY KEY, name TEXT, rate REAL, note);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
    INSERT INTO providers SELECT i * 3, 'name ' || i, i / 4.0, nullif(i % 3, 0) FROM n;";

#[tokio::test]
async fn a_table_is_read_whole_at_any_number_of_partitions() {
    let database = Database::new(PROVIDERS);
    for partitions in [1, 2, 7] {
        let rows = database.rows(ScanMethod::Statements, "providers", partitions).await.unwrap();
        assert_eq!(rows.len(), 30_000);
        assert_eq!(rows[0], r#"Integer(3) | "name 1" | Float(0.25) | Integer(1)"#);
        assert!(rows[29_999].starts_with("Integer(90000) | "));
    }
}

#[tokio::test]
async fn a_view_is_read_in_its_order() {
    let database = Database::new(&format!(
        "{PROVIDERS} CREATE VIEW top AS SELECT name, rate FROM providers ORDER BY rate DESC"
    ));
    let rows = database.rows(ScanMethod::Statements, "top", 2).await.unwrap();
    assert_eq!(rows.len(), 30_000);
    assert!(rows[0].ends_with("Float(7500.0)"));
}
