//! `dq rules check` and `dq explain`.

use crate::program::Program;

const BROKEN: &str = "\
version: 1
rules:
  - id: people
    table: data
    checks:
      - { id: name, column: name, not_nul: true }
      - { id: zip, column: zip, matches: '^[0-9' }
";

#[test]
fn good_rules_are_counted() {
    let program = Program::new();
    let ended = program.run(&["rules", "check", "rules.yaml"]).saying(0, "");
    assert_eq!(ended.stdout, "1 rule, 2 checks: ok\n");
    program.run(&["rules", "check", "rules.yaml", "people.csv"]).saying(0, "");
}

#[test]
fn every_problem_is_told_with_its_place() {
    let program = Program::new();
    program.write("rules.yaml", BROKEN);
    let ended = program.run(&["rules", "check", "rules.yaml"]).with(2);
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert!(lines[0].starts_with("rules.yaml:6:"), "{ended:?}");
    assert!(lines[0].contains("`not_null`"), "{ended:?}");
    assert!(ended.stderr.contains("rules.yaml:7:"), "{ended:?}");
    assert_eq!(ended.stdout, "");
}

#[test]
fn rules_are_checked_against_the_tables_of_a_source() {
    let program = Program::new();
    program.write("other.csv", "id,nme,zip\n");
    let ended = program.run(&["rules", "check", "rules.yaml", "other.csv"]).with(2);
    assert!(ended.stderr.starts_with("rules.yaml:6:"), "{ended:?}");
    assert!(ended.stderr.contains("`nme`"), "{ended:?}");
}

#[test]
fn problems_of_the_file_and_of_the_tables_are_told_together() {
    let program = Program::new();
    let more = "      - { id: nme, column: nme, not_null: true }
      - { id: len, expression: \"lenght(name) > 1\" }
      - { id: where, column: name, not_null: true, where: \"zap = '1'\" }
  - { id: other, table: dta, checks: [{ row_count: { min: 1 } }] }
  - { id: none, checks: [{ row_count: { min: 1 } }] }
  - { id: wrong, table: dtaa, checks: [{ column: name, not_blnk: true }] }
";
    program.write("rules.yaml", format!("{BROKEN}{more}"));
    let ended = program.run(&["rules", "check", "rules.yaml", "people.csv"]).with(2);
    let lines: Vec<_> = ended.stderr.lines().map(|it| it.split(':').nth(1).unwrap()).collect();
    assert_eq!(lines, ["6", "7", "8", "9", "10", "11", "12", "13", "13"], "{ended:?}");
    assert!(ended.stderr.contains("no column `nme`; did you mean `name`?"), "{ended:?}");
    assert!(ended.stderr.contains("no table `dtaa`"), "even without a check that can be read");
    let ended = program.run(&["rules", "check", "rules.yaml", "nowhere.csv"]).with(2);
    let lines: Vec<_> = ended.stderr.lines().map(|it| it.split(':').nth(1).unwrap()).collect();
    assert_eq!(lines, ["6", "7", "9", "12", "13"], "{ended:?}");
}

#[test]
fn parameters_reach_the_rules() {
    let program = Program::new();
    let rules = program.read("rules.yaml").replace("table: data", "table: ${table}");
    program.write("rules.yaml", rules.replace("rules:", "parameters: { table: nothing }\nrules:"));
    program.validate(&[]).with(2);
    program.validate(&["--param", "table=data"]).saying(1, "");
    program.run(&["rules", "check", "rules.yaml", "people.csv", "-p", "table=data"]).saying(0, "");
}

#[test]
fn a_plan_is_explained_without_a_verdict() {
    let ended =
        Program::new().run(&["explain", "people.csv", "--rules", "rules.yaml"]).saying(0, "");
    assert!(ended.stdout.contains("scan `data`: 2 of 3 columns"), "{ended:?}");
}
