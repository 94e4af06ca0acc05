//! Suggestions as a rule set in YAML: valid, and written for the person who will keep some of them.

use std::fmt::Write;

use serde_json::Value;

use crate::profile::suggestion::Suggestion;
use crate::report::counted;
use crate::report::visible;
use crate::report::words::count;

/// The rule set with every suggestion, a rule for each table.
pub(crate) fn write(suggestions: &[Suggestion], source: &str) -> String {
    let mut text = format!(
        "# Suggested by `dq profile --suggest` from {}.\n\
         # What the data are is not what they should be: keep what is right, and drop the rest.\n\
         version: 1\nrules:",
        visible(source)
    );
    if suggestions.is_empty() {
        text.push_str(" []\n");
        return text;
    }
    text.push('\n');
    for (number, checks) in suggestions.chunk_by(|a, b| a.table == b.table).enumerate() {
        let table = checks.first().map_or("", |it| &it.table);
        let is_first = suggestions.iter().find(|it| it.table == table) == checks.first();
        // A table that comes again has another rule.
        let id = if is_first { table.to_owned() } else { format!("{table} {number}") };
        let (id, table) = (scalar(&id), scalar(table));
        let _ = write!(text, "  - id: {id}\n    table: {table}\n    checks:\n");
        for check in checks {
            write_check(check, &mut text);
        }
    }
    text
}

fn write_check(suggestion: &Suggestion, text: &mut String) {
    let flags = match suggestion.violations {
        0 => "flags nothing today".to_owned(),
        found => {
            let rows = counted(suggestion.evaluated, "row");
            format!("flags {} of {rows} today", count(found))
        }
    };
    let _ = writeln!(text, "      # {}; {flags}", visible(&suggestion.reason));
    let _ = write!(text, "      - {{ id: {}", scalar(&suggestion.id));
    for (key, value) in &suggestion.definition {
        let _ = write!(text, ", {key}: {}", flow(value));
    }
    text.push_str(" }\n");
}

/// A value in flow style.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, it)| format!("{key}: {}", flow(it)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Text as a scalar: plain where nobody could misread it, quoted elsewhere.
fn scalar(text: &str) -> String {
    let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let is_plain = text.starts_with(|it: char| it.is_ascii_alphabetic())
        && text.chars().all(is_word)
        && !["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
            .iter()
            .any(|it| text.eq_ignore_ascii_case(it));
    // A parameter of the rule set begins with `${`; what only looks like one is escaped.
    let text = text.replace("${", "$${");
    if is_plain {
        text
    } else if visible(&text) == text {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        // JSON is YAML, and knows escapes.
        Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use serde_json::json;

    use crate::rules::RuleSet;

    #[test]
    fn what_is_written_is_read_back_whatever_the_names() {
        for name in [
            "zip",
            "ZIP Code",
            "null",
            "it's",
            "a: b",
            "#",
            "${x}",
            "tab\there",
            "\u{1b}[2J",
            "é",
            "",
            "007",
        ] {
            let suggestion = Suggestion {
                table: "data".to_owned(),
                id: "check".to_owned(),
                check: "one_of",
                columns: vec![name.to_owned()],
                definition: [
                    ("column".to_owned(), json!(name)),
                    ("one_of".to_owned(), json!([name, "x"])),
                ]
                .into_iter()
                .collect(),
                reason: format!("a reason\nof {name}"),
                evaluated: 0,
                violations: 0,
            };
            let text = write(&[suggestion], "a\nsource");
            let rules = RuleSet::parse("rules.yaml", &text, &BTreeMap::new())
                .unwrap_or_else(|it| panic!("{it}\n{text}"));
            assert_eq!(rules.rules()[0].checks[0].check.columns(), [name], "{text}");
        }
    }

    #[test]
    fn nothing_suggested_is_a_rule_set_too() {
        let text = write(&[], "a source");
        assert!(text.ends_with("rules: []\n"));
        assert!(RuleSet::parse("rules.yaml", &text, &BTreeMap::new()).is_ok());
    }
}
