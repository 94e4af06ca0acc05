//! What a setting may be, and how its text is read.

use std::fmt;
use std::ops::RangeInclusive;

use crate::config::secrecy;
use crate::config::value::{SettingValue, TIME_UNITS};
use crate::document::nearest;
use crate::secret::Secret;

/// An hour, in milliseconds.
pub(crate) const HOUR_MS: u64 = 3_600_000;

/// A day, in milliseconds.
pub(crate) const DAY_MS: u64 = 86_400_000;

/// What a setting may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Flag,
    /// A whole number between two bounds.
    Whole(u64, u64),
    /// A number between two bounds.
    Decimal(f64, f64),
    /// A span of time; a number without a unit counts so many milliseconds. The bounds are in milliseconds.
    Duration(u64, u64, u64),
    /// An amount of memory between two bounds, in bytes.
    Size(u64, u64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Yes, no, or one of these words.
    FlagOrWord(&'static [&'static str]),
    Text,
    Host,
    Path,
    Secret,
    /// A secret that signs tokens.
    SigningKey,
    /// A secret that encrypts, and nobody ever types.
    EncryptionKey,
    /// A URL of one of these schemes.
    Url(&'static [&'static str]),
    /// So many per second, minute, hour or day.
    Rate,
    /// When to do something, in the five fields of `cron`.
    Cron,
    List(&'static Self),
}

impl Kind {
    /// Seconds between two bounds, themselves in milliseconds.
    pub(crate) const fn seconds(min_ms: u64, max_ms: u64) -> Self {
        Self::Duration(1_000, min_ms, max_ms)
    }

    /// Milliseconds between two bounds.
    pub(crate) const fn milliseconds(min: u64, max: u64) -> Self {
        Self::Duration(1, min, max)
    }

    /// Whether the value must not be shown.
    pub(crate) fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::SigningKey | Self::EncryptionKey)
    }

    /// Whether there may be a secret in the value, so that it may come from a file of its own.
    pub(crate) fn may_hold_secret(self) -> bool {
        match self {
            Self::Url(_) => true,
            Self::List(kind) => kind.may_hold_secret(),
            kind => kind.is_secret(),
        }
    }

    /// Reads the text of a value. The error says what was expected, and never what was found unless that
    /// is a number.
    pub(crate) fn read(self, text: &str) -> Result<SettingValue, String> {
        let expected = || format!("expected {}", self.described());
        let text_if = |fits: bool| {
            if fits { Ok(SettingValue::Text(text.to_owned())) } else { Err(expected()) }
        };
        match self {
            Self::Flag => flag(text).map(SettingValue::Flag).ok_or_else(expected),
            Self::Whole(min, max) => {
                let number = text.parse().map_err(|_| expected())?;
                within(number, min..=max, expected).map(SettingValue::Whole)
            }
            Self::Decimal(min, max) => {
                let number: f64 = text.parse().map_err(|_| expected())?;
                within(number, min..=max, expected).map(SettingValue::Decimal)
            }
            Self::Duration(unit, min, max) => {
                let number = milliseconds(text, unit).filter(|it| (min..=max).contains(it));
                number.map(SettingValue::Milliseconds).ok_or_else(expected)
            }
            Self::Size(min, max) => {
                let number = bytes(text).filter(|it| (min..=max).contains(it));
                number.map(SettingValue::Bytes).ok_or_else(expected)
            }
            Self::Word(words) => text_if(words.contains(&text))
                .map_err(|it| format!("{it}{}", nearest(text, words.iter().copied()))),
            Self::FlagOrWord(words) => match flag(text) {
                Some(it) => Ok(SettingValue::Flag(it)),
                None => text_if(words.contains(&text)),
            },
            Self::Text | Self::Path => text_if(!text.contains('\0')),
            Self::Host => text_if(is_host(text)),
            Self::Rate => text_if(is_rate(text)),
            Self::Cron => text_if(is_cron(text)),
            Self::Secret => Ok(SettingValue::Secret(Secret::new(text))),
            Self::SigningKey => {
                secrecy::is_hard_to_guess(text).map(|()| SettingValue::Secret(Secret::new(text)))
            }
            Self::EncryptionKey => {
                let secret = Secret::new(text);
                secrecy::is_random_key(&secret).map(|()| SettingValue::Secret(secret))
            }
            Self::Url(schemes) => {
                let url = is_url(text, schemes).then(|| SettingValue::Url(Secret::new(text)));
                url.ok_or_else(expected)
            }
            Self::List(kind) => {
                let items = text.split(',').map(str::trim).filter(|it| !it.is_empty());
                items.map(|it| kind.read(it)).collect::<Result<_, _>>().map(SettingValue::List)
            }
        }
    }

    /// What is expected, for messages and documents.
    pub(crate) fn described(self) -> String {
        match self {
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Whole(min, u64::MAX) => format!("a whole number, {min} or more"),
            Self::Whole(min, max) => format!("a whole number from {min} to {max}"),
            Self::Decimal(min, max) => format!("a number from {min} to {max}"),
            Self::Duration(unit, min, max) => {
                let unit = if unit == 1 { "milliseconds" } else { "seconds" };
                let [min, max] = [min, max].map(|it| SettingValue::Milliseconds(it).shown());
                format!("a time from {min} to {max} (in {unit}, or such as `90s`, `5m`, `7d`)")
            }
            Self::Size(min, max) => {
                let [min, max] = [min, max].map(|it| SettingValue::Bytes(it).shown());
                format!("a size from {min} to {max} (in bytes, or such as `64MiB`, `2GB`)")
            }
            Self::Word(words) => alternatives(words.iter().copied()),
            Self::FlagOrWord(words) => {
                alternatives(["true", "false"].into_iter().chain(words.iter().copied()))
            }
            Self::Text => "a text".to_owned(),
            Self::Host => "the name or address of a host".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::Secret => "a secret".to_owned(),
            Self::SigningKey => "a secret of 32 bytes or more".to_owned(),
            Self::EncryptionKey => "a key of 32 bytes, in hexadecimal digits or base64".to_owned(),
            Self::Url(schemes) => {
                let schemes = schemes.iter().map(|it| format!("`{it}://`"));
                format!("a URL that begins with {}", schemes.collect::<Vec<_>>().join(" or "))
            }
            Self::Rate => "a rate such as `1000/hour`".to_owned(),
            Self::Cron => "five fields of cron such as `0 */6 * * *`".to_owned(),
            Self::List(kind) => format!("a list, each {}", kind.described()),
        }
    }
}

