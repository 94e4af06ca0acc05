//! Rule files that cannot be used.

use std::collections::BTreeMap;
use std::fmt::Write;

use dq_core::ErrorKind;
use dq_core::engine::OpenOptions;
use dq_core::rules::format::Format;
use dq_core::rules::{Check, RuleSet};
use dq_core::validate::Status;

use crate::bad_input::Folder;
use crate::run::{counts, rules};

/// What is said of a rule file. The list of all checks is written `CHECKS`, that of formats `FORMATS`.
pub(crate) fn problems(text: &str) -> String {
    let error = RuleSet::parse("rules.yaml", text, &BTreeMap::new()).expect_err(text);
    assert_eq!(error.kind(), ErrorKind::RulesInvalid, "{text}");
    let formats: Vec<_> = Format::ALL.iter().map(|it| it.name()).collect();
    let message = error.message().replace(&Check::NAMES.join(", "), "CHECKS");
    message.replace(&formats.join(", "), "FORMATS")
}

/// Rules with one rule about `table` that has one check, in line 6.
pub(crate) fn one_check(table: &str, check: &str) -> String {
    format!(
        "version: 1\nrules:\n  - id: rule\n    table: {table}\n    checks:\n      - {{ {check} }}\n"
    )
}

/// Lists what is said of each of `inputs`.
pub(crate) fn listed(inputs: &[&str], told: impl Fn(&str) -> String) -> String {
    let mut list = String::new();
    for input in inputs {
        writeln!(list, "{input}").unwrap();
        for line in told(input).lines() {
            writeln!(list, "    {line}").unwrap();
        }
    }
    list
}

const SENSELESS: &[&str] = &[
    "column: a",
    "column: a, not_nul: true",
    "column: a, not_null: true, not_blank: true",
    "column: a, colunm: b, not_null: true",
    "not_null: true",
    "column: a, not_null: false",
    "column: a, not_null:",
    "column: [a, b], not_null: true",
    "column: { a: b }, not_null: true",
    "column: a, not_null: true, severity: hihg",
    "column: a, not_null: true, tolerance: 5 percent",
    "column: a, not_null: true, tolerance: 101%",
    "column: a, not_null: true, tolerance: -1",
    "column: a, not_null: true, tolerance: -5%",
    "column: a, not_null: true, tolerance: +5%",
    "column: a, not_null: true, tolerance: 0.5",
    "column: a, not_null: true, tolerance: .nan",
    "column: a, not_null: true, tolerance: ''",
    "column: a, not_null: true, tolerance: 99999999999999999999",
    "column: a, not_null: true, tolerance: 0.0000000000001%",
    "column: a, not_null: true, tolerance: [1]",
    "column: a, not_null: true, tolerance: { warn: 5, fail: 1 }",
    "column: a, not_null: true, tolerance: { warn: 1%, fail: 0.1% }",
    "column: a, not_null: true, tolerance: { warn: none, fail: 1 }",
    "column: a, not_null: true, tolerance: {}",
    "column: a, not_null: true, tolerance: { war: 1 }",
    "column: a, matches: '^[0-9'",
    "column: a, matches: '(?=look)'",
    "column: a, matches: 'a{99999}{99999}'",
    "column: a, one_of: []",
    "column: a, one_of: { file: nowhere.txt }",
    "column: a, one_of: { path: nowhere.txt }",
    "column: a, between: {}",
    "column: a, between: { min: 1, mx: 5 }",
    "column: a, between: { min: 5, max: 1 }",
    "column: a, between: { min: 2021-01-01, max: 2020-01-01 }",
    "column: a, between: { min: 5, max: 2020-01-01 }",
    "column: a, between: { min: tomorrow }",
    "column: a, length: 3",
    "column: a, length: { min: -1 }",
    "column: a, length: { min: 3, max: 2 }",
    "column: a, type: intger",
    "column: a, format: npl",
    "column: a, format: uid",
    "column: a, trimmed: yes",
    "trimmed: true",
    "column: a, no_control_characters: false",
    "unique: []",
    "unique: [a, b, a]",
    "unique: [a], ignore: nul",
    "unique: [a], normalize: [case, blank]",
    "unique: [a], normalize: { case: true }",
    "references: { columns: [a], table: t, normalize: case }",
    "functional_dependency: { from: [a] }",
    "functional_dependency: { from: [a, a], to: b }",
    "functional_dependency: { from: a, to: [b, b] }",
    "no_overlap: { key: [a, a], from: b, to: c }",
    "columns: [a, a], distinct_count: { min: 1 }",
    "column: a, columns: [b], distinct_count: { min: 1 }",
    "row_count: {}",
    "row_count: { min: many }",
    "references: { columns: [a, b], table: t, key: [c] }",
    "references: { columns: [a, a], table: t, key: [b, c] }",
    "references: { columns: [a, b], table: t, key: [c, c] }",
    "references: { columns: [a], tabel: t }",
    "referenced: { columns: [a], table: t, where: 'a =' }",
    "cardinality: { columns: [a], table: t }",
    "cardinality: { columns: [a, a], table: t, min: 1 }",
    "cardinality: { columns: [a, b], table: t, foreign_key: [c, c], min: 1 }",
    "expression: 'a = '",
    "expression: 'lenght(a) > 3'",
    "expression: 'a = (SELECT 1)'",
    "expression: 'a = 1; DROP TABLE data'",
    "expression: [a]",
];

