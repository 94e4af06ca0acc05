//! Random tables: pages must give what statements give.

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::proptest;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use crate::database::Database;

const TYPES: [&str; 7] = ["", "INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", "DATE"];

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => Just(Value::Null),
        2 => (any::<i64>(), 0..64_u32).prop_map(|(it, shift)| Value::Integer(it >> shift)),
        1 => any::<f64>().prop_map(Value::Real),
        1 => (-9_i32..9).prop_map(|it| Value::Real(f64::from(it))),
        3 => "[a-z0-9 .é∀𝄞]{0,80}".prop_map(Value::Text),
        1 => "[0-9]{1,4}".prop_map(Value::Text),
        1 => (0..3000_usize).prop_map(|it| Value::Text("long é".repeat(it / 6))),
        1 => vec(any::<u8>(), 0..900).prop_map(Value::Blob),
    ]
}

#[derive(Clone, Debug)]
struct Table {
    page_bytes: u32,
    /// The type and the default of each column.
    columns: Vec<(&'static str, Value)>,
    /// How many columns there are at first; the others come after half of the rows.
    first: usize,
    rows: Vec<Vec<Value>>,
}

fn table() -> impl Strategy<Value = Table> {
    let columns = vec((proptest::sample::select(&TYPES[..]), value()), 1..9);
    columns.prop_flat_map(|columns| {
        let rows = vec(vec(value(), columns.len()), 0..60);
        let page_bytes = proptest::sample::select(vec![512, 1024, 4096]);
        (page_bytes, 1..=columns.len(), rows).prop_map(move |(page_bytes, first, rows)| Table {
            page_bytes,
            columns: columns.clone(),
            first,
            rows,
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_tables_are_the_same(table in table()) {
        let Table { page_bytes, columns, first, rows } = table;
        let database = Database::new(&format!("PRAGMA page_size = {page_bytes}"));
        let names: Vec<_> = (0..columns.len()).map(|it| format!("c{it} {}", columns[it].0)).collect();
        database.run(&format!("CREATE TABLE t ({})", names[..first].join(", ")));
        let (old, new) = rows.split_at(rows.len() / 2);
        insert(&database, old, first);
        for (name, (_, default)) in names.iter().zip(&columns).skip(first) {
            let default = literal(&database, default);
            database.run(&format!("ALTER TABLE t ADD COLUMN {name} DEFAULT {default}"));
        }
        insert(&database, new, columns.len());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(database.assert_same("t")).len(), rows.len());
    }
}

fn insert(database: &Database, rows: &[Vec<Value>], columns: usize) {
    let places = vec!["?"; columns].join(", ");
    let mut statement =
        database.connection.prepare(&format!("INSERT INTO t VALUES ({places})")).unwrap();
    for row in rows {
        statement.execute(params_from_iter(&row[..columns])).unwrap();
    }
}

/// A value as SQL writes it.
fn literal(database: &Database, value: &Value) -> String {
    let quoted: String =
        database.connection.query_row("SELECT quote(?1)", [value], |row| row.get(0)).unwrap();
    format!("({quoted})")
}
