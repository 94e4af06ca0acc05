//! What a check looks at: its table, its rows, and columns that may be missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use dq_core::rules::RuleSet;
use dq_core::source::memory::MemorySource;
use dq_core::validate::{Report, Status};

use crate::run::{counts, rules, run};

type Column<'a> = (&'a str, &'a [Option<&'a str>]);

fn source(tables: &[(&str, &[Column<'_>])]) -> MemorySource {
    tables.iter().fold(MemorySource::new("memory"), |source, (name, columns)| {
        let arrays = columns.iter().map(|(name, values)| {
            (*name, Arc::new(StringArray::from_iter(values.iter().copied())) as ArrayRef)
        });
        source.table(*name, vec![RecordBatch::try_from_iter(arrays).unwrap()]).unwrap()
    })
}

fn people() -> MemorySource {
    source(&[
        (
            "people",
            &[
                ("name", &[Some("Ann"), None, Some(""), Some("Bo")]),
                ("state", &[Some("OH"), Some("OH"), Some("NY"), None]),
            ],
        ),
        ("states", &[("state", &[Some("OH"), Some("TX"), None])]),
    ])
}

fn statuses(report: &Report) -> Vec<Status> {
    report.checks().map(|it| it.status).collect()
}

#[test]
fn a_check_may_be_about_another_table_than_its_rule() {
    let rules = rules(
        "
version: 1
rules:
  - id: links
    table: people
    where: state <> 'NY'
    checks:
      - { id: known, references: { columns: [state], table: states } }
      - { id: used, table: states, referenced: { columns: [state], table: people } }
      - { id: far, table: states, where: \"state <> 'OH'\", column: state, matches: '^O' }
",
    );
    let report = run(&people(), &rules).unwrap();
    // The condition of the rule is about the table of the rule.
    assert_eq!(counts(&report), [(2, 0, Some(0)), (3, 1, None), (1, 1, None)]);
    let tables: Vec<_> = report.checks().map(|it| it.table.as_deref()).collect();
    assert_eq!(tables, [None, Some("states"), Some("states")]);
}

#[test]
fn a_check_narrows_the_rows_of_its_rule() {
    let rules = rules(
        "
version: 1
rules:
  - id: names
    table: people
    where: state = 'OH' OR state = 'NY'
    checks:
      - { id: all, column: name, not_blank: true }
      - { id: some, where: name IS NOT NULL, column: name, not_blank: true }
",
    );
    assert_eq!(counts(&run(&people(), &rules).unwrap()), [(3, 2, None), (2, 1, None)]);
}

#[test]
fn a_check_of_a_column_that_may_be_missing_does_not_apply_without_it() {
    let rules = rules(
        "
version: 1
rules:
  - id: licence
    table: people
    optional: [number, expiry, status]
    where: coalesce(status, 'active') = 'active'
    checks:
      - { id: name, column: name, not_blank: true }
      - { id: number, column: number, not_blank: true }
      - { id: twice, unique: [name, number] }
      - { id: expired, expression: expiry > CURRENT_DATE AND name <> '' }
      - { id: known, references: { columns: [state], table: states, key: [number] } }
",
    );
    let report = run(&people(), &rules).unwrap();
    let none = Status::NotApplicable;
    assert_eq!(statuses(&report), [Status::Fail, none, none, none, none]);
    assert_eq!(counts(&report)[0], (4, 2, None));
    assert!(counts(&report)[1..].iter().all(|it| (it.0, it.1) == (0, 0)));
    assert_eq!(
        report.notes,
        [
            "`licence/number` does not apply: table `people` has no column `number`",
            "`licence/twice` does not apply: table `people` has no column `number`",
            "`licence/expired` does not apply: table `people` has no column `expiry`",
            "`licence/known` does not apply: table `states` has no column `number`",
        ]
    );
}

#[test]
fn a_column_that_may_be_missing_is_checked_where_it_is_there() {
    let rules = rules(
        "{ version: 1, rules: [{ id: a, table: people, optional: [name], checks: [{ column: name, not_null: true }] }] }",
    );
    assert_eq!(counts(&run(&people(), &rules).unwrap()), [(4, 1, None)]);
}

#[test]
fn a_column_that_must_be_there_is_still_missed() {
    let rules = rules(
        "{ version: 1, rules: [{ id: a, table: people, optional: [nick], checks: [{ column: nam, not_null: true }, { expression: \"nick = mane\" }] }] }",
    );
    let error = run(&people(), &rules).unwrap_err();
    assert!(error.message().contains("table `people` has no column `nam`; did you mean `name`?"));
}

#[test]
fn an_alias_is_an_id_that_nobody_else_may_have() {
    let text = "
version: 1
rules:
  - { id: new, aliases: [old, 'older (deprecated)'], table: a, checks: [{ column: b, not_null: true }] }
  - { id: old, table: a, checks: [{ column: b, not_null: true }] }
";
    let error = RuleSet::parse("rules.yaml", text, &BTreeMap::new()).unwrap_err();
    assert_eq!(error.message(), "rules.yaml:5:5: another rule has the id `old`");
    let rules = rules(&text.replace("id: old", "id: other"));
    assert_eq!(rules.rules()[0].aliases, ["old", "older (deprecated)"]);
}
