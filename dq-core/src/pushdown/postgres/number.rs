//! Text that is read as numbers, and bounds of numbers.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::target::{Asked, Doubt};
use crate::value::{Number, OwnedValue};

/// Text that is a whole number of so few digits that it is one of 128 bits.
const WHOLE: &str = "^[-+]?[0-9]{1,38}$";

/// Text that is a decimal number, of so small an exponent that it is neither too large nor too small for
/// a floating-point number if it is not long.
const DECIMAL: &str = r"^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]{1,2})?$";

/// How long it may be for that.
const LENGTH_MAX: u32 = 200;

/// Numbers that PostgreSQL would refuse to read, or would not round as a scan does.
fn doubt(text: &Fragment) -> Doubt {
    let rows = Fragment::new("(octet_length(")
        .and(text)
        .text(&format!(") > {LENGTH_MAX} OR "))
        .and(text)
        .text(" ~ '^[-+]?[0-9]{39}|[eE][-+]?[0-9]{3}')")
        .with_pattern();
    Doubt { rows, about: "numbers of very many digits" }
}

/// Whether a text is a decimal number.
pub(crate) fn is_decimal(text: &Fragment) -> Asked {
    let condition =
        Fragment::new("(").and(text).text(" ~ '").text(DECIMAL).text("')").with_pattern();
    Asked { doubts: vec![doubt(text)], ..Asked::certain(condition) }
}

/// Whether a text is a number between bounds. Whole numbers are compared exactly, others as the
/// floating-point numbers that they are nearest to.
pub(crate) fn text_between(text: &Fragment, min: Option<Number>, max: Option<Number>) -> Asked {
    let whole = whole_between(&text.enclosed().text("::numeric"), min, max);
    let float = float_between(&text.enclosed().text("::float8"), min, max);
    let condition = Fragment::new("CASE WHEN ")
        .and(text)
        .text(&format!(" ~ '{WHOLE}' THEN "))
        .and(&whole)
        .text(" WHEN octet_length(")
        .and(text)
        .text(&format!(") <= {LENGTH_MAX} AND "))
        .and(text)
        .text(&format!(" ~ '{DECIMAL}' THEN "))
        .and(&float)
        .text(" WHEN ")
        .and(text)
        .text(" IS NOT NULL THEN false END")
        .with_pattern()
        .with_pattern();
    Asked { doubts: vec![doubt(text)], ..Asked::certain(condition.enclosed()) }
}

/// Whether a whole number, written as `numeric` or `int8`, lies between bounds.
pub(crate) fn whole_between(
    value: &Fragment,
    min: Option<Number>,
    max: Option<Number>,
) -> Fragment {
    let least = min.map(|it| match it {
        Number::Integer(it) => it,
        Number::Float(it) => it.ceil() as i128,
    });
    let most = max.map(|it| match it {
        Number::Integer(it) => it,
        Number::Float(it) => it.floor() as i128,
    });
    between(value, least.map(whole), most.map(whole))
}

/// Whether a floating-point number lies between bounds: NaN never does.
pub(crate) fn float_between(
    value: &Fragment,
    min: Option<Number>,
    max: Option<Number>,
) -> Fragment {
    let bound = |it: f64| Fragment::default().bind(it).text("::float8");
    let inside = between(value, min.map(least_float).map(bound), max.map(most_float).map(bound));
    Fragment::new("(").and(&inside).text(" AND ").and(value).text(" <> 'NaN'::float8)")
}

fn between(value: &Fragment, min: Option<Fragment>, max: Option<Fragment>) -> Fragment {
    let min = min.map(|it| Fragment::default().and(value).text(" >= ").and(&it));
    let max = max.map(|it| Fragment::default().and(value).text(" <= ").and(&it));
    let both: Vec<_> = min.into_iter().chain(max).collect();
    Fragment::joined(&both, " AND ").enclosed()
}

/// A whole number as a parameter: one of 64 bits if it is.
pub(crate) fn whole(number: i128) -> Fragment {
    match i64::try_from(number) {
        Ok(it) => Fragment::default().bind(it).text("::int8"),
        Err(_) => {
            Fragment::default().bind(OwnedValue::Text(number.to_string())).text("::text::numeric")
        }
    }
}

/// The least floating-point number that is not less.
fn least_float(number: Number) -> f64 {
    let near = number.to_f64();
    if Number::Float(near) < number { near.next_up() } else { near }
}

/// The greatest floating-point number that is not greater.
fn most_float(number: Number) -> f64 {
    let near = number.to_f64();
    if Number::Float(near) > number { near.next_down() } else { near }
}

/// The floating-point number that equals a number, if there is one.
pub(crate) fn exact_float(number: Number) -> Option<f64> {
    let near = number.to_f64();
    (Number::Float(near) == number).then_some(near)
}

/// A finite floating-point number with all its digits, as `numeric`.
pub(crate) fn all_digits(number: f64) -> Fragment {
    let digits = format!("{number:.1074}");
    let digits = digits.trim_end_matches('0').trim_end_matches('.').to_owned();
    Fragment::default().bind(OwnedValue::Text(digits)).text("::text::numeric")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_rounded_into_the_range() {
        let beyond = Number::Integer(9_007_199_254_740_993);
        assert_eq!(least_float(beyond).to_bits(), 9_007_199_254_740_994.0_f64.to_bits());
        assert_eq!(most_float(beyond).to_bits(), 9_007_199_254_740_992.0_f64.to_bits());
        assert_eq!(exact_float(beyond), None);
        assert_eq!(exact_float(Number::Integer(3)), Some(3.0));
        assert_eq!(all_digits(0.1).parameters().len(), 1);
    }
}
