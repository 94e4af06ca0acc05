//! Rules as SQL: whatever the types, collations and settings of a database are, it answers as a scan does.

use std::collections::BTreeMap;
use std::sync::Arc;

use dq_core::clock::SystemClock;
use dq_core::database::postgres::PostgresSource;
use dq_core::rules::RuleSet;
use dq_core::validate::{Engine, ValidateOptions, explain};

use crate::bench::Place;
use crate::sql_rules::{answers_as_a_scan, rules};

/// Columns of many types, each with some values that are difficult.
const COLUMNS: [(&str, &str, &[&str]); 25] = [
    (
        "plain",
        "text",
        &["a", "A", "á", "a\u{301}", " a", "a ", "", "\t", "ss", "ß", "1", "01", "10.5"],
    ),
    ("blind", "text COLLATE blind", &["a", "A", "á", "ss", "SS", "Ss", "b", "", "B"]),
    ("german", "text COLLATE \"de-x-icu\"", &["ä", "Ä", "ae", "z", "Z", "a", ""]),
    ("folded", "citext", &["a", "A", "b", "B", "", "c"]),
    ("padded", "char(4)", &["a", "a   ", "", "ab", "abcd"]),
    ("short", "varchar(3)", &["a", "a  ", "", "é"]),
    (
        "number",
        "numeric",
        &["1", "1.0", "1.50", "-0.001", "NaN", "1e30", "123456789012345678901234567890.125"],
    ),
    ("price", "numeric(10,2)", &["1", "1.5", "-0.01", "99999999.99", "0"]),
    ("small", "smallint", &["-32768", "0", "1", "7", "32767"]),
    ("whole", "integer", &["-2147483648", "0", "1", "7"]),
    ("large", "bigint", &["-9223372036854775808", "9223372036854775807", "0", "9007199254740993"]),
    ("object", "oid", &["4294967295", "0", "1"]),
    ("real", "real", &["0.1", "-0.0", "0", "NaN", "Infinity", "16777217", "1"]),
    (
        "double",
        "double precision",
        &["0.1", "-0", "0", "NaN", "-Infinity", "1e300", "9007199254740993", "3"],
    ),
    ("flag", "boolean", &["true", "false"]),
    (
        "day",
        "date",
        &[
            "2024-02-29",
            "0001-01-01",
            "9999-12-31",
            "infinity",
            "-infinity",
            "1900-01-01",
            "0044-03-15 BC",
        ],
    ),
    (
        "moment",
        "timestamp",
        &[
            "2024-02-29 23:59:59.999999",
            "infinity",
            "1969-12-31",
            "0044-03-15 12:00 BC",
            "2024-02-29",
        ],
    ),
    (
        "zoned",
        "timestamptz",
        &["2024-02-29 23:30:00-01", "2024-03-01 00:00:00+09", "-infinity", "1969-12-31 23:59Z"],
    ),
    ("clock", "time", &["14:05", "23:59:59.5"]),
    ("span", "interval", &["1 day", "2 months 3 hours"]),
    (
        "id128",
        "uuid",
        &["00112233-4455-6677-8899-AABBCCDDEEFF", "00000000-0000-0000-0000-000000000000"],
    ),
    ("document", "jsonb", &["{\"b\": 1, \"a\": 2}", "1", "\"a\""]),
    ("words", "text[]", &["{a,\"b c\"}", "{}", "{a,\"b c\"}"]),
    ("mood", "mood", &["happy", "so so"]),
    ("raw", "bytea", &["\\x", "\\x61", "\\xff"]),
];

const ROWS: usize = 60;