fn alternatives<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<_> = words.map(|it| format!("`{it}`")).collect();
    let last = words.pop().unwrap_or_default();
    if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) }
}

/// The number itself if it is within bounds; it is shown otherwise, as numbers are no secrets.
fn within<N: PartialOrd + fmt::Display>(
    number: N,
    range: RangeInclusive<N>,
    expected: impl Fn() -> String,
) -> Result<N, String> {
    if range.contains(&number) {
        Ok(number)
    } else {
        Err(format!("{}, found {number}", expected()))
    }
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// A number and its unit; the number may have a fraction.
fn split_unit(text: &str) -> (&str, &str) {
    let end = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim_start())
}

fn milliseconds(text: &str, unit_ms: u64) -> Option<u64> {
    let (number, unit) = split_unit(text);
    let factor = match unit {
        "" => unit_ms,
        unit => TIME_UNITS.iter().find(|(it, _)| *it == unit)?.1,
    };
    scaled(number, factor)
}

/// Powers of 1000 (`GB`) and of 1024 (`GiB`).
fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = split_unit(text);
    let unit = unit.to_ascii_uppercase();
    let unit = unit.strip_suffix('B').unwrap_or(&unit);
    let (prefix, base) = unit.strip_suffix('I').map_or((unit, 1000), |it| (it, 1024_u64));
    let power = ["", "K", "M", "G", "T"].iter().position(|it| *it == prefix)?;
    scaled(number, base.checked_pow(u32::try_from(power).ok()?)?)
}

/// A number with or without a fraction, times `factor`; nothing if that is not whole.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let Some((whole, fraction)) = number.split_once('.') else {
        return number.parse::<u64>().ok()?.checked_mul(factor);
    };
    let whole = whole.parse::<u64>().ok()?.checked_mul(factor)?;
    let digits = u32::try_from(fraction.len()).ok()?;
    let part = fraction.parse::<u64>().ok()?.checked_mul(factor)?;
    let divisor = 10_u64.checked_pow(digits)?;
    part.is_multiple_of(divisor).then(|| whole.checked_add(part / divisor))?
}

fn is_host(text: &str) -> bool {
    let is_bare = |it: char| it.is_ascii_alphanumeric() || "-._:[]%".contains(it);
    (1..=255).contains(&text.len()) && text.chars().all(is_bare)
}

fn is_url(text: &str, schemes: &[&str]) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let after_user = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let host = after_user.split(['/', '?', '#']).next().unwrap_or_default();
    // What stands behind the colon is a port, or else a password whose `@` is missing.
    let port = match host.rsplit_once(']') {
        Some((_, behind)) => behind.strip_prefix(':'),
        None => host.split_once(':').map(|(_, port)| port),
    };
    schemes.contains(&scheme)
        && !rest.is_empty()
        && !rest.contains(char::is_whitespace)
        && port.is_none_or(|it| it.parse::<u16>().is_ok())
}

