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

    /// Reads `12` or `0.1%`.
    fn parse(text: &str) -> Option<Self> {
        let Some(percent) = text.strip_suffix('%') else {
            return text.parse().ok().map(Self::Count);
        };
        let (whole, fraction) = percent.trim().split_once('.').unwrap_or((percent.trim(), ""));
        if whole.is_empty()
            || fraction.len() > 12
            || !fraction.bytes().all(|it| it.is_ascii_digit())
        {
            return None;
        }
        let scale = 10_u64.checked_pow(fraction.len() as u32)?;
        let fraction = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
        let parts = whole.parse::<u64>().ok()?.checked_mul(scale)?.checked_add(fraction)?;
        let of = scale.checked_mul(100)?;
        (parts <= of).then_some(Self::Share { parts, of })
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
        Some(Self { warn: read(warn), fail: read(fail) })
    }
}

fn allowance(node: &Node, check: &Fields<'_>) -> Option<Allowance> {
    let allowance = check.text_of(node, "tolerance").and_then(|it| Allowance::parse(&it));
    if allowance.is_none() {
        check.problem(
            node.place,
            "expected a number of rows, such as `12`, or a share, such as `0.1%`",
        );
    }
    allowance
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
        for text in ["", "-1", "0.5", "101%", "%", ".%", "1e3", "abc", "1.x%"] {
            assert_eq!(Allowance::parse(text), None, "{text}");
        }
        assert_eq!(Allowance::parse("100%"), Some(Allowance::Share { parts: 100, of: 100 }));
    }
}
