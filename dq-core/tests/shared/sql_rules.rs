//! Many checks of columns of many types, for databases that answer them in SQL.

use std::collections::BTreeMap;

use dq_core::rules::RuleSet;
use dq_core::source::Source;
use dq_core::validate::{CheckReport, Engine, Report, ValidateOptions, validate};

/// Many checks of each column.
pub(crate) fn rules(columns: &[&str], conditions: &[&str]) -> RuleSet {
    let mut text = vec!["version: 1\nrules:\n".to_owned()];
    for name in columns {
        text.push(format!("  - id: {name}\n    table: t\n    checks:\n"));
        let of_column = [
            "not_null: true",
            "not_blank: true",
            "trimmed: true",
            "no_control_characters: true",
            "matches: '^[0-9a-f.-]+$'",
            "matches: 'a|\\s'",
            "matches: '(?i)^S{1,2}$'",
            "one_of: [a, '1', '1.5', 'true', '2024-02-29', '2024-02-29 23:59:59.999999']",
            "length: { max: 4 }",
            "type: integer",
            "type: decimal",
            "type: date",
            "type: timestamp",
            "type: boolean",
            "format: iso_date",
            "format: uuid",
            "format: email",
            "between: { min: 0, max: 9007199254740992.0 }",
            "between: { min: -1.5 }",
            "between: { max: 9007199254740993 }",
            "between: { min: 1900-01-01, max: 2024-02-29 }",
            "completeness: { min: 90% }",
            "distinct_count: { max: 3 }",
        ];
        for (number, check) in of_column.iter().enumerate() {
            text.push(format!("      - {{ id: c{number}, column: {name}, {check} }}\n"));
        }
        for (number, form) in
            ["", ", ignore: blank", ", normalize: case", ", normalize: [case, blanks]"]
                .iter()
                .enumerate()
        {
            text.push(format!("      - {{ id: u{number}, unique: [{name}]{form} }}\n"));
            text.push(format!(
                "      - {{ id: d{number}, functional_dependency: {{ from: [{name}], to: plain }}{form} }}\n"
            ));
            text.push(format!(
                "      - {{ id: r{number}, references: {{ columns: [{name}], table: t, key: [whole] }}{form} }}\n"
            ));
            text.push(format!(
                "      - {{ id: s{number}, cardinality: {{ columns: [{name}], table: t, max: 2 }}{form} }}\n"
            ));
        }
    }
    text.push("  - id: conditions\n    table: t\n    checks:\n".to_owned());
    for (number, condition) in conditions.iter().enumerate() {
        text.push(format!("      - {{ id: e{number}, expression: \"{condition}\" }}\n"));
        text.push(format!(
            "      - {{ id: w{number}, column: plain, not_null: true, where: \"{condition}\" }}\n"
        ));
    }
    RuleSet::parse("rules.yaml", &text.concat(), &BTreeMap::new()).unwrap()
}

/// Holds what a database answers, check by check and with the rows that are shown, to what a scan of it says. At
/// least so many checks are answered.
pub(crate) async fn answers_as_a_scan(source: &dyn Source, rules: &RuleSet, answered_min: usize) {
    let native = report(source, rules, Engine::Native).await;
    let sql = report(source, rules, Engine::Sql).await;
    let mut answered = 0;
    for (rule, (native, sql)) in sql
        .rules
        .iter()
        .zip(&native.rules)
        .flat_map(|(sql, native)| native.checks.iter().zip(&sql.checks).map(|it| (&sql.id, it)))
    {
        assert_eq!(told(sql), told(native), "{rule}: {sql:?}");
        let reason = sql.streamed.as_deref().unwrap_or_default();
        assert!(!reason.contains("refuses"), "{rule}: {sql:?}");
        answered += usize::from(sql.engine == Some(Engine::Sql));
    }
    assert!(answered > answered_min, "only {answered} of {}", sql.checks().count());
}

async fn report(source: &dyn Source, rules: &RuleSet, engine: Engine) -> Report {
    let options = ValidateOptions { engine, show_values: true, ..ValidateOptions::default() };
    validate(source, rules, &options).await.unwrap()
}

fn told(check: &CheckReport) -> String {
    serde_json::to_string(&CheckReport { engine: None, streamed: None, ..check.clone() }).unwrap()
}
