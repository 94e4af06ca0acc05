//! The value of a setting.

use std::fmt::Write;

use serde_json::Number;

use crate::secret::{REDACTED, Secret, redacted_url};

/// Units of time and how many milliseconds each has, greatest first.
pub(crate) const TIME_UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Units of size and how many bytes each has, greatest first.
const SIZE_UNITS: [(&str, u64); 4] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// The value of a setting, as it was understood.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SettingValue {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Whole(u64),
    /// A number.
    Decimal(f64),
    /// A span of time, in milliseconds.
    Milliseconds(u64),
    /// An amount of memory or disk, in bytes.
    Bytes(u64),
    /// A text.
    Text(String),
    /// A password, token or key.
    Secret(Secret),
    /// A URL, which may hold a password.
    Url(Secret),
    /// Several values.
    List(Vec<Self>),
}

impl SettingValue {
    /// The value as a person reads it, and as a configuration file may say it: `1h`, `2GiB`. Secrets are
    /// redacted.
    pub fn shown(&self) -> String {
        match self {
            Self::Flag(it) => it.to_string(),
            Self::Whole(it) => it.to_string(),
            Self::Decimal(it) => it.to_string(),
            Self::Milliseconds(it) => with_unit(*it, &TIME_UNITS, "ms"),
            Self::Bytes(it) => with_unit(*it, &SIZE_UNITS, ""),
            Self::Text(it) => it.clone(),
            Self::Secret(_) => REDACTED.to_owned(),
            Self::Url(it) => redacted_url(it.expose()),
            Self::List(items) => items.iter().map(Self::shown).collect::<Vec<_>>().join(", "),
        }
    }

    /// The value as a machine reads it: numbers in milliseconds and bytes. Secrets are redacted.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Flag(it) => (*it).into(),
            Self::Whole(it) | Self::Milliseconds(it) | Self::Bytes(it) => (*it).into(),
            Self::Decimal(it) => Number::from_f64(*it).map_or(serde_json::Value::Null, Into::into),
            Self::Text(_) | Self::Secret(_) | Self::Url(_) => self.shown().into(),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
        }
    }

    /// The value as YAML, in one line. Secrets are redacted.
    pub(crate) fn to_yaml(&self) -> String {
        match self {
            // A placeholder that is none stays none when the text is read again.
            Self::Text(it) => yaml_text(&it.replace("${", "$${")),
            Self::Secret(_) | Self::Url(_) => yaml_text(&self.shown()),
            Self::List(items) => {
                format!("[{}]", items.iter().map(Self::to_yaml).collect::<Vec<_>>().join(", "))
            }
            _ => self.shown(),
        }
    }
}

/// A number in the greatest unit of which it is a multiple.
fn with_unit(number: u64, units: &[(&str, u64)], smallest: &str) -> String {
    let unit = units.iter().find(|(_, size)| number >= *size && number.is_multiple_of(*size));
    match unit {
        Some((unit, size)) => format!("{}{unit}", number / size),
        None => format!("{number}{}", if number == 0 { "" } else { smallest }),
    }
}

/// A text as a YAML scalar: plain where nothing else can be read from it.
pub(crate) fn yaml_text(text: &str) -> String {
    let is_plain = text.starts_with(|it: char| it.is_ascii_alphabetic() || it == '/')
        && text.chars().all(|it| it.is_ascii_alphanumeric() || "_-./+@%".contains(it))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "y" | "n"
        );
    if is_plain {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            it if it.is_control() || matches!(it, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(quoted, "\\u{:04x}", it as u32);
            }
            it => quoted.push(it),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes_are_shown_in_their_greatest_unit() {
        let times = [0, 1, 1_500, 30_000, 90_000, 3_600_000, 604_800_000];
        let shown = times.map(|it| SettingValue::Milliseconds(it).shown());
        assert_eq!(shown, ["0", "1ms", "1500ms", "30s", "90s", "1h", "7d"]);
        let sizes = [0, 1_000, 1_024, 3 << 20, 2 << 30].map(|it| SettingValue::Bytes(it).shown());
        assert_eq!(sizes, ["0", "1000", "1KiB", "3MiB", "2GiB"]);
    }

    #[test]
    fn text_is_quoted_where_yaml_would_read_something_else() {
        for text in ["lru", "/metrics", "veeva_data_quality", "a.b"] {
            assert_eq!(yaml_text(text), text);
        }
        for text in ["", "true", "Yes", "1", "a: b", "a #b", "[redacted]", "0 * * * *", "~", "é"] {
            assert_eq!(yaml_text(text), format!("\"{text}\""));
        }
        assert_eq!(yaml_text("a\n\"\u{1b}"), "\"a\\u000a\\\"\\u001b\"");
    }
}