fn is_rate(text: &str) -> bool {
    text.split_once('/').is_some_and(|(count, per)| {
        let is_count = count.trim_end().parse::<u32>().is_ok_and(|it| it > 0);
        is_count && matches!(per.trim_start(), "second" | "minute" | "hour" | "day")
    })
}

fn is_cron(text: &str) -> bool {
    const BOUNDS: [(u32, u32); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
    let fields: Vec<_> = text.split_whitespace().collect();
    fields.len() == BOUNDS.len()
        && fields.iter().zip(BOUNDS).all(|(it, bounds)| is_field(it, bounds))
}

/// `*`, `7`, `1-5`, any of them with `/STEP`, and lists of them.
fn is_field(field: &str, (min, max): (u32, u32)) -> bool {
    let number = |it: &str| it.parse::<u32>().ok().filter(|it| (min..=max).contains(it));
    field.split(',').all(|item| {
        let (span, step) = item.split_once('/').map_or((item, "1"), |(span, step)| (span, step));
        let is_span = match span.split_once('-') {
            Some((low, high)) => {
                number(low).zip(number(high)).is_some_and(|(low, high)| low <= high)
            }
            None => span == "*" || number(span).is_some(),
        };
        is_span && step.parse::<u32>().is_ok_and(|it| (1..=max).contains(&it))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Kind = Kind::seconds(0, DAY_MS);

    #[test]
    fn times_have_a_unit_of_their_own_or_that_of_the_key() {
        let read = |text| match DAY.read(text) {
            Ok(SettingValue::Milliseconds(it)) => Some(it),
            _ => None,
        };
        let texts = ["30", "30s", "1.5", "1500ms", "2 h", "1d", "0.0015s"];
        let expected = [30_000, 30_000, 1_500, 1_500, 7_200_000, DAY_MS].map(Some);
        assert_eq!(texts.map(read), [&expected[..], &[None]].concat()[..]);
        for text in ["", "s", "-1", "1e3", "2d", "1 fortnight", "1.2.3s", "99999999999999999999"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_of_a_thousand_or_of_1024() {
        let texts = ["17", "1k", "2GB", "2 GiB", "1.5MiB", "0.5"];
        let expected = [17, 1_000, 2_000_000_000, 2 << 30, 3 << 19].map(Some);
        assert_eq!(texts.map(bytes), [&expected[..], &[None]].concat()[..]);
    }

    #[test]
    fn a_number_out_of_its_range_is_told_and_a_text_is_not() {
        let port = Kind::Whole(1, 65_535);
        assert_eq!(
            port.read("70000").unwrap_err(),
            "expected a whole number from 1 to 65535, found 70000"
        );
        assert_eq!(port.read("canary").unwrap_err(), "expected a whole number from 1 to 65535");
        assert!(Kind::Decimal(0.0, 1.0).read("NaN").is_err());
    }

    #[test]
    fn a_misspelt_word_is_told_the_nearest() {
        let error = Kind::Word(&["require", "verify-full"]).read("requir").unwrap_err();
        assert_eq!(error, "expected `require` or `verify-full`; did you mean `require`?");
    }

    #[test]
    fn a_url_has_one_of_the_schemes_and_a_port_that_is_a_number() {
        for url in [
            "redis://h",
            "redis://h:1/0",
            "redis://u:p:q@h:6379",
            "redis://[::1]:6379",
            "redis://[::1]/x:y",
        ] {
            assert!(is_url(url, &["redis"]), "{url}");
        }
        for url in [
            "redis://",
            "http://h",
            "h:1",
            "redis://u:p/h",
            "redis://h:99999",
            "redis://a b",
            "redis:h",
        ] {
            assert!(!is_url(url, &["redis"]), "{url}");
        }
    }

    #[test]
    fn rates_and_schedules_have_their_form() {
        for text in ["1000/hour", "50 / minute", "1/day"] {
            assert!(is_rate(text), "{text}");
        }
        for text in ["1000", "0/hour", "-1/hour", "1/fortnight", "hour/1"] {
            assert!(!is_rate(text), "{text}");
        }
        for text in ["0 */6 * * *", "0,30 8-18 1 1-12 0-5/2"] {
            assert!(is_cron(text), "{text}");
        }
        for text in
            ["0 */6 * *", "60 * * * *", "* * 0 * *", "a * * * *", "*/0 * * * *", "5-1 * * * *"]
        {
            assert!(!is_cron(text), "{text}");
        }
    }
}
