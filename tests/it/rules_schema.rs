//! `docs/rules.schema.json` is made of the checks and their documentation, and accepts what a rule set
//! may be and no more.

use std::fs;

use dq_core::rules::{Check, RuleSet, schema};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::prose::documents;
use crate::rules_doc::{check_file, module_docs};
use crate::run::repository;
use crate::yaml::json_of_yaml;

const PATH: &str = "docs/rules.schema.json";

fn validator() -> Validator {
    let text = fs::read_to_string(repository(PATH)).expect("the schema is readable");
    let schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
    jsonschema::draft7::meta::validate(&schema).expect("the schema is one of draft 7");
    jsonschema::validator_for(&schema).expect("the schema is usable")
}

/// `DQ_UPDATE_DOCS=1 cargo test rules_schema` writes the file anew.
#[test]
fn the_schema_is_that_of_the_checks() {
    let path = repository(PATH);
    let mut schema = schema();
    for name in Check::NAMES {
        let file = repository("dq-core/src/rules/check").join(check_file(name));
        describe(&mut schema, name, &first_sentence(&module_docs(&file, "###")));
    }
    let expected = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if std::env::var_os("DQ_UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).expect("the schema is writable");
    }
    let found = fs::read_to_string(&path).expect("the schema is readable");
    assert!(found == expected, "{PATH} is stale: run `DQ_UPDATE_DOCS=1 cargo test rules_schema`");
}

/// What a document says in its first sentence under its heading.
fn first_sentence(document: &str) -> String {
    let (_, text) = document.split_once("\n\n").expect("a heading and a text");
    let text = text.split("\n\n").next().unwrap_or_default();
    text.replace('\n', " ")
}

/// Says what a check means wherever an editor may show it.
fn describe(schema: &mut Value, name: &str, description: &str) {
    let check = &mut schema["definitions"]["check"];
    check["properties"][name] = json!({ "description": description });
    let kinds = check["allOf"].as_array_mut().expect("a list of kinds");
    let is_it = |it: &&mut Value| it["if"]["required"] == json!([name]);
    let kind = kinds.iter_mut().find(is_it).expect("a kind for each check");
    let argument = kind["then"]["properties"][name].take();
    kind["then"]["properties"][name] = json!({ "description": description, "allOf": [argument] });
}

/// A rule set with one check, in flow style.
fn with_check(check: &str) -> String {
    format!(
        "version: 1\nrules:\n  - id: one\n    table: data\n    checks:\n      - {{ {check} }}\n"
    )
}

fn is_read(text: &str) -> bool {
    RuleSet::parse("rules.yaml", text, &[("p".to_owned(), "1".to_owned())].into()).is_ok()
        || RuleSet::parse("rules.yaml", text, &[].into()).is_ok()
}