#[test]
fn an_argument_that_makes_no_sense() {
    let told = |check: &str| problems(&one_check("data", check)).replace("rules.yaml:", "");
    insta::assert_snapshot!(listed(SENSELESS, told));
}

#[test]
fn a_name_that_the_table_does_not_have() {
    let folder = Folder::with("provider_id,first_name,first_names\n1,Ada,Ada\n");
    let told = |table: &str, check: &str| {
        let text = one_check(table, check);
        let (kind, message) =
            folder.told(folder.run("data.csv", &OpenOptions::default(), &rules(&text)));
        assert_eq!(kind, ErrorKind::RulesInvalid, "{check}");
        message.replace("rules.yaml:", "")
    };
    let checks = [
        "column: provider, not_null: true",
        "column: zip, not_null: true",
        "unique: [provider_id, frist_name]",
        "unique: [first_name, FIRST_NAME]",
        "columns: [first_name, First_Name], distinct_count: { min: 1 }",
        "expression: first_nam = 'Ada' AND frist_name = 'Ada'",
        "references: { columns: [provider_id], table: providers }",
        "references: { columns: [provider_id], table: data, key: [id] }",
        "cardinality: { columns: [provider_id], table: data, where: 'wrong = 1', min: 1 }",
        "custom: checksum, columns: [provider_id]",
        "column: fee, sum: { min: 1 }",
        "columns: [provider_id, frist_name], distinct_count: { min: 1 }",
    ];
    insta::assert_snapshot!(listed(&checks, |check| told("data", check)));
    insta::assert_snapshot!(told("dta", checks[0]), @r"3:5: the source has no table `dta`; its only table is `data`");
}

