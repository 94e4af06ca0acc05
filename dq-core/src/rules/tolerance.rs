//! How many violations a check puts up with.

use crate::document::{Content, Node};
use crate::rules::fields::Fields;

/// How many violations a check puts up with before it warns, and before it fails.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tolerance {
    /// More than this warns; `None` never warns.
    pub warn: Option<Allowance>,
    /// More than this fails; `None` never fails.
    pub fail: Option<Allowance>,
}

/// A number of violations: a count, or a share of the rows in scope.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Allowance {
    /// So many rows.
    Count(u64),
    /// So many parts of so many: 0.1% is 1 of 1,000. Kept as written, so that the verdict is exact.
    Share {
        /// The parts.
        parts: u64,
        /// Of how many.
        of: u64,
    },
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { warn: None, fail: Some(Allowance::Count(0)) }
    }
}

impl Allowance {
    /// Whether `violations` of `evaluated` rows are more than this allows.
    pub fn is_exceeded(self, violations: u64, evaluated: u64) -> bool {
        match self {
            Self::Count(count) => violations > count,
            Self::Share { parts, of } => {
                u128::from(violations) * u128::from(of) > u128::from(parts) * u128::from(evaluated)
            }
        }
    }

    /// Reads `12` or `0.1%`; otherwise says what is wrong.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let is_digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
        let percent = text.strip_suffix('%');
        let (whole, fraction) = match percent {
            Some(percent) => percent.split_once('.').unwrap_or((percent, "")),
            None => (text, ""),
        };
        if text.starts_with('-') {
            return Err("the least is 0");
        }
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return Err("expected a number of rows, such as `12`, or a share, such as `0.1%`");
        }
        if percent.is_none() {
            return text.parse().map(Self::Count).map_err(|_| "no table has so many rows");
        }
        let scale = 10_u64.checked_pow(fraction.len() as u32).filter(|_| fraction.len() <= 12);
        let scale = scale.ok_or("a share has at most 12 digits behind the point")?;
        let fraction = fraction.parse().unwrap_or(0);
        let whole = whole.parse::<u64>().ok().and_then(|it| it.checked_mul(scale));
        let (parts, of) = (whole.and_then(|it| it.checked_add(fraction)), scale * 100);
        let parts = parts.filter(|it| *it <= of).ok_or("a share is 100% at most")?;
        Ok(Self::Share { parts, of })
    }

    /// Whether this allows less than `other`, however many rows there are. Nobody knows how a count and a
    /// share compare.
    fn is_less_than(self, other: Self) -> bool {
        match (self, other) {
            (Self::Count(one), Self::Count(another)) => one < another,
            (Self::Share { parts, of }, Self::Share { parts: others, of: of_others }) => {
                u128::from(parts) * u128::from(of_others) < u128::from(others) * u128::from(of)
            }
            _ => false,
        }
    }
}

impl Tolerance {
    pub(crate) fn parse(node: &Node, check: &Fields<'_>) -> Option<Self> {
        if !matches!(node.content, Content::Mapping(_)) {
            return Some(Self { warn: None, fail: allowance(node, check) });
        }
        let mut fields = check.inside(node, "`tolerance`")?;
        let (warn, fail) = (fields.take("warn"), fields.take("fail"));
        if warn.is_none() && fail.is_none() {
            check.problem(node.place, "`tolerance` needs `warn`, `fail` or both");
        }
        fields.finish();
        let read = |it: Option<&Node>| it.and_then(|it| allowance(it, check));
        let (warn, fail) = (read(warn), read(fail));
        if warn.zip(fail).is_some_and(|(warn, fail)| fail.is_less_than(warn)) {
            let hint = "the check would fail before it warns";
            check.problem(node.place, format!("`warn` puts up with more than `fail`: {hint}"));
        }
        Some(Self { warn, fail })
    }
}

fn allowance(node: &Node, check: &Fields<'_>) -> Option<Allowance> {
    let text = check.text_of(node, "tolerance")?;
    let told = |it| check.problem(node.place, format!("`tolerance` cannot be `{text}`: {it}"));
    Allowance::parse(&text).map_err(told).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_exact_at_its_border() {
        let tenth_of_percent = Allowance::parse("0.1%").unwrap();
        assert!(!tenth_of_percent.is_exceeded(1, 1000));
        assert!(tenth_of_percent.is_exceeded(1, 999));
        assert!(tenth_of_percent.is_exceeded(1_000_001, 1_000_000_000));
    }

    #[test]
    fn what_is_no_allowance_is_refused() {
        for text in ["", "-1", "+1", "0.5", "101%", "%", ".%", "1e3", "abc", "1.x%", "+5%", "5 %"] {
            assert!(Allowance::parse(text).is_err(), "{text}");
        }
        assert_eq!(Allowance::parse("100%"), Ok(Allowance::Share { parts: 100, of: 100 }));
    }
}
