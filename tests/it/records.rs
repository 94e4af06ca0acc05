//! Single records, as a program checks them before it stores them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::thread;

use arrow_array::{BooleanArray, RecordBatch};
use dq_core::rules::{CustomCheck, RuleSet, Severity};
use dq_core::validate::record::{Record, RecordReport, RecordValidator, Verdict};
use dq_core::value::{ColumnSchema, Date, OwnedValue, TableSchema, Value, ValueType};
use dq_core::{Error, ErrorKind};

use crate::run::{rules, rules_of};

const RULES: &str = r#"
version: 1
rules:
  - id: provider
    table: providers
    checks:
      - { id: name, column: name, not_blank: true, severity: critical, message: Names are asked for. }
      - { id: born, column: born, between: { max: today } }
      - { id: beds, column: beds, type: integer, severity: info }
      - { id: shared, unique: [name] }
      - { id: town, references: { columns: [town], table: towns } }
  - id: active
    table: Providers
    where: status = 'ACTIVE'
    checks:
      - { id: career, expression: "graduated >= date(born) + 6000", tolerance: 100% }
      - { id: rows, row_count: { min: 10 } }
  - id: towns
    table: towns
    checks:
      - { id: size, column: inhabitants, not_null: true }
"#;

fn today() -> Date {
    Date::from_civil(2026, 11, 23).unwrap()
}

fn validator() -> RecordValidator {
    RecordValidator::new(&rules(RULES), "providers", today()).unwrap()
}

fn verdicts<'a>(report: &'a RecordReport<'_>) -> Vec<(&'a str, Verdict)> {
    report.checks.iter().map(|it| (it.check, it.verdict)).collect()
}

/// What a check of the field `a` says of the JSON record.
fn verdict(check: &str, json: &str) -> Verdict {
    let rules = rules_of("data", &[&format!("{{ {check} }}")]);
    let validator = RecordValidator::new(&rules, "data", today()).unwrap();
    validator.check_json(json).unwrap().checks[0].verdict
}

#[test]
fn every_check_of_the_table_has_a_verdict() {
    use Verdict::{NeedsOtherRows, OutOfScope, Pass, Violation};
    let validator = validator();
    let report = validator.check_json(
        r#"{"name": "Ada", "born": "2026-11-24", "beds": 1.5, "status": "ACTIVE", "graduated": "1990-01-01"}"#,
    );
    let report = report.unwrap();
    let expected = [
        ("name", Pass),
        ("born", Violation),
        ("beds", Violation),
        ("shared", NeedsOtherRows),
        ("town", NeedsOtherRows),
        ("career", Violation),
        ("rows", NeedsOtherRows),
    ];
    assert_eq!(verdicts(&report), expected);
    let violations: Vec<_> = report.violations().map(|it| (it.rule, it.check, it.kind)).collect();
    let expected = [
        ("provider", "born", "between"),
        ("provider", "beds", "type"),
        ("active", "career", "expression"),
    ];
    assert_eq!(violations, expected);
    let report = validator.check_json("{}").unwrap();
    let expected = [
        ("name", Violation),
        ("born", Pass),
        ("beds", Pass),
        ("shared", NeedsOtherRows),
        ("town", NeedsOtherRows),
        ("career", OutOfScope),
        ("rows", NeedsOtherRows),
    ];
    assert_eq!(verdicts(&report), expected);
    let [name, ..] = &report.checks[..] else { panic!() };
    assert_eq!(name.message, Some("Names are asked for."));
    assert_eq!(name.columns, ["name"]);
}

