//! What the documents say exists.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::run::{repository, rules};

/// Every Markdown document of the repository, with its text.
pub(crate) fn documents() -> Vec<(PathBuf, String)> {
    let folders = ["", "docs", "benches", "examples/data", "dq-py"].map(repository);
    let files = folders.iter().flat_map(|it| fs::read_dir(it).into_iter().flatten());
    let paths = files.map(|it| it.expect("an entry is readable").path());
    let documents = paths.filter(|it| it.extension().is_some_and(|it| it == "md"));
    documents.map(|it| (it.clone(), fs::read_to_string(&it).expect("it is text"))).collect()
}

/// What `pattern` captures in `text`.
fn found<'a>(pattern: &str, text: &'a str) -> Vec<&'a str> {
    let pattern = Regex::new(pattern).expect("the pattern compiles");
    pattern.captures_iter(text).map(|it| it.get(1).expect("a group").as_str()).collect()
}

#[test]
fn links_lead_somewhere() {
    let documents = documents();
    assert!(documents.len() > 4);
    for (path, text) in documents {
        for link in found(r"\]\(([^)#\s]+)", &text) {
            let target = path.parent().unwrap_or(Path::new("")).join(link);
            let is_there = link.contains("://") || target.exists();
            assert!(is_there, "{}: `{link}` is not there", path.display());
        }
    }
}

#[test]
fn files_and_targets_that_are_named_exist() {
    let makefile = fs::read_to_string(repository("Makefile")).expect("there is a Makefile");
    for (path, text) in documents() {
        for file in found(r"[\s`](examples/[\w./-]*\w)", &text) {
            assert!(repository(file).exists(), "{}: `{file}` is not there", path.display());
        }
        for target in found(r"[$`] ?make ([a-z-]+)", &text) {
            let is_target = makefile.lines().any(|it| it.starts_with(&format!("{target}:")));
            assert!(is_target, "{}: `make {target}` makes nothing", path.display());
        }
    }
}

#[test]
fn the_program_has_the_options_that_are_named() {
    let folder = repository("dq-server/src/arguments");
    let sources = fs::read_dir(folder).expect("there are arguments");
    let sources = sources.map(|it| fs::read_to_string(it.expect("an entry").path()));
    let arguments: String = sources.map(|it| it.expect("a source file")).collect();
    for (path, text) in documents() {
        for command in found(r"(?m)^\$ (?:.*\| )?dq (.*)$", &text) {
            for option in found(r"--([a-z-]+)", command) {
                let is_there = arguments.contains(&option.replace('-', "_"))
                    || arguments.contains(&format!("\"{option}\""));
                assert!(is_there, "{}: no option `--{option}`", path.display());
            }
        }
    }
}

#[test]
fn the_rules_of_the_documents_are_rules() {
    let mut blocks = 0;
    for (path, text) in documents() {
        for block in found(r"(?s)```yaml\n(version: 1\n.*?)```", &text) {
            assert!(rules(block).check_count() > 0, "{}", path.display());
            blocks += 1;
        }
    }
    assert!(blocks > 0, "the README shows a rule set");
}
