//! Files that are no configuration.

use std::fs;
use std::path::Path;

use dq_core::config::{Config, ConfigSources};
use dq_core::{Error, ErrorKind};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::seed::{TEXT, VARIABLES};
use crate::{environment, parse, problems, shown};

/// The error of a file with these bytes, without its folder.
fn refused(bytes: &[u8]) -> (ErrorKind, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dq.yaml");
    fs::write(&path, bytes).unwrap();
    let error = load(&path);
    let folder = format!("{}/", folder.path().display());
    (error.kind(), error.message().replace(&folder, ""))
}

fn load(path: &Path) -> Error {
    let sources = ConfigSources { file: Some(path.to_owned()), ..ConfigSources::default() };
    Config::load(&sources).unwrap_err()
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("none.yaml"), folder.path().to_owned()] {
        let error = load(&path);
        assert_eq!(error.kind(), ErrorKind::UsageInvalid);
        let start = format!("cannot read the configuration in `{}`: ", path.display());
        assert!(error.message().starts_with(&start), "{error}");
    }
}

#[test]
fn what_is_not_utf8_or_not_yaml_or_too_large_is_refused() {
    let invalid = ErrorKind::ConfigInvalid;
    assert_eq!(
        refused(b"api:\n  port: 80\xff\n"),
        (invalid, "dq.yaml:2:11: this is not UTF-8".to_owned())
    );
    let (kind, message) = refused(b"api: [1, 2\ncache: {");
    assert_eq!(kind, invalid);
    assert!(message.contains("dq.yaml:2:") && message.contains("this is not YAML"), "{message}");
    let (kind, message) = refused(&vec![b'#'; (4 << 20) + 1]);
    assert_eq!(kind, ErrorKind::UsageInvalid);
    assert!(message.ends_with("it is larger than 4 MiB"), "{message}");
    assert_eq!(
        problems(parse("api: {}\n---\ncache: {}\n")),
        ["dq.yaml:3:1: a second document: write one per file"]
    );
    assert_eq!(
        problems(parse("- api")),
        ["dq.yaml:1:1: a configuration: expected a mapping, found a list"]
    );
    assert_eq!(
        problems(parse("api")),
        ["dq.yaml:1:1: a configuration: expected a mapping, found a single value"]
    );
}

#[test]
fn a_byte_order_mark_and_json_are_fine() {
    let config =
        parse("\u{feff}{\"performance\": {\"query_execution\": {\"timeout\": \"1m\"}}}").unwrap();
    assert_eq!(config.executor.deadline_ms, 60_000);
}

#[test]
fn an_alias_repeats_a_section() {
    let text =
        "microservices:\n  circuit_breakers:\n    cache: &it { timeout: 7 }\n    queue: *it\n";
    assert_eq!(parse(text).unwrap().guard("queue").attempt_timeout_ms, 7_000);
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in ('b'..='i').zip('a'..) {
        let items = vec![format!("*{of}"); 9].join(", ");
        text.extend([format!("{name}: &{name} [{items}]\n")]);
    }
    let lines = problems(parse(&text));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].ends_with("more than 1000000 values"), "{lines:?}");
    let deep = format!("api: {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(problems(parse(&deep)).len(), 1);
}

#[test]
fn an_empty_item_of_a_list_is_not_there() {
    let formats = |text: &str| {
        let config = parse(&format!("data_quality: {{ results: {{ formats: {text} }} }}")).unwrap();
        shown(&config, "data_quality.results.formats").0
    };
    for text in ["[csv, '', json]", "'csv,, json,'", "[csv, json]"] {
        assert_eq!(formats(text).as_deref(), Some("csv, json"), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn a_damaged_file_is_read_or_refused(
        cuts in vec((any::<Index>(), 0..12_usize, "[ -~\\n\u{e9}\u{2028}]{0,3}"), 1..6),
    ) {
        let mut text: Vec<char> = TEXT.chars().collect();
        for (at, length, put) in cuts {
            let at = at.index(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, put.chars());
        }
        let text: String = text.into_iter().collect();
        match Config::parse("dq.yaml", &text, &environment(VARIABLES)) {
            Ok(config) => assert!(!config.to_yaml().contains("canary")),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
                let is_placed = |line: &str| line.starts_with("dq.yaml:");
                assert!(error.message().lines().all(is_placed), "{error}");
                assert!(!error.message().contains("canary"), "{error}");
            }
        }
    }
}

#[test]
fn a_key_stands_in_a_section_once() {
    let lines = problems(parse("api: { port: 80, port: 81 }\ncache: {}\napi: {}\n"));
    assert_eq!(
        lines,
        ["dq.yaml:1:18: `port` stands here twice", "dq.yaml:3:1: `api` stands here twice"]
    );
}
