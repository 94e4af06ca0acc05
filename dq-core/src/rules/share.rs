//! A part of a whole, as its author wrote it.

use std::cmp::Ordering;
use std::fmt;

/// A part of a whole, from nothing to all of it: so many of a power of ten. Kept as written, so that
/// comparing it is exact.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Share {
    parts: u64,
    whole: u64,
}

impl Share {
    /// Reads `0.95` or `95%`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        const PLACES_MAX: usize = 12;
        let (text, hundred) = match text.strip_suffix('%') {
            Some(percent) => (percent.trim_end(), 100),
            None => (text, 1),
        };
        let (integer, fraction) = text.split_once('.').unwrap_or((text, ""));
        let are_digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
        if !are_digits(integer) || !are_digits(fraction) || fraction.len() > PLACES_MAX {
            return None;
        }
        let parts = format!("{integer}{fraction}").parse().ok()?;
        let whole = 10_u64.checked_pow(fraction.len() as u32)?.checked_mul(hundred)?;
        (parts <= whole).then_some(Self { parts, whole })
    }

    /// The least number that is at least this share of `all`.
    pub(crate) fn of(self, all: u64) -> u64 {
        let parts = u128::from(self.parts) * u128::from(all);
        parts.div_ceil(u128::from(self.whole)) as u64
    }

    /// How this compares with `part` of `all`.
    pub(crate) fn compare(self, part: u64, all: u64) -> Ordering {
        let mine = u128::from(self.parts) * u128::from(all);
        mine.cmp(&(u128::from(part) * u128::from(self.whole)))
    }

    /// Whether this is more than `other`.
    pub(crate) fn exceeds(self, other: Self) -> bool {
        self.compare(other.parts, other.whole).is_gt()
    }

    /// The nearest floating-point number.
    pub(crate) fn to_f64(self) -> f64 {
        self.parts as f64 / self.whole as f64
    }
}

/// In percent, without rounding.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = u128::from(self.parts) * 100;
        let (integer, rest) = (percent / u128::from(self.whole), percent % u128::from(self.whole));
        write!(f, "{integer}")?;
        if rest > 0 {
            let places = self.whole.ilog10() as usize;
            let fraction = format!("{rest:0places$}");
            write!(f, ".{}", fraction.trim_end_matches('0'))?;
        }
        f.write_str("%")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(text: &str) -> Share {
        Share::parse(text).unwrap_or_else(|| panic!("`{text}` is a share"))
    }

    #[test]
    fn shares_are_read_as_parts_of_one_and_in_percent() {
        for text in ["0", "1", "0.95", ".5", "1.0", "0%", "100%", "99.5%", "5 %"] {
            share(text);
        }
        for text in ["", ".", "%", "1.1", "101%", "-0.5", "1e-1", "0,5", "0.1234567890123", "five"]
        {
            assert_eq!(Share::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_share_is_exact_at_its_border() {
        assert_eq!(share("0.1%").compare(1, 1000), Ordering::Equal);
        assert_eq!(share("0.1%").compare(1, 1001), Ordering::Greater);
        assert_eq!(share("0.999").compare(u64::MAX - 1, u64::MAX), Ordering::Less);
        assert_eq!([0, 1, 2, 3, 4, 5].map(|it| share("0.5").of(it)), [0, 1, 1, 2, 2, 3]);
        assert_eq!(share("100%").of(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_share_is_shown_in_percent() {
        let shown = ["0.95", "0.5%", "1", "0.3333", ".05"].map(|it| share(it).to_string());
        assert_eq!(shown, ["95%", "0.5%", "100%", "33.33%", "5%"]);
    }
}
