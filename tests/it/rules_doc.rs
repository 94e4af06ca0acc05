//! `docs/rules.md` is made of the documentation of the checks, so that neither can drift.

use std::fs;
use std::path::Path;

use dq_core::rules::Check;
use dq_core::rules::expression::functions;
use regex::Regex;

/// `DQ_UPDATE_DOCS=1 cargo test rules_doc` writes the file anew.
#[test]
fn the_rules_are_documented_from_their_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("docs/rules.md");
    let expected = rules_md(root);
    if std::env::var_os("DQ_UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).expect("docs/rules.md is writable");
    }
    let found = fs::read_to_string(&path).expect("docs/rules.md is readable");
    assert!(
        found == expected,
        "docs/rules.md is stale: run `DQ_UPDATE_DOCS=1 cargo test rules_doc`"
    );
}

fn rules_md(root: &Path) -> String {
    let source = root.join("dq-core/src/rules");
    let head = fs::read_to_string(root.join("docs/rules.head.md")).expect("the head is readable");
    let mut text = format!("{}\n\n## Checks\n", head.trim_end());
    let mut files: Vec<_> = Check::NAMES.iter().map(|name| check_file(name)).collect();
    files.dedup();
    for file in files {
        text.extend(["\n", &module_docs(&source.join("check").join(file), "###"), "\n"]);
    }
    text += "\n## Formats\n\nFor the check `format`.\n";
    let mut formats: Vec<_> = fs::read_dir(source.join("format"))
        .expect("formats are readable")
        .map(|it| it.expect("an entry is readable").path())
        .filter(|it| !it.ends_with("mod.rs"))
        .collect();
    formats.sort();
    for path in formats {
        text.extend(["\n", &module_docs(&path, "###"), "\n"]);
    }
    text.extend([
        "\n## Expressions\n\n",
        &module_docs(&source.join("expression/mod.rs"), ""),
        "\n\n### Functions\n\n| function | what it gives |\n|---|---|\n",
    ]);
    for function in functions() {
        let signature = function.signature().replace('|', "\\|");
        text.extend(["| `", &signature, "` | ", function.documentation(), " |\n"]);
    }
    // What rustdoc links to is a section of this page.
    text.replace("[`functions`]", "[Functions](#functions)")
        .replace("[`Format`]", "[Formats](#formats)")
        .replace("[`Expression`]", "[Expressions](#expressions)")
        .replace("see Keys", "see [Keys](#keys)")
}

pub(crate) fn check_file(name: &str) -> String {
    match name {
        "type" => "typed.rs".to_owned(),
        "referenced" => "cardinality.rs".to_owned(),
        "mean" | "min" | "max" | "sum" | "quantile" => "aggregate.rs".to_owned(),
        name => format!("{name}.rs"),
    }
}

/// The `//!` of a file; its first line becomes a heading of the given level, if there is one.
pub(crate) fn module_docs(path: &Path, heading: &str) -> String {
    let source = fs::read_to_string(path).expect("a source file is readable");
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let text = lines.map(|it| it.strip_prefix(' ').unwrap_or(it)).collect::<Vec<_>>().join("\n");
    // Links to items of the crate lead nowhere here.
    let link = Regex::new(r"\[([^\]]+)\](\(crate::[^)]*\))").expect("the pattern compiles");
    let text = link.replace_all(&text, "$1").into_owned();
    if heading.is_empty() {
        return text;
    }
    let (name, rest) = text.split_once(": ").expect("a file opens with the name of its subject");
    let (first, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    let mut first = first.chars();
    let capital: String = first.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{heading} {name}\n\n{capital}{}\n{rest}", first.as_str()).trim_end().to_owned()
}
