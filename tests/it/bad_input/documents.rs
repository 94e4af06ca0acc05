//! Rule files as YAML and JSON documents: what repeats in them, and what would never end.

use std::collections::BTreeMap;
use std::fmt::Write;

use dq_core::engine::OpenOptions;
use dq_core::rules::{RuleSet, Severity};

use crate::bad_input::Folder;
use crate::bad_input::rules::problems;
use crate::run::{counts, rules};

#[test]
fn json_rules_are_rules() {
    let folder = Folder::with("a\n1\n\n");
    let text = r#"{"version": 1, "rules": [{"id": "one", "table": "data",
        "checks": [{"column": "a", "not_null": true}, {"row_count": {"min": 2}}]}]}"#;
    let report = folder.run("data.csv", &OpenOptions::default(), &rules(text)).unwrap();
    assert_eq!(counts(&report), [(2, 1, None), (2, 0, None)]);
}

#[test]
fn anchors_stand_for_what_they_name() {
    let folder = Folder::with("a,b\n1,\n,2\n");
    let text = "\
version: 1
rules:
  - id: one
    table: data
    checks: &checks
      - { id: a, column: &column a, not_null: true }
      - { id: b, column: *column, type: &type integer }
  - { id: two, table: data, where: b IS NULL, checks: *checks }
";
    let report = folder.run("data.csv", &OpenOptions::default(), &rules(text)).unwrap();
    assert_eq!(counts(&report), [(2, 1, None), (2, 0, None), (1, 0, None), (1, 0, None)]);
}

#[test]
fn a_merge_key_puts_the_fields_of_what_it_names_into_its_mapping() {
    let folder = Folder::with("a,b\n1,\n,2\n");
    let text = "\
version: 1
rules:
  - &one
    id: one
    table: data
    checks:
      - &a { id: a, column: a, not_null: true, severity: low }
      - { <<: *a, id: b, column: b }
  - { where: a IS NULL, <<: [{ id: two, where: b = 9 }, *one] }
";
    let report = folder.run("data.csv", &OpenOptions::default(), &rules(text)).unwrap();
    assert_eq!(counts(&report), [(2, 1, None), (2, 1, None), (1, 1, None), (1, 0, None)]);
    let ids: Vec<_> = report.rules.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["one", "two"], "what is merged first wins");
    assert!(report.checks().all(|it| it.severity == Severity::Low));
    let told = problems(
        "version: 1\n<<: word\nrules: [{ id: a, table: t, checks: [{ row_count: { max: 9 } }], '<<': {} }]",
    );
    insta::assert_snapshot!(told, @r"
    rules.yaml:2:5: `<<` takes a mapping, or a list of them
    rules.yaml:3:65: a rule has no field `<<`
    ");
}

#[test]
fn a_mapping_of_many_fields_is_read_in_one_go() {
    let mut text = "version: 1\nrules: []\nparameters:\n".to_owned();
    (0..200_000).for_each(|it| writeln!(text, "  parameter_{it}: {it}").unwrap());
    RuleSet::parse("rules.yaml", &text, &BTreeMap::new()).unwrap();
    writeln!(text, "  parameter_7: 7").unwrap();
    assert_eq!(problems(&text), "rules.yaml:200004:3: `parameter_7` stands here twice");
}

#[test]
fn aliases_that_would_fill_the_memory_are_refused() {
    let mut text = "version: 1\nparameters:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = format!("*a{}", level - 1);
        let list = vec![before; 10].join(", ");
        writeln!(text, "  a{level}: &a{level} [{list}]").unwrap();
    }
    let problems = problems(&text);
    assert!(problems.contains("more than 1000000 values"), "{problems}");
    assert!(problems.lines().count() < 30, "{}", problems.lines().count());
}

#[test]
fn aliases_nest_no_deeper_than_what_is_written_out() {
    let (open, close) = ("[".repeat(20), "]".repeat(20));
    let mut text = format!("version: 1\nparameters:\n  a0: &a0 {open}x{close}\n");
    for level in 1..1_000 {
        writeln!(text, "  a{level}: &a{level} {open}*a{}{close}", level - 1).unwrap();
    }
    let problems = problems(&text);
    assert!(problems.starts_with("rules.yaml:6:"), "{problems:.200}");
    assert!(problems.contains("more than 64 levels, one inside another"), "{problems:.200}");
}

#[test]
fn nesting_without_an_end_is_refused() {
    for text in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000)] {
        let problems = problems(&text);
        assert!(problems.starts_with("rules.yaml:1:"), "{problems:.200}");
    }
}