#[test]
fn every_rule_set_of_the_repository_validates() {
    let validator = validator();
    let mut texts = Vec::new();
    for folder in ["examples/rules", "benches", "dq-core/src/packs"] {
        let files = fs::read_dir(repository(folder)).into_iter().flatten();
        let files = files.map(|it| it.expect("an entry is readable").path());
        for path in files.filter(|it| it.extension().is_some_and(|it| it == "yaml")) {
            texts.push((path.clone(), fs::read_to_string(path).expect("rules are readable")));
        }
    }
    let block = regex::Regex::new(r"(?s)```yaml\n(version: 1\n.*?)```").unwrap();
    for (path, text) in documents() {
        for found in block.captures_iter(&text) {
            texts.push((path.clone(), found[1].to_owned()));
        }
    }
    assert!(texts.len() >= 4, "{}", texts.len());
    for (path, text) in texts {
        let json = json_of_yaml(&text);
        let errors: Vec<_> = validator.iter_errors(&json).map(|it| it.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    }
}

#[test]
fn every_example_of_a_check_validates() {
    let validator = validator();
    let example = regex::Regex::new(r"(?m)^//! - (\{.*\})$").unwrap();
    for name in Check::NAMES {
        let file = repository("dq-core/src/rules/check").join(check_file(name));
        let source = fs::read_to_string(file).expect("a check is readable");
        for found in example.captures_iter(&source) {
            let text = with_check(found[1].trim_matches(['{', '}']));
            let json = json_of_yaml(&text);
            assert!(validator.is_valid(&json), "{name}: {}", &found[1]);
        }
    }
}

/// What a person may write.
const RIGHT: &[&str] = &[
    "column: 2020, not_null: true",
    "column: a, not_null: 'true', id: 1, message: 2, severity: info",
    "column: a, matches: 5",
    "column: a, one_of: 5",
    "column: a, one_of: [A, 1, true]",
    "column: a, one_of: { file: words.txt }",
    "column: a, between: { min: '1.5', max: 1e3 }",
    "column: a, between: { min: -.5 }",
    "column: a, between: { min: 2026-01-31, max: today }",
    "column: a, between: { max: '${p}' }",
    "column: a, length: { min: 1, max: '9' }",
    "column: a, type: timestamp, tolerance: 0.5%",
    "column: a, format: nucc_taxonomy, tolerance: { warn: 0, fail: 10 }",
    "column: a, format: npi, tolerance: { fail: 100% }",
    "column: a, trimmed: true",
    "column: a, no_control_characters: true",
    "expression: true",
    "unique: a",
    "unique: [a, b], ignore: blank, normalize: [case, blanks]",
    "unique: [a], ignore: [blank], normalize: case",
    "functional_dependency: { from: a, to: [b, c] }, normalize: blanks",
    "row_count: { max: 0 }",
    "references: { columns: a, table: t }",
    "references: { columns: [a, b], table: t, key: [c, d] }, ignore: blank",
    "referenced: { columns: [a], table: t, foreign_key: b, where: b > 1 }",
    "cardinality: { columns: [a], table: t, min: 1, where: b > 1 }, normalize: case",
    "custom: sum, columns: [a]",
    "column: a, freshness: { max_age: 2d }",
    "column: a, completeness: { min: 95%, max: 1 }, ignore: blank",
    "column: a, distinct_count: { min: 1 }, normalize: case",
    "columns: [a, b], distinct_count: { max: 9 }",
    "column: a, mean: { min: 1.5 }",
    "column: a, quantile: { at: 0.5, max: 7 }",
    "sql: SELECT 1",
];

/// What goes wrong, as far as a schema can see.
const WRONG: &[&str] = &[
    "column: a",
    "column: a, not_nul: true",
    "column: a, not_null: true, not_blank: true",
    "column: a, colunm: b, not_null: true",
    "not_null: true",
    "column: a, not_null: false",
    "column: [a], trimmed: true",
    "column: a, not_null: true, severity: hihg",
    "column: a, not_null: true, tolerance: 5 percent",
    "column: a, not_null: true, tolerance: 0.5",
    "column: a, not_null: true, tolerance: -1",
    "column: a, not_null: true, tolerance: {}",
    "column: a, not_null: true, tolerance: { war: 1 }",
    "column: a, one_of: []",
    "column: a, one_of: { path: nowhere.txt }",
    "column: a, between: {}",
    "column: a, between: { min: 1, mx: 5 }",
    "column: a, between: { min: tomorrow }",
    "column: a, between: 5",
    "column: a, length: 3",
    "column: a, length: { min: -1 }",
    "column: a, length: { min: 1.5 }",
    "column: a, type: intger",
    "column: a, format: npl",
    "column: a, format: npi, ignore: blank",
    "unique: []",
    "unique: { columns: [a] }",
    "unique: [a], ignore: nul",
    "unique: [a], normalize: [case, blank]",
    "unique: [a], column: a",
    "functional_dependency: { from: [a] }",
    "row_count: {}",
    "row_count: { min: many }",
    "references: { columns: [a], tabel: t }",
    "references: { columns: [a], table: t, normalize: case }",
    "cardinality: { columns: [a], table: t }",
    "referenced: { columns: [a], table: t, min: 1 }",
    "expression: [a]",
    "custom: sum",
    "column: a, freshness: 2d",
    "column: a, freshness: { max: 2d }",
    "column: a, completeness: { min: most }",
    "distinct_count: { min: 1 }",
    "column: a, columns: [b], distinct_count: { min: 1 }",
    "column: a, sum: 5",
    "column: a, quantile: { max: 7 }",
    "sql: [SELECT 1]",
];

#[test]
fn the_schema_and_the_reader_agree_about_checks() {
    let validator = validator();
    for check in RIGHT {
        let text = format!("parameters: {{ p: 1 }}\n{}", with_check(check));
        let text = if check.contains("words.txt") { with_check("expression: a") } else { text };
        assert!(is_read(&text), "{check}");
        let json = json_of_yaml(&with_check(check));
        let errors: Vec<_> = validator.iter_errors(&json).map(|it| it.to_string()).collect();
        assert!(errors.is_empty(), "{check}: {errors:#?}");
    }
    for check in WRONG {
        assert!(!is_read(&with_check(check)), "{check}");
        assert!(!validator.is_valid(&json_of_yaml(&with_check(check))), "{check}");
    }
}

#[test]
fn the_schema_and_the_reader_agree_about_rules() {
    let validator = validator();
    let is_valid = |text: &str| validator.is_valid(&json_of_yaml(text));
    let right = [
        "version: 1\nrules: []",
        "version: '1'\nrules: [{ id: 1, table: 2, checks: [{ row_count: { max: 9 } }] }]",
        "$schema: rules.schema.json\nversion: 1\ndescription: all\nparameters: { a: null, b: 1 }\nrules: []",
        "version: 1\nrules: [{ id: a, table: b, description: c, severity: low, where: d > 1, checks: [{ row_count: { max: 9 } }] }]",
    ];
    for text in right {
        assert!(is_read(text), "{text}");
        assert!(is_valid(text), "{text}");
    }
    let wrong = [
        "version: 2\nrules: []",
        "rules: []",
        "version: 1",
        "version: 1\nrules: {}",
        "version: 1\nrules: []\nextra: true",
        "version: 1\nrules: [word]",
        "version: 1\nrules: [{ table: b, checks: [{ row_count: { max: 9 } }] }]",
        "version: 1\nrules: [{ id: a, checks: [{ row_count: { max: 9 } }] }]",
        "version: 1\nrules: [{ id: a, table: b }]",
        "version: 1\nrules: [{ id: a, tabel: b, checks: [{ row_count: { max: 9 } }] }]",
        "version: 1\nrules: [{ id: a, table: b, checks: none }]",
        "version: 1\nrules: [{ id: a, table: b, checks: [] }]",
        "version: 1\nrules: [{ id: a, table: b, severity: sever, checks: [{ row_count: { max: 9 } }] }]",
        "version: 1\nrules: [{ id: a, table: b, filter: c, checks: [{ row_count: { max: 9 } }] }]",
        "- version",
    ];
    for text in wrong {
        assert!(!is_read(text), "{text}");
        assert!(!is_valid(text), "{text}");
    }
}
