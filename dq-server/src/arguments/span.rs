//! Spans of time on the command line.

use std::time::Duration;

/// Reads a span: a number of seconds, or of ms, s, min or h.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit_ms = match unit.trim() {
        "ms" => Some(1),
        "" | "s" => Some(1_000),
        "min" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let millis = number.parse::<u64>().ok().zip(unit_ms).and_then(|(n, it)| n.checked_mul(it));
    let span = millis.filter(|it| *it > 0).map(Duration::from_millis);
    span.ok_or_else(|| "write a number of seconds, or such as 500ms, 90s, 10min or 2h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_may_have_a_unit() {
        let spans = ["7", "7s", "500ms", "10min", "2 h"].map(parse);
        assert_eq!(
            spans,
            [7_000, 7_000, 500, 600_000, 7_200_000].map(Duration::from_millis).map(Ok)
        );
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in ["", "0", "0ms", "s", "-1", "1.5s", "7 parsecs", "99999999999999999999"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
