//! `docs/healthcare.md` is made of the pack and of the kinds of defects, so that none can drift.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use dq_core::generate::Defect;
use dq_core::packs::Pack;
use dq_core::rules::Rule;

use crate::run::repository;

/// `DQ_UPDATE_DOCS=1 cargo test healthcare_doc` writes the file anew.
#[test]
fn the_pack_is_documented_from_its_source() {
    let path = repository("docs/healthcare.md");
    let expected = healthcare_md();
    if std::env::var_os("DQ_UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).expect("docs/healthcare.md is writable");
    }
    let found = fs::read_to_string(&path).expect("docs/healthcare.md is readable");
    assert!(
        found == expected,
        "docs/healthcare.md is stale: run `DQ_UPDATE_DOCS=1 cargo test healthcare_doc`"
    );
}

fn healthcare_md() -> String {
    let head = fs::read_to_string(repository("docs/healthcare.head.md")).unwrap();
    let pack = Pack::Healthcare.text();
    let rules = Pack::Healthcare.rules(&BTreeMap::new()).unwrap();
    let mut text = format!("{}\n\n## Rules\n", head.trim_end());
    for rule in rules.rules() {
        write_rule(&mut text, rule, &comment_above(pack, &format!("  - id: {}", rule.id)));
    }
    text += "\n## Parameters\n\n| parameter | default | what it is |\n|---|---|---|\n";
    for (name, default, comment) in parameters(pack) {
        writeln!(text, "| `{name}` | `{}` | {comment} |", default.replace('|', "\\|")).unwrap();
    }
    text += "\n## Generated data\n\n\
        `dq generate` makes the three tables with defects whose number is known. Each kind of defect is found by its \
        checks and by no other.\n\n| defect | what is wrong | found by |\n|---|---|---|\n";
    for defect in Defect::ALL {
        let checks: Vec<_> = defect.checks().iter().map(|it| format!("`{it}`")).collect();
        let (name, what) = (defect.as_str(), defect.description());
        writeln!(text, "| `{name}` | {what} | {} |", checks.join(", ")).unwrap();
    }
    text
}

fn write_rule(text: &mut String, rule: &Rule, comment: &str) {
    writeln!(text, "\n### `{}`\n", rule.id).unwrap();
    writeln!(text, "{}\n", rule.description.as_deref().expect("a description")).unwrap();
    assert!(comment.contains("Why:"), "`{}` says why", rule.id);
    for paragraph in ["Why:", "Source:", "Tune:"] {
        let rest = comment.split_once(paragraph).map(|it| it.1);
        let Some(rest) = rest else { continue };
        let end = ["Why:", "Source:", "Tune:"].iter().filter_map(|it| rest.find(it)).min();
        let (paragraph_text, _) = rest.split_at(end.unwrap_or(rest.len()));
        writeln!(text, "**{paragraph}** {}\n", paragraph_text.trim()).unwrap();
    }
    if !rule.aliases.is_empty() {
        writeln!(text, "Also known as `{}`.\n", rule.aliases.join("`, `")).unwrap();
    }
    text.push_str("| check | severity | table | violation |\n|---|---|---|---|\n");
    for check in &rule.checks {
        let message = check.message.as_deref().expect("a message");
        let (id, severity, table) = (&check.id, check.severity, &check.table);
        writeln!(text, "| `{id}` | {severity} | `{table}` | {message} |").unwrap();
    }
}

/// The comment right above the line that begins so, in one line.
fn comment_above(text: &str, start: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    let at = lines.iter().position(|it| *it == start).expect("the line is there");
    let above = lines[..at].iter().rev().map_while(|it| it.trim_start().strip_prefix('#'));
    let mut words: Vec<_> = above.map(str::trim).collect();
    words.reverse();
    words.join(" ")
}

/// Each parameter with its default and the comment above it, which may stand for several.
fn parameters(text: &str) -> Vec<(String, String, String)> {
    let (_, text) = text.split_once("\nparameters:\n").expect("parameters");
    let (text, _) = text.split_once("\n\n").expect("the end of the parameters");
    let (mut parameters, mut comment, mut is_new) = (Vec::new(), String::new(), false);
    for line in text.lines().map(str::trim) {
        if let Some(more) = line.strip_prefix('#') {
            comment =
                if is_new { format!("{comment} {}", more.trim()) } else { more.trim().into() };
            is_new = true;
            continue;
        }
        is_new = false;
        let (name, default) = line.split_once(": ").expect("a name and a value");
        parameters.push((name.to_owned(), default.trim_matches('"').to_owned(), comment.clone()));
    }
    parameters
}