#[test]
fn every_problem_is_told_in_the_order_of_the_lines() {
    let text = "\
version: 2
rules:
  - id: one
    tabel: data
    severity: sever
    checks:
      - { id: a, column: a, not_nul: true }
      - { id: b, column: b, matches: '(' }
      - { id: c, column: c, type: integer, tolerance: -1 }
      - { id: c, column: c, not_null: true }
  - id: two
    table: data
    where: a =
    checks:
      - { id: a, column: a, not_null: true }
  - id: two
    table: data
    checks: none
extra: true
";
    insta::assert_snapshot!(problems(text), @r"
    rules.yaml:1:10: this dq reads version 1 of the rule language
    rules.yaml:3:5: a rule needs `table`
    rules.yaml:4:5: a rule has no field `tabel`; did you mean `table`?
    rules.yaml:5:15: `sever` is no severity: info, low, medium, high or critical
    rules.yaml:7:9: a check has one of CHECKS; this has none; `not_nul` is none; did you mean `not_null`?
    rules.yaml:8:38: `matches`: the regular expression does not compile: unclosed group
    rules.yaml:9:55: `tolerance` cannot be `-1`: the least is 0
    rules.yaml:10:9: another check of the rule has the id `c`; give each an `id` of its own
    rules.yaml:13:12: `where`: expected an expression, found the end
    rules.yaml:16:5: another rule has the id `two`
    rules.yaml:18:13: expected `checks` as a list, found a single value
    rules.yaml:19:1: a rule set has no field `extra`
    ");
}

#[test]
fn two_checks_cannot_have_one_full_name() {
    let text = "\
version: 1
rules:
  - { id: a/b, table: data, checks: [{ id: c, column: x, not_null: true }] }
  - { id: a, table: data, checks: [{ id: b/c, column: x, not_null: true }, { id: c, column: x, not_null: true }] }
";
    let told = "rules.yaml:4:36: the rule `a/b` has a check `a/b/c`, too: change an id";
    assert_eq!(problems(text), told);
}

#[test]
fn problems_with_the_table_are_told_in_the_order_of_the_lines() {
    let folder = Folder::with("a,b\n1,2\n");
    let text = "\
version: 1
rules:
  - id: one
    table: data
    where: x = 1
    checks:
      - { column: x, not_null: true }
  - id: two
    table: data
    checks:
      - { column: y, not_null: true }
      - { unique: [z, a, y] }
  - id: three
    table: other
    checks:
      - { column: a, not_null: true }
";
    let (_, message) = folder.told(folder.run("data.csv", &OpenOptions::default(), &rules(text)));
    insta::assert_snapshot!(message, @r"
    rules.yaml:5:12: table `data` has no column `x`
    rules.yaml:7:9: table `data` has no column `x`
    rules.yaml:11:9: table `data` has no column `y`
    rules.yaml:12:9: table `data` has no column `z`
    rules.yaml:12:9: table `data` has no column `y`
    rules.yaml:13:5: the source has no table `other`; its only table is `data`
    ");
}

#[test]
fn what_is_no_rule_set_at_all() {
    let texts = [
        "",
        "# nothing but a comment",
        "- a\n- list",
        "just words",
        "version: 1\nrules: [",
        "version: 1\n\tindented: by a tab",
        "version: 1\nrules: []\nrules: []",
        "version: 1\nrules: []\n---\nversion: 1\nrules: []",
        "version: 1\nrules: *nowhere",
        "version: 1",
        "rules: []",
        "version: one\nrules: {}",
        "version: 1\nrules: [word, [list]]",
        "version: 1\nrules: [{ id: one, table: data }]",
        "{\"version\": 1, \"rules\": [}",
    ];
    insta::assert_snapshot!(listed(&texts, problems));
}

#[test]
fn a_file_of_rules_that_cannot_be_read() {
    let folder = Folder::new();
    folder.write("latin.yaml", b"version: 1\n# caf\xe9\nrules: []\n");
    let read = |name: &str| folder.told(RuleSet::read(&folder.path(name), &BTreeMap::new()));
    let missing =
        "cannot read the rules in `DIR/none.yaml`: No such file or directory (os error 2)";
    assert_eq!(read("none.yaml"), (ErrorKind::UsageInvalid, missing.to_owned()));
    let latin = "DIR/latin.yaml:2:6: this is not UTF-8";
    assert_eq!(read("latin.yaml"), (ErrorKind::RulesInvalid, latin.to_owned()));
    let folder_of = "cannot read the rules in `DIR/.`: Is a directory (os error 21)";
    assert_eq!(read("."), (ErrorKind::UsageInvalid, folder_of.to_owned()));
}

#[test]
fn an_id_that_is_blank_says_what_to_do() {
    let text = "\
version: 1
parameters: { name: ' ' }
rules:
  - id: ''
    table: data
    checks:
      - { id: \"\", column: a, not_null: true }
      - { id: \"\\u00a0\", column: b, not_null: true, tolerance: many }
      - { id: '${name}', column: c, not_null: true }
  - { id: \"\\t\", table: data, checks: [] }
  - { id: two, aliases: [one, ' '], table: data, checks: [{ row_count: { max: 9 } }] }
";
    insta::assert_snapshot!(problems(text), @r"
    rules.yaml:4:9: `id` is blank: give the rule a name, such as `npi`
    rules.yaml:7:15: `id` is blank: name the check, or leave `id` out to call it after its kind and its columns
    rules.yaml:8:15: `id` is blank: name the check, or leave `id` out to call it after its kind and its columns
    rules.yaml:8:63: `tolerance` cannot be `many`: expected a number of rows, such as `12`, or a share, such as `0.1%`
    rules.yaml:9:15: `id` is blank: name the check, or leave `id` out to call it after its kind and its columns
    rules.yaml:10:11: `id` is blank: give the rule a name, such as `npi`
    rules.yaml:10:38: a rule has at least one check: add one, or leave the rule out
    rules.yaml:11:25: one of `aliases` is blank: leave it out
    ");
}

#[test]
fn files_beside_the_rules_are_found_from_there() {
    let folder = Folder::with("a\nx\n y\nz\n");
    folder.write("words.txt", "x\r\n\ny\n");
    folder.write("rules.yaml", one_check("data", "column: a, one_of: { file: words.txt }"));
    let rules = RuleSet::read(&folder.path("rules.yaml"), &BTreeMap::new()).unwrap();
    let report = folder.run("data.csv", &OpenOptions::default(), &rules).unwrap();
    assert_eq!(counts(&report), [(3, 2, None)]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_value_of_a_list() {
    let folder = Folder::with("a\nx\ny\n");
    folder.write("words.txt", "\u{feff}x\r\ny\r\n");
    folder.write("rules.yaml", one_check("data", "column: a, one_of: { file: words.txt }"));
    let rules = RuleSet::read(&folder.path("rules.yaml"), &BTreeMap::new()).unwrap();
    let report = folder.run("data.csv", &OpenOptions::default(), &rules).unwrap();
    assert_eq!(counts(&report), [(2, 0, None)]);
    folder.write("words.txt", b"x\ny\n\xff\n");
    let error = RuleSet::read(&folder.path("rules.yaml"), &BTreeMap::new()).unwrap_err();
    assert!(error.message().ends_with("words.txt`: line 3 is not UTF-8"), "{error}");
}

#[test]
fn a_list_in_a_file_has_values_and_lines() {
    let folder = Folder::with("a\nx\n");
    folder.write("rules.yaml", one_check("data", "column: a, one_of: { file: words.txt }"));
    let told = |words: &str| {
        folder.write("words.txt", words);
        folder.told(RuleSet::read(&folder.path("rules.yaml"), &BTreeMap::new())).1
    };
    for words in ["", "\n\r\n", "\u{feff}"] {
        let message = "DIR/rules.yaml:6:30: cannot use `DIR/words.txt`: it holds no value";
        assert_eq!(told(words), message, "{words:?}");
    }
    let message = "DIR/rules.yaml:6:30: cannot use `DIR/words.txt`: it holds a carriage return without a \
                   line feed: are its lines ended by CR alone? convert them to LF";
    assert_eq!(told("x\ry\r"), message);
}

#[test]
fn blanks_around_a_name_do_not_hide_the_nearest() {
    let folder = Folder::with("id , a \n1,2\n");
    let rules = rules(&one_check("data", "unique: [a, id]"));
    let (_, message) = folder.told(folder.run("data.csv", &OpenOptions::default(), &rules));
    insta::assert_snapshot!(message, @r"
    rules.yaml:6:9: table `data` has no column `a`; did you mean ` a `?
    rules.yaml:6:9: table `data` has no column `id`; did you mean `id `?
    ");
}

#[test]
fn a_rule_set_without_rules_is_neither_right_nor_wrong() {
    let folder = Folder::with("a\n1\n");
    let none = rules("version: 1\nrules: []");
    let report = folder.run("data.csv", &OpenOptions::default(), &none).unwrap();
    assert_eq!(report.status, Status::NotApplicable);
    assert_eq!(report.checks().count(), 0);
}

#[test]
fn a_rule_without_checks_does_not_pass_for_one_that_holds() {
    insta::assert_snapshot!(
        problems("version: 1\nrules: [{ id: a, table: data, checks: [] }]"),
        @"rules.yaml:2:39: a rule has at least one check: add one, or leave the rule out"
    );
}