fn fill(place: &Place) {
    place.run(
        "CREATE EXTENSION IF NOT EXISTS citext; CREATE TYPE mood AS ENUM ('happy', 'so so'); \
         CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
    );
    let columns: Vec<_> = COLUMNS.iter().map(|it| format!("{} {}", it.0, it.1)).collect();
    place.run(&format!("CREATE TABLE t (id int PRIMARY KEY, {})", columns.join(", ")));
    let quoted = |it: &str| format!("'{}'", it.replace('\'', "''"));
    let row = |row: usize| {
        let cell = |(at, column): (usize, &(&str, &str, &[&str]))| {
            let values = column.2;
            let place = (row * (1 + at % 3) + at) % (values.len() + 1);
            values.get(place).map_or("NULL".to_owned(), |it| quoted(it))
        };
        let cells: Vec<_> = COLUMNS.iter().enumerate().map(cell).collect();
        format!("({}, {})", (row * 37) % 101, cells.join(", "))
    };
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    place.run(&format!("INSERT INTO t VALUES {}", rows.join(", ")));
    // What a session shows and reads, which must not matter.
    for setting in
        ["timezone = 'Asia/Tokyo'", "datestyle = 'German'", "standard_conforming_strings = off"]
    {
        let database = place.run("SELECT current_database()");
        place.run(&format!("ALTER DATABASE {database} SET {setting}"));
    }
}

fn source(place: &Place) -> PostgresSource {
    PostgresSource::new(&place.config(), Arc::new(SystemClock)).unwrap()
}

const CONDITIONS: [&str; 34] = [
    "plain = 'a'",
    "blind = 'a'",
    "blind < german",
    "folded <> 'A'",
    "lower(plain) = 'a'",
    "upper(short) LIKE 'A%'",
    "length(padded) = 1",
    "length(trim(plain)) > 0",
    "starts_with(german, 'a') OR ends_with(german, 'e')",
    "contains(blind, 's') AND NOT contains(blind, 'S')",
    "replace(plain, 'a', '') = ''",
    "substr(plain, 1, 1) = left(plain, 1) AND right(plain, 0) = ''",
    "digits(plain) = '1' OR plain || short = 'aa'",
    "whole + small > large - 1",
    "large * 2 > 0",
    "large % 7 = 0",
    "-whole >= 0",
    "abs(small) < 8",
    "whole = 0.5 OR whole < 7.5",
    "double < 3 OR real >= 0.5",
    "double = real",
    "day > DATE '2000-01-01'",
    "day - DATE '2000-01-01' > 1000",
    "day + 1 < '2024-03-01'",
    "year(day) = 2024 AND month(day) = 2 AND day(day) = 29",
    "days_between(day, '2024-03-01') >= 1",
    "moment >= TIMESTAMP '2024-02-29 12:00:00'",
    "zoned < DATE '2024-03-01'",
    "flag AND whole IN (0, 1, NULL)",
    "flag IS NOT TRUE",
    "CASE WHEN flag THEN whole ELSE small END BETWEEN 0 AND 7",
    "coalesce(plain, short, 'x') <> 'x'",
    "least(whole, small) IS NOT DISTINCT FROM greatest(whole, small)",
    "regexp_like(plain, '^[[:alpha:]]$') OR mood = 'happy'",
];

#[tokio::test(flavor = "multi_thread")]
async fn values_of_every_type_and_collation_are_judged_as_in_a_scan() {
    let Some(place) = Place::new() else { return };
    fill(&place);
    let columns = COLUMNS.map(|it| it.0);
    answers_as_a_scan(&source(&place), &rules(&columns, &CONDITIONS), 500).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_names_columns_and_holds_no_value_of_a_rule() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (id int PRIMARY KEY, \"a \"\"b\"\"\" text)");
    let rules = "version: 1\nrules:\n  - id: r\n    table: t\n    checks:\n\
                 \x20     - { id: one, column: 'a \"b\"', one_of: [canary] }\n\
                 \x20     - { id: two, expression: '\"a \"\"b\"\"\" LIKE ''canary%''' }\n";
    let rules = RuleSet::parse("rules.yaml", rules, &BTreeMap::new()).unwrap();
    let options = ValidateOptions { engine: Engine::Sql, ..ValidateOptions::default() };
    let text = explain(&source(&place), &rules, &options).await.unwrap().to_string();
    assert!(
        text.contains("(\"a \"\"b\"\"\"::text COLLATE \"C\") IN ((?::text COLLATE \"C\"))"),
        "{text}"
    );
    assert!(text.contains("`r/two`: pushed down"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}