#[test]
fn a_violation_counts_by_its_severity_and_info_never() {
    let validator = validator();
    let fails = |json, severity| validator.check_json(json).unwrap().fails_at(severity);
    assert!(fails("{}", Severity::Critical));
    assert!(fails(r#"{"name": "Ada", "born": "soon"}"#, Severity::Medium));
    assert!(!fails(r#"{"name": "Ada", "born": "soon"}"#, Severity::High));
    assert!(!fails(r#"{"name": "Ada", "beds": "many"}"#, Severity::Info));
}

#[test]
fn values_mean_what_they_mean_in_a_table() {
    use Verdict::{Pass, Violation};
    let cases = [
        ("column: a, not_null: true", r#"{"a": ""}"#, Pass),
        ("column: a, not_null: true", r#"{"a": null}"#, Violation),
        ("column: a, not_null: true", r#"{"b": 1}"#, Violation),
        ("column: a, not_null: true", r#"{"a": []}"#, Pass),
        (r#"column: a, one_of: ['{"b": 1}']"#, r#"{"a": {"b": 1}}"#, Pass),
        ("column: a, between: { min: 0 }", r#"{"a": [1]}"#, Violation),
        (
            "column: a, length: { min: 30, max: 30 }",
            r#"{"a": 100000000000000000000000000000}"#,
            Pass,
        ),
        ("column: a, one_of: [1e999]", r#"{"a": 1e999}"#, Pass),
        (r"column: a, matches: '^\t\\é$'", r#"{"a": "\t\\\u00e9"}"#, Pass),
        ("column: a, length: { max: 3 }", r#"{"a": 1000}"#, Violation),
        ("column: a, one_of: ['true']", r#"{"a": true}"#, Pass),
        ("column: a, type: integer", r#"{"a": "1"}"#, Pass),
        ("column: a, type: integer", r#"{"a": 1.0}"#, Pass),
        ("column: a, type: date", r#"{"a": "2026-02-29"}"#, Violation),
        ("column: a, between: { max: 5 }", r#"{"a": "five"}"#, Violation),
        (
            "column: a, between: { min: 18446744073709551615, max: 18446744073709551615 }",
            r#"{"a": 18446744073709551615}"#,
            Pass,
        ),
        ("expression: a = 0.30000000000000004", r#"{"a": 0.30000000000000004}"#, Pass),
        ("expression: a = 1", r#"{"a": "1"}"#, Pass),
        ("expression: a < 1", r#"{"a": "x"}"#, Violation),
        ("expression: a < 1", r#"{"a": null}"#, Pass),
        ("column: A, not_null: true", r#"{"a": 1}"#, Pass),
        ("column: A, not_null: true", r#"{"a": 1, "A": null}"#, Violation),
        ("column: aA, not_null: true", r#"{"aa": 1, "AA": 1}"#, Violation),
        ("column: a, trimmed: true", r#"{"a": "x\u00a0"}"#, Violation),
    ];
    for (check, json, expected) in cases {
        assert_eq!(verdict(check, json), expected, "{check} {json}");
    }
}

#[test]
fn what_is_no_record_is_an_error_without_its_values() {
    let validator = validator();
    let told = |text: &str| {
        let error = validator.check_json(text).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::SourceInvalid, "{text}");
        error.message().trim_start_matches("cannot read a record: ").to_owned()
    };
    let texts = [
        r#"["secret"]"#,
        r#""secret""#,
        r#"{"name": "a", "name": "secret"}"#,
        r#"{"name": secret}"#,
        r#"{"name": "secret"} {}"#,
        r#"{"name": "\ud800"}"#,
        r#"{"name": 1 "secret"}"#,
        "{\"name\": \"secret\",\n",
        "",
    ];
    insta::assert_snapshot!(texts.map(told).join("\n"), @r"
    expected a JSON object
    expected a JSON object
    a field is there twice at line 1 column 31
    expected value at line 1 column 10
    trailing characters at line 1 column 20
    a text has an escape that is no character at line 1 column 18
    expected `,` or `}` at line 1 column 12
    EOF while parsing a value at line 2 column 0
    expected a JSON object
    ");
}

/// A row of the embedding program.
struct Provider {
    name: Option<String>,
    beds: i64,
}

impl Record for Provider {
    fn field(&self, name: &str) -> Option<Value<'_>> {
        match name {
            "name" => Some(self.name.as_ref().into()),
            "beds" => Some(self.beds.into()),
            _ => None,
        }
    }
}

#[test]
fn structs_and_pairs_are_records() {
    let validator = validator();
    let fails = |record: &dyn Record| validator.check(record).fails_at(Severity::Low);
    assert!(!fails(&Provider { name: Some("Ada".to_owned()), beds: 1 }));
    assert!(fails(&Provider { name: Some(" ".to_owned()), beds: 1 }));
    assert!(fails(&Provider { name: None, beds: 1 }));
    let pairs = [("NAME", Value::from("Ada")), ("born", Value::from(today()))];
    assert!(!validator.check(&pairs[..]).fails_at(Severity::Low));
    let pairs = [("name".to_owned(), OwnedValue::from("Ada")), ("born".to_owned(), 1.into())];
    assert!(validator.check(&pairs[..]).fails_at(Severity::Low));
    let map = HashMap::from(pairs);
    assert!(validator.check(&map).fails_at(Severity::Low));
}

#[test]
fn a_schema_tells_names_and_types_that_do_not_fit() {
    let schema = TableSchema {
        name: "data".to_owned(),
        columns: vec![ColumnSchema::new("amount", ValueType::Integer)],
        primary_key: vec!["amount".to_owned()],
        rows_estimate: None,
    };
    let checks =
        ["{ column: amout, not_null: true }", "{ expression: amount = 'x' }", "{ unique: [id] }"];
    let error = RecordValidator::with_schema(&rules_of("data", &checks), &schema, today());
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RulesInvalid);
    insta::assert_snapshot!(error.message(), @r"
    rules.yaml:6:9: table `data` has no column `amout`; did you mean `amount`?
    rules.yaml:7:9: `'x'` cannot be read as a number
    ");
    let rules = rules_of("data", &["{ expression: amount = '01' }"]);
    let typed = RecordValidator::with_schema(&rules, &schema, today()).unwrap();
    assert_eq!(typed.check_json(r#"{"amount": "1"}"#).unwrap().checks[0].verdict, Verdict::Pass);
}

#[test]
fn a_table_without_rules_is_an_error() {
    let error = RecordValidator::new(&rules(RULES), "provider", today()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UsageInvalid);
    let expected =
        "cannot check records of `provider`: no rule is about it; did you mean `Providers`?";
    assert_eq!(error.message(), expected);
}

#[derive(Debug)]
struct Broken;

impl CustomCheck for Broken {
    fn violations(&self, _: &RecordBatch) -> dq_core::Result<BooleanArray> {
        Err(Error::new(ErrorKind::UsageInvalid, "cannot judge"))
    }
}

#[test]
fn a_check_that_cannot_run_is_an_error_and_does_not_pass() {
    let text = "{ id: broken, custom: broken, columns: [a] }";
    let text = format!("version: 1\nrules:\n- {{ id: r, table: data, checks: [{text}] }}");
    let set = RuleSet::parse("rules.yaml", &text, &BTreeMap::new()).unwrap();
    let set = set.with_custom("broken", Arc::new(Broken));
    let validator = RecordValidator::new(&set, "data", today()).unwrap();
    let report = validator.check_json("{}").unwrap();
    assert!(report.has_errors());
    let [check] = &report.checks[..] else { panic!() };
    assert_eq!(check.verdict, Verdict::Error);
    assert_eq!(check.error.as_ref().unwrap().message(), "cannot judge");
}

#[test]
fn threads_share_a_validator() {
    let validator = validator();
    let fails = || validator.check_json("{}").unwrap().fails_at(Severity::High);
    thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| (0..100).all(|_| fails())));
        assert!(threads.into_iter().all(|it| it.join().unwrap()));
    });
}
