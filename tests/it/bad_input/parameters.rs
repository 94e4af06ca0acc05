//! Parameters of a rule file that are missing, and what they may do.

use std::collections::BTreeMap;

use dq_core::engine::OpenOptions;
use dq_core::rules::RuleSet;

use crate::bad_input::Folder;
use crate::bad_input::rules::problems;
use crate::run::counts;

#[test]
fn a_parameter_without_a_value_or_a_declaration() {
    let text = "\
version: 1
parameters: { limit: null, table: data }
rules:
  - id: one
    table: ${table}
    checks:
      - { row_count: { max: '${limit}' } }
      - { column: '${colum}', matches: '^$${a}${unclosed' }
";
    insta::assert_snapshot!(problems(text), @r"
    rules.yaml:7:29: parameter `limit` has no value: pass one
    rules.yaml:8:19: parameter `colum` is not declared under `parameters`
    rules.yaml:8:40: `${` without a closing `}`; write `$${` for the characters themselves
    ");
    let given = BTreeMap::from([("limt".to_owned(), "1".to_owned())]);
    let error = RuleSet::parse("rules.yaml", text, &given).unwrap_err();
    insta::assert_snapshot!(error.message(), @r"
    rules.yaml:1:1: the file declares no parameter `limt`; did you mean `limit`?
    rules.yaml:7:29: parameter `limit` has no value: pass one
    rules.yaml:8:19: parameter `colum` is not declared under `parameters`
    rules.yaml:8:40: `${` without a closing `}`; write `$${` for the characters themselves
    ");
}

#[test]
fn what_cannot_be_a_parameter_is_told_where_it_is_declared() {
    let text = "\
version: 1
parameters:
  list: [1, 2]
  other: '${plain}'
  open: '${'
  plain: '$${plain}'
  [a]: 1
rules:
  - id: one
    table: data
    checks:
      - { column: a, between: { min: '${list}', max: '${other}' } }
      - { column: a, matches: '${open}', one: '${plain}' }
";
    insta::assert_snapshot!(problems(text), @r"
    rules.yaml:3:9: the parameter `list` is a list: give it a single value
    rules.yaml:4:10: the parameter `other` takes no other, such as `plain`; write `$${` for the characters themselves
    rules.yaml:5:9: `${` without a closing `}`; write `$${` for the characters themselves
    rules.yaml:7:3: a parameter has a name and a single value
    rules.yaml:13:42: a check has no field `one`
    ");
    let text = "version: 1\nparameters: [a]\nrules: []\n";
    assert_eq!(problems(text), "rules.yaml:2:13: expected `parameters` as a mapping, found a list");
}

#[test]
fn nothing_else_is_said_of_a_value_that_is_missing_and_everything_of_the_others() {
    let text = "\
version: 1
parameters: { day: null }
rules:
  - id: one
    table: ${table}
    severity: ${severity}
    where: ${day}
    checks:
      - column: ${column}
        not_null: true
      - { column: '${other}', not_null: '${on}' }
      - { column: a, between: { min: '${day}', max: '${day}' } }
      - { column: a, one_of: { file: '${day}.txt' }, tolerance: '${day}%' }
      - references:
          columns: ['${day}', '${other}']
          table: ${table}
          key: ['${day}']
      - { column: a, format: '${day}', severty: high }
  - id: ${id}
    table: data
    checks: ${checks}
";
    insta::assert_snapshot!(problems(text), @r"
    rules.yaml:5:12: parameter `table` is not declared under `parameters`
    rules.yaml:6:15: parameter `severity` is not declared under `parameters`
    rules.yaml:7:12: parameter `day` has no value: pass one
    rules.yaml:9:17: parameter `column` is not declared under `parameters`
    rules.yaml:11:19: parameter `other` is not declared under `parameters`
    rules.yaml:11:41: parameter `on` is not declared under `parameters`
    rules.yaml:12:38: parameter `day` has no value: pass one
    rules.yaml:12:53: parameter `day` has no value: pass one
    rules.yaml:13:38: parameter `day` has no value: pass one
    rules.yaml:13:65: parameter `day` has no value: pass one
    rules.yaml:15:21: parameter `day` has no value: pass one
    rules.yaml:15:31: parameter `other` is not declared under `parameters`
    rules.yaml:16:18: parameter `table` is not declared under `parameters`
    rules.yaml:17:17: parameter `day` has no value: pass one
    rules.yaml:18:30: parameter `day` has no value: pass one
    rules.yaml:18:40: a check has no field `severty`; did you mean `severity`?
    rules.yaml:19:9: parameter `id` is not declared under `parameters`
    rules.yaml:21:13: parameter `checks` is not declared under `parameters`
    ");
}

#[test]
fn a_parameter_cannot_change_what_the_file_says_but_for_its_own_value() {
    let folder = Folder::with("a\n1\n\"}, x: y\"\n");
    let text = "\
version: 1
parameters: { value: null }
rules:
  - { id: one, table: data, checks: [{ column: a, one_of: ['${value}'] }] }
";
    let given = BTreeMap::from([("value".to_owned(), "}, x: y".to_owned())]);
    let rules = RuleSet::parse("rules.yaml", text, &given).unwrap();
    let report = folder.run("data.csv", &OpenOptions::default(), &rules).unwrap();
    assert_eq!(counts(&report), [(2, 1, None)]);
    let text = text.replace("null", "'}, x$${y}'").replace("'${value}'", "'}, x$${y}', '${value}'");
    let rules = RuleSet::parse("rules.yaml", &text, &BTreeMap::new()).unwrap();
    assert_eq!(rules.parameters().len(), 0);
    let folder = Folder::with("a\n\"}, x${y}\"\n\"}, x$${y}\"\n");
    let report = folder.run("data.csv", &OpenOptions::default(), &rules).unwrap();
    assert_eq!(counts(&report), [(2, 1, None)], "the escape is one in a parameter's value, too");
}
