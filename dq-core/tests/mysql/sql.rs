//! Rules as SQL: whatever the types, collations and settings of a database are, it answers as a scan does.

use std::collections::BTreeMap;
use std::sync::Arc;

use dq_core::clock::SystemClock;
use dq_core::database::mysql::MySqlSource;
use dq_core::rules::RuleSet;
use dq_core::validate::{Engine, ValidateOptions, explain, validate};

use crate::bench::Place;
use crate::sql_rules::{answers_as_a_scan, rules};

/// Columns of many types, each with some values that are difficult.
const COLUMNS: [(&str, &str, &[&str]); 25] = [
    (
        "plain",
        "text collate utf8mb4_general_ci",
        &[
            "'a'", "'A'", "'á'", "' a'", "'a '", "''", "'\\t'", "'ss'", "'ß'", "'1'", "'01'",
            "'10.5'", "'a\\n'",
        ],
    ),
    ("nul", "varchar(20)", &["'a'", "concat('a', char(0))", "char(0)", "'a\\\\'", "'😀'"]),
    ("latin", "varchar(20) character set latin1", &["'é'", "'É'", "'€'", "'a '", "'a'"]),
    ("old", "text character set utf8mb3", &["'é'", "'a'", "'A'", "'a '"]),
    ("wide", "varchar(20) character set ucs2", &["'é'", "'a'", "'A'"]),
    ("korean", "text", &["'a'", "'힣'", "'한'"]),
    ("padded", "char(4)", &["'a'", "'a   '", "''", "'ab'", "'abcd'"]),
    ("number", "decimal(20,0)", &["1", "9223372036854775807", "99999999999999999999", "0", "-3"]),
    ("price", "decimal(10,2)", &["1", "1.5", "-0.01", "99999999.99", "0"]),
    ("filled", "decimal(8,2) zerofill", &["1", "1.5", "0"]),
    ("small", "smallint", &["-32768", "0", "1", "7", "32767"]),
    ("whole", "int", &["-2147483648", "0", "1", "7"]),
    ("natural", "int unsigned", &["4294967295", "0", "1", "7"]),
    ("large", "bigint", &["-9223372036854775808", "9223372036854775807", "0", "9007199254740993"]),
    ("object", "bigint unsigned", &["18446744073709551615", "0", "1"]),
    ("year", "year", &["2024", "0", "1999"]),
    ("bits", "bit(9)", &["b'101'", "0"]),
    ("single", "float", &["0.1", "0", "16777217", "1", "-2.5"]),
    ("real", "double", &["0.1", "0", "1e300", "9007199254740993", "3", "-1.5"]),
    ("day", "date", &["'2024-02-29'", "'0001-01-01'", "'9999-12-31'", "'1900-01-01'"]),
    ("odd", "date", &["'2024-02-29'", "'0000-00-00'", "'2024-00-15'"]),
    ("moment", "datetime(6)", &["'2024-02-29 23:59:59.999999'", "'1969-12-31'", "'2024-02-29'"]),
    ("clock", "time(1)", &["'14:05'", "'23:59:59.5'", "'-700:00:00'"]),
    ("mood", "enum('happy', 'so so', '')", &["'happy'", "'so so'", "''"]),
    ("raw", "varbinary(9)", &["''", "'a'", "x'ff'"]),
];

const CONDITIONS: [&str; 28] = [
    "plain = 'a'",
    "latin < old",
    "lower(latin) = 'a'",
    "length(padded) = 1",
    "length(trim(plain)) > 0 AND ltrim(plain) = plain OR rtrim(plain) = 'a'",
    "starts_with(plain, 'a') OR ends_with(old, 'A')",
    "contains(plain, 's') AND NOT contains(old, 'A')",
    "replace(plain, 'a', '') = ''",
    "substr(plain, 1, 1) = left(plain, 1) AND right(plain, 0) = '' OR substr(plain, -1, 3) = 'a'",
    "digits(plain) = '1' OR plain || latin = 'aa' OR concat(old, latin) = 'a'",
    "whole + small > large - 1",
    "large * 2 > 0 OR natural - 8 < 0",
    "large % 7 = 0",
    "-whole >= 0",
    "abs(small) < 8",
    "whole = 0.5 OR whole < 7.5",
    "real < 3 OR single >= 0.5",
    "real = single",
    "day > DATE '2000-01-01'",
    "day - DATE '2000-01-01' > 1000",
    "day + 1 < '2024-03-01'",
    "year(day) = 2024 AND month(day) = 2 AND day(day) = 29",
    "moment >= TIMESTAMP '2024-02-29 12:00:00'",
    "whole IN (0, 1, NULL)",
    "CASE WHEN whole > 0 THEN whole ELSE small END BETWEEN 0 AND 7",
    "coalesce(plain, latin, 'x') <> 'x'",
    "least(whole, small) IS NOT DISTINCT FROM greatest(whole, small)",
    "regexp_like(plain, '^[[:alpha:]]$') OR mood = 'happy'",
];

const ROWS: usize = 60;

