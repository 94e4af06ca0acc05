//! Spans of days, as values of keys; and which of those of one key overlap.

use crate::validate::keys::records::Key;
use crate::value::Value;
use crate::value::lens::date_of;

/// From a day to a day, both included.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Span {
    start: i32,
    end: i32,
}

/// The end of a span that has none.
const OPEN: i32 = i32::MAX;

/// What stands for a span of which a day cannot be read.
const UNREADABLE: &[u8] = &[0];

impl Span {
    /// Writes the span between two values. Nothing where there is none: without a start, or with an end
    /// before it.
    pub(crate) fn encode(from: Value<'_>, to: Value<'_>, out: &mut Vec<u8>) -> Option<()> {
        out.clear();
        if matches!(from, Value::Null) {
            return None;
        }
        let end = match to {
            Value::Null => Some(OPEN),
            to => date_of(to).map(|it| it.days()),
        };
        let (Some(start), Some(end)) = (date_of(from).map(|it| it.days()), end) else {
            out.extend_from_slice(UNREADABLE);
            return Some(());
        };
        if end < start {
            return None;
        }
        out.extend_from_slice(&start.to_le_bytes());
        out.extend_from_slice(&end.to_le_bytes());
        Some(())
    }

    /// The span that was written; none if a day of it could not be read.
    pub(crate) fn decode(value: Key) -> Option<Self> {
        let bits = value.bits();
        let span = Self { start: bits as i32, end: (bits >> 32) as i32 };
        (Key::short(UNREADABLE) != Some(value)).then_some(span)
    }
}

/// Calls `overlaps` with the position of each span that shares a day with another one, perhaps more
/// than once. The spans are in order.
pub(crate) fn for_each_overlapping(
    spans: impl Iterator<Item = Span>,
    mut overlaps: impl FnMut(usize),
) {
    // The span that reaches furthest of those that began before. Whoever overlaps any of them overlaps
    // this one, and whoever was overlapped has been found when it began or when it reached furthest.
    let mut furthest: Option<(i32, usize)> = None;
    for (position, span) in spans.enumerate() {
        if let Some((_, other)) = furthest.filter(|(end, _)| span.start <= *end) {
            overlaps(other);
            overlaps(position);
        }
        if furthest.is_none_or(|(end, _)| end < span.end) {
            furthest = Some((span.end, position));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_span_that_meets_another_is_found_and_no_other(
            spans in prop::collection::vec((0..20_i32, 0..6_i32), 0..12),
        ) {
            let mut spans: Vec<_> =
                spans.into_iter().map(|(start, days)| Span { start, end: start + days }).collect();
            spans.sort_unstable();
            let mut found = BTreeSet::new();
            for_each_overlapping(spans.iter().copied(), |it| { found.insert(it); });
            let meets = |a: usize| (0..spans.len()).any(|b| {
                a != b && spans[a].start <= spans[b].end && spans[b].start <= spans[a].end
            });
            let expected: BTreeSet<_> = (0..spans.len()).filter(|it| meets(*it)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_span_is_read_as_it_was_written() {
        let read = |from, to| {
            let mut bytes = Vec::new();
            Span::encode(from, to, &mut bytes)?;
            Some(Key::short(&bytes).and_then(Span::decode))
        };
        let text = |it: &'static str| Value::Text(it.as_bytes());
        assert_eq!(
            read(text("1969-12-31"), text("1970-01-02")),
            Some(Some(Span { start: -1, end: 1 }))
        );
        assert_eq!(read(text("1970-01-01"), Value::Null), Some(Some(Span { start: 0, end: OPEN })));
        assert_eq!(read(text("1970-01-01"), text("soon")), Some(None));
        assert_eq!(read(text("soon"), Value::Null), Some(None));
        assert_eq!(read(Value::Null, text("1970-01-01")), None);
        assert_eq!(read(text("1970-01-02"), text("1970-01-01")), None);
    }
}
