//! Ranges of a key that is a whole number.

/// A range of the first column of a primary key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Range {
    /// The first; `None` for the beginning.
    first: Option<i128>,
    /// The one after the last; `None` for the end.
    end: Option<i128>,
}

impl Range {
    /// All rows.
    pub(crate) const WHOLE: Self = Self { first: None, end: None };

    /// Splits the keys from `least` to `greatest` into at most `parts` ranges of equal width. The first and the
    /// last are open: whatever there is beyond belongs to them.
    pub(crate) fn split(least: i128, greatest: i128, parts: usize) -> Vec<Self> {
        let width = greatest - least + 1;
        let parts = (parts as i128).min(width).max(1);
        let bound = |part: i128| (part > 0 && part < parts).then(|| least + width * part / parts);
        (0..parts).map(|it| Self { first: bound(it), end: bound(it + 1) }).collect()
    }

    /// What rows in the range meet, as the end of a query; `key` is the column as SQL.
    pub(crate) fn condition(self, key: &str) -> String {
        let bounds = [
            self.first.map(|it| format!("{key} >= {it}")),
            self.end.map(|it| format!("{key} < {it}")),
        ];
        let bounds: Vec<_> = bounds.into_iter().flatten().collect();
        if bounds.is_empty() {
            return String::new();
        }
        format!(" FORCE INDEX (PRIMARY) WHERE {}", bounds.join(" AND "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_every_key_once_and_the_ends_are_open() {
        let extremes = (i128::from(i64::MIN), i128::from(u64::MAX));
        for (least, greatest, parts) in
            [(1, 1_000, 4), (-7, 7, 3), (5, 5, 8), (extremes.0, extremes.1, 7)]
        {
            let ranges = Range::split(least, greatest, parts);
            assert_eq!((ranges[0].first, ranges[ranges.len() - 1].end), (None, None));
            for pair in ranges.windows(2) {
                assert_eq!(pair[0].end, pair[1].first);
                assert!(pair[0].first < pair[0].end);
            }
        }
        assert_eq!(Range::split(5, 5, 8), [Range::WHOLE]);
        assert_eq!(Range::WHOLE.condition("`id`"), "");
        let second = Range::split(1, 10, 2)[1].condition("`id`");
        assert_eq!(second, " FORCE INDEX (PRIMARY) WHERE `id` >= 6");
    }
}
