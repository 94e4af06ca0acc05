//! A configuration as text: what every value is and where it comes from, without secrets.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::config::settings::{Origin, Setting};
use crate::config::value::{SettingValue, yaml_text};

/// A section or a value, in the order of the table of keys.
enum Tree<'a> {
    Section(Vec<(&'a str, Self)>),
    Value(&'a Setting),
}

/// YAML, with the origin of each value in a comment.
pub(crate) fn yaml(settings: &[&Setting]) -> String {
    let mut root = Vec::new();
    for setting in settings {
        let names: Vec<_> = setting.segments.iter().map(String::as_str).collect();
        insert(&mut root, &names, setting);
    }
    let mut text = String::new();
    write_section(&root, 0, &mut text);
    text
}

fn insert<'a>(section: &mut Vec<(&'a str, Tree<'a>)>, names: &[&'a str], setting: &'a Setting) {
    let Some((name, rest)) = names.split_first() else { return };
    if rest.is_empty() {
        section.push((name, Tree::Value(setting)));
        return;
    }
    let at = section.iter().position(|(it, _)| it == name).unwrap_or_else(|| {
        section.push((name, Tree::Section(Vec::new())));
        section.len() - 1
    });
    if let Some((_, Tree::Section(inside))) = section.get_mut(at) {
        insert(inside, rest, setting);
    }
}

fn write_section(section: &[(&str, Tree<'_>)], depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    for (name, tree) in section {
        let name = if name.starts_with('[') { "-".to_owned() } else { yaml_text(name) + ":" };
        match tree {
            Tree::Section(inside) => {
                let _ = writeln!(text, "{indent}{name}");
                write_section(inside, depth + 1, text);
            }
            Tree::Value(setting) => {
                let value = setting.value.as_ref().map_or("null".to_owned(), SettingValue::to_yaml);
                let _ = writeln!(text, "{indent}{name} {value}  # {}", comment(setting));
            }
        }
    }
}

fn comment(setting: &Setting) -> String {
    let origin = match setting.origin {
        Origin::Default if setting.value.is_none() => "not set".to_owned(),
        _ => setting.origin.to_string(),
    };
    // The name of a file may have any character in it.
    let origin = origin.replace(char::is_control, "?");
    if setting.is_used() { origin } else { format!("{origin}; not yet used") }
}

/// JSON: an object with a member for each path.
pub(crate) fn json(settings: &[&Setting]) -> Value {
    let entries = settings.iter().map(|it| {
        let value = it.value.as_ref();
        let entry = json!({
            "value": value.map(SettingValue::to_json),
            "text": value.map(SettingValue::shown),
            "origin": origin(&it.origin),
            "used": it.is_used(),
        });
        (it.path(), entry)
    });
    json!({ "format": 1, "settings": entries.collect::<Map<_, _>>() })
}

fn origin(origin: &Origin) -> Value {
    match origin {
        Origin::Default => json!({ "kind": "default" }),
        Origin::File { file, line, column } => {
            json!({ "kind": "file", "file": file, "line": line, "column": column })
        }
        Origin::Variable(name) => json!({ "kind": "variable", "variable": name }),
        Origin::Explicit => json!({ "kind": "explicit" }),
    }
}
