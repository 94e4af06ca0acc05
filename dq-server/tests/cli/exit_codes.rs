//! What a pipeline acts on.

use crate::program::{Program, RULES};

#[test]
fn data_without_violations_exit_with_0() {
    let program = Program::new();
    program.write("people.csv", "id,name,zip\n1,Ada,12345\n");
    program.validate(&[]).saying(0, "");
}

#[test]
fn violations_exit_with_1() {
    Program::new().validate(&[]).saying(1, "");
}

#[test]
fn violations_below_the_severity_to_fail_on_exit_with_0() {
    let program = Program::new();
    program.validate(&["--fail-on", "medium"]).with(1);
    program.validate(&["--fail-on", "high"]).with(1);
    program.validate(&["--fail-on", "critical"]).with(0);
    program.validate(&["--fail-on", "none"]).with(0);
}

#[test]
fn the_source_may_stand_behind_the_options() {
    let program = Program::new();
    program.run(&["validate", "--rules", "rules.yaml", "--fail-on", "high", "people.csv"]).with(1);
}

#[test]
fn a_source_that_is_not_there_exits_with_3() {
    let program = Program::new();
    let ended = program.run(&["validate", "nobody.csv", "--rules", "rules.yaml"]).with(3);
    assert_eq!(ended.stdout, "");
    assert!(
        ended.stderr.starts_with("dq: cannot ") && ended.stderr.contains("`nobody.csv`"),
        "{ended:?}"
    );
    assert_eq!(ended.stderr.lines().count(), 1);
    assert_eq!(program.names(), ["people.csv", "rules.yaml"]);
}

#[test]
fn rules_that_are_not_there_exit_with_2() {
    let ended = Program::new().run(&["validate", "people.csv", "--rules", "none.yaml"]).with(2);
    assert!(ended.stderr.contains("`none.yaml`"), "{ended:?}");
}

#[test]
fn rules_that_do_not_fit_the_table_exit_with_2() {
    let program = Program::new();
    program.write("people.csv", "id,name,zipcode\n1,Ada,12345\n");
    let ended = program.validate(&[]).with(2);
    assert!(ended.stderr.starts_with("rules.yaml:7:"), "{ended:?}");
    assert!(ended.stderr.contains("`zipcode`"), "{ended:?}");
}

#[test]
fn a_check_that_cannot_run_exits_with_3_and_the_others_are_reported() {
    let program = Program::new();
    let rules = "      - { id: query, sql: SELECT 1 }\n";
    program.write("rules.yaml", RULES.to_owned() + rules);
    let ended = program.validate(&[]).with(3);
    let told = "could not run: cannot query `data`: this source runs no SQL";
    assert!(ended.stdout.contains(told), "{ended:?}");
    assert!(ended.stdout.contains("3 checks: 2 failed, 1 could not run"), "{ended:?}");
}

#[test]
fn a_figure_out_of_its_bounds_exits_with_1_and_is_shown_beside_them() {
    let program = Program::new();
    let rules = "      - { id: mean, column: id, mean: { max: 1.5 } }\n";
    program.write("rules.yaml", RULES.to_owned() + rules);
    let ended = program.validate(&[]).with(1);
    let told = "people/mean  mean(id): found a mean of 2, expected at most 1.5";
    assert!(ended.stdout.contains(told), "{ended:?}");
}
