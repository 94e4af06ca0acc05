//! `docs/configuration.md` is made of the table of keys, so that neither can drift.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use dq_core::config::{Key, keys};

use crate::parse;

/// `DQ_UPDATE_DOCS=1 cargo test -p dq-core --test config reference` writes the file anew.
#[test]
fn the_configuration_is_documented_from_its_table() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let path = docs.join("configuration.md");
    let head = fs::read_to_string(docs.join("configuration.head.md")).unwrap();
    let expected = configuration_md(&head);
    if std::env::var_os("DQ_UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap();
    assert!(
        found == expected,
        "docs/configuration.md is stale: run `DQ_UPDATE_DOCS=1 cargo test -p dq-core --test config reference`"
    );
}

#[test]
fn the_example_of_the_documentation_can_be_used() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let text = fs::read_to_string(docs).unwrap();
    let example = text.split("```yaml\n").nth(1).and_then(|it| it.split("```").next()).unwrap();
    let config = parse(example).unwrap();
    assert_eq!(config.sqlite.path.to_str(), Some("/var/lib/dq/providers.db"));
    assert_eq!((config.executor.concurrent_max, config.executor.deadline_ms), (16, 90_000));
    assert_eq!(config.guard("database").breaker.recovery_timeout_ms, 60_000);
}

fn configuration_md(head: &str) -> String {
    let mut text = format!("{}\n\n## Variables\n\n", head.trim_end());
    text += "| variable | the same | key |\n|---|---|---|\n";
    for key in keys() {
        let Some((first, others)) = key.variables().split_first() else { continue };
        let file =
            if key.has_file_variables() { format!(", `{first}_FILE`") } else { String::new() };
        let others: Vec<_> = others.iter().map(|it| format!("`{it}`")).collect();
        writeln!(text, "| `{first}`{file} | {} | `{}` |", others.join(", "), key.path()).unwrap();
    }
    text += "| `DQ_DB_SHARDING_CONFIG`, `DQ_DB_SHARDING_CONFIG_FILE` | `VEEVA_DB_SHARDING_CONFIG` | the section `database.sharding`, as JSON |\n";
    text += "| `DQ_CACHE_ENCRYPTION_KEYS`, `DQ_CACHE_ENCRYPTION_KEYS_FILE` |  | the section `cache.encryption.keys`, as JSON |\n";
    text += "\n## Keys\n\n`*` is any name, `[]` each item of a list.\n";
    let mut section = "";
    for key in keys() {
        let top = key.path().split('.').next().unwrap();
        if top != section {
            section = top;
            let columns = "| key | meaning | values | default | variable | waits for |";
            write!(text, "\n### {section}\n\n{columns}\n|---|---|---|---|---|---|\n").unwrap();
        }
        write_key(&mut text, key);
    }
    text
}

fn write_key(text: &mut String, key: &Key) {
    let default = key.default_text().map(|it| format!("`{it}`")).unwrap_or_default();
    let variables: Vec<_> = key.variables().iter().map(|it| format!("`{it}`")).collect();
    writeln!(
        text,
        "| `{}` | {} | {} | {default} | {} | {} |",
        key.path(),
        key.meaning(),
        key.range(),
        variables.join(", "),
        key.awaited().unwrap_or_default()
    )
    .unwrap();
}