fn fill(place: &Place) {
    let columns: Vec<_> = COLUMNS.iter().map(|it| format!("`{}` {}", it.0, it.1)).collect();
    let definition = format!("CREATE TABLE t (id int PRIMARY KEY, {})", columns.join(", "));
    let row = |row: usize| {
        let cell = |(at, column): (usize, &(&str, &str, &[&str]))| {
            let place = (row * (1 + at % 3) + at) % (column.2.len() + 1);
            column.2.get(place).map_or("NULL", |it| *it).to_owned()
        };
        let cells: Vec<_> = COLUMNS.iter().enumerate().map(cell).collect();
        format!("({}, {})", (row * 37) % 101, cells.join(", "))
    };
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    let insert = format!("INSERT INTO t VALUES {}", rows.join(", "));
    place.run(&format!("SET NAMES utf8mb4; SET sql_mode = ''; {definition}; {insert}"));
}

fn source(place: &Place) -> MySqlSource {
    MySqlSource::new(&place.config(), Arc::new(SystemClock)).unwrap()
}

fn in_sql() -> ValidateOptions {
    ValidateOptions { engine: Engine::Sql, ..ValidateOptions::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_every_type_and_collation_are_judged_as_in_a_scan() {
    let Some(place) = Place::new() else { return };
    fill(&place);
    let columns = COLUMNS.map(|it| it.0);
    answers_as_a_scan(&source(&place), &rules(&columns, &CONDITIONS), 450).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_names_columns_and_holds_no_value_of_a_rule() {
    let Some(place) = Place::new() else { return };
    place.run("CREATE TABLE t (id int PRIMARY KEY, `a ``b` text, clock time)");
    let rules = "version: 1\nrules:\n  - id: r\n    table: t\n    checks:\n\
                 \x20     - { id: one, column: 'a `b', one_of: [canary] }\n\
                 \x20     - { id: two, column: clock, matches: '^1' }\n\
                 \x20     - { id: three, unique: ['a `b'] }\n";
    let rules = RuleSet::parse("rules.yaml", rules, &BTreeMap::new()).unwrap();
    let text = explain(&source(&place), &rules, &in_sql()).await.unwrap().to_string();
    assert!(text.contains("(`a ``b` COLLATE utf8mb4_nopad_bin) IN ("), "{text}");
    assert!(text.contains("`r/one`: pushed down"), "{text}");
    assert!(text.contains("`r/two`: streamed: a scan makes values of several kinds"), "{text}");
    assert!(text.contains("`r/three`: pushed down"), "{text}");
    assert!(!text.contains("canary") && !text.contains("1 = 1"), "{text}");
}

/// MariaDB takes a text for one without a match if it cannot tell in time, and only warns.
#[tokio::test(flavor = "multi_thread")]
async fn a_regular_expression_that_is_given_up_is_no_answer() {
    let Some(place) = Place::new() else { return };
    place.run(
        "CREATE TABLE t (id int PRIMARY KEY, a text); \
         INSERT INTO t VALUES (1, concat(repeat('a', 60), 'b')), (2, 'aa'), (3, 'b')",
    );
    let rules = "version: 1\nrules:\n  - id: r\n    table: t\n    where: \"id < 9\"\n    checks:\n\
                 \x20     - { id: short, column: a, length: { max: 1 } }\n\
                 \x20     - { id: one, column: a, matches: '^(a|aa)+$|b$' }\n\
                 \x20     - { id: there, column: a, not_null: true }\n\
                 \x20     - { id: least, column: id, min: { min: 1 } }\n\
                 \x20     - { id: another, column: a, matches: 'a' }\n";
    let rules = RuleSet::parse("rules.yaml", rules, &BTreeMap::new()).unwrap();
    let report = validate(&source(&place), &rules, &in_sql()).await.unwrap();
    // What the others ask in the same statement is answered.
    let found: Vec<_> = report.checks().map(|it| (it.violations, it.engine)).collect();
    let (sql, native) = (Some(Engine::Sql), Some(Engine::Native));
    assert_eq!(found, [(2, sql), (0, native), (0, sql), (0, sql), (1, sql)], "{report:?}");
    assert!(report.checks().all(|it| it.evaluated == 3), "{report:?}");
    let check = report.checks().nth(1).unwrap();
    assert!(check.streamed.as_deref().unwrap().contains("the server warns"), "{check:?}");
}

/// MariaDB takes the halves of surrogate pairs for characters.
#[tokio::test(flavor = "multi_thread")]
async fn text_that_is_not_utf_8_is_bytes() {
    let Some(place) = Place::new() else { return };
    place.run(
        "CREATE TABLE t (id int PRIMARY KEY, a text character set utf8mb4); \
         INSERT INTO t VALUES (1, x'EDA080'), (2, 'a'), (3, 'bb')",
    );
    let rules = "version: 1\nrules:\n  - id: r\n    table: t\n    checks:\n\
                 \x20     - { id: one, column: a, length: { max: 1 } }\n\
                 \x20     - { id: two, column: a, not_null: true }\n\
                 \x20     - { id: three, column: a, trimmed: true }\n\
                 \x20     - { id: four, row_count: { min: 3 } }\n";
    let rules = RuleSet::parse("rules.yaml", rules, &BTreeMap::new()).unwrap();
    let report = validate(&source(&place), &rules, &in_sql()).await.unwrap();
    let violations: Vec<_> = report.checks().map(|it| it.violations).collect();
    assert_eq!(violations, [2, 0, 1, 0], "{report:?}");
}
