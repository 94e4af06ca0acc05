//! Text that is read as numbers, and bounds of numbers.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::target::{Asked, Doubt};
use crate::pushdown::typed::words::Words;
use crate::value::Number;

/// Text that is a whole number of so few digits that it is one of 128 bits.
const WHOLE: &str = "^[-+]?[0-9]{1,38}$";

/// Text that is a decimal number, of so small an exponent that it is neither too large nor too small for
/// a floating-point number if it is not long.
const DECIMAL: &str = r"^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]{1,2})?$";

/// How long it may be for that.
const LENGTH_MAX: u32 = 200;

/// Numbers that a database would refuse to read, or would not round as a scan does.
fn doubt(words: &dyn Words, text: &Fragment) -> Doubt {
    let rows = Fragment::new("(octet_length(").and(text);
    let rows = rows.text(&format!(") > {LENGTH_MAX} OR "));
    let rows = rows.and(&words.is(text, "^[-+]?[0-9]{39}|[eE][-+]?[0-9]{3}")).text(")");
    Doubt { rows, about: "numbers of very many digits" }
}

/// Whether a text is a decimal number.
pub(crate) fn is_decimal(words: &dyn Words, text: &Fragment) -> Asked {
    let condition = words.is(text, DECIMAL);
    Asked { doubts: vec![doubt(words, text)], ..Asked::certain(condition) }
}

/// Whether a text is a number between bounds. Whole numbers are compared exactly, others as the
/// floating-point numbers that they are nearest to.
pub(crate) fn text_between(
    words: &dyn Words,
    text: &Fragment,
    (min, max): (Option<Number>, Option<Number>),
) -> Asked {
    let whole = whole_between(words, &words.as_numeric(text), (min, max));
    let float = float_between(words, &words.as_float(text), (min, max));
    let condition = Fragment::new("CASE WHEN ").and(&words.is(text, WHOLE)).text(" THEN ");
    let condition = condition.and(&whole).text(" WHEN octet_length(").and(text);
    let condition = condition.text(&format!(") <= {LENGTH_MAX} AND "));
    let condition = condition.and(&words.is(text, DECIMAL)).text(" THEN ").and(&float);
    let condition = condition.text(" WHEN ").and(text).text(" IS NOT NULL THEN false END");
    Asked { doubts: vec![doubt(words, text)], ..Asked::certain(condition.enclosed()) }
}

/// Whether a whole number, written as `words.as_numeric` or in a column, lies between bounds.
pub(crate) fn whole_between(
    words: &dyn Words,
    value: &Fragment,
    (min, max): (Option<Number>, Option<Number>),
) -> Fragment {
    let least = min.map(|it| match it {
        Number::Integer(it) => it,
        Number::Float(it) => it.ceil() as i128,
    });
    let most = max.map(|it| match it {
        Number::Integer(it) => it,
        Number::Float(it) => it.floor() as i128,
    });
    let whole = |it| words.whole(it);
    between(value, least.map(whole), most.map(whole))
}

/// Whether a floating-point number lies between bounds: NaN never does.
pub(crate) fn float_between(
    words: &dyn Words,
    value: &Fragment,
    (min, max): (Option<Number>, Option<Number>),
) -> Fragment {
    let bound = |it: f64| words.float(it);
    let inside = between(value, min.map(least_float).map(bound), max.map(most_float).map(bound));
    match words.is_nan(value) {
        Some(nan) => Fragment::new("(").and(&inside).text(" AND NOT ").and(&nan).text(")"),
        None => inside,
    }
}

fn between(value: &Fragment, min: Option<Fragment>, max: Option<Fragment>) -> Fragment {
    let min = min.map(|it| Fragment::default().and(value).text(" >= ").and(&it));
    let max = max.map(|it| Fragment::default().and(value).text(" <= ").and(&it));
    let both: Vec<_> = min.into_iter().chain(max).collect();
    Fragment::joined(&both, " AND ").enclosed()
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
    }
}
