//! `--only` and `--exclude`.

use crate::program::Program;

/// The checks that the report names.
fn checks(program: &Program, arguments: &[&str]) -> Vec<String> {
    let all = [&["--format", "json", "--fail-on", "none"], arguments].concat();
    let text = program.validate(&all).saying(0, "").stdout;
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let checks = report["rules"][0]["checks"].as_array().unwrap().iter();
    checks.map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn only_what_is_selected_runs() {
    let program = Program::new();
    assert_eq!(checks(&program, &["--only", "people"]), ["name", "zip"]);
    assert_eq!(checks(&program, &["--only", "people/zip"]), ["zip"]);
    assert_eq!(checks(&program, &["--only", "people/zip,people/name"]), ["name", "zip"]);
    assert_eq!(checks(&program, &["--only", "*/z*"]), ["zip"]);
    assert_eq!(checks(&program, &["--exclude", "people/zip"]), ["name"]);
    assert_eq!(checks(&program, &["--only", "people", "--exclude", "*/name"]), ["zip"]);
}

#[test]
fn what_is_left_out_need_not_fit_the_table() {
    let program = Program::new();
    program.write("people.csv", "id,name\n1,Ada\n");
    program.validate(&[]).with(2);
    program.validate(&["--exclude", "people/zip"]).saying(0, "");
}

#[test]
fn an_unknown_id_is_refused_with_the_nearest_one() {
    let program = Program::new();
    program.validate(&["--only", "people/zap"]).saying(
        2,
        "dq: `rules.yaml` has no rule or check `people/zap`; did you mean `people/zip`?\n",
    );
    program
        .validate(&["--exclude", "peple"])
        .saying(2, "dq: `rules.yaml` has no rule or check `peple`; did you mean `people`?\n");
    program
        .validate(&["--only", "people", "--exclude", "people"])
        .saying(2, "dq: no check is left: all that are selected are excluded too\n");
}
