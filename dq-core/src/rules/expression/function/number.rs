//! Functions of numbers. Arguments arrive as numbers, never NULL.

use crate::rules::expression::datum::Datum;
use crate::value::Number;

const PLACES_MAX: i128 = 15;

pub(super) fn abs<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    match arguments {
        [Datum::Number(Number::Integer(it))] => {
            Datum::or_invalid(it.checked_abs().map(Datum::integer))
        }
        [Datum::Number(Number::Float(it))] => Datum::float(it.abs()),
        _ => Datum::Invalid,
    }
}

pub(super) fn floor<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    to_whole(arguments, f64::floor)
}

pub(super) fn ceil<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    to_whole(arguments, f64::ceil)
}

pub(super) fn round<'a>(arguments: &mut [Datum<'a>]) -> Datum<'a> {
    let [Datum::Number(number), Datum::Number(Number::Integer(places))] = arguments else {
        return to_whole(arguments, f64::round);
    };
    if !(0..=PLACES_MAX).contains(places) {
        return Datum::Invalid;
    }
    match *number {
        Number::Integer(it) => Datum::integer(it),
        Number::Float(it) => {
            let scale = (0..*places).fold(1.0, |scale, _| scale * 10.0);
            let scaled = it * scale;
            Datum::float(if scaled.is_finite() { scaled.round() / scale } else { it })
        }
    }
}

/// The whole number that `choose` makes of the argument, exact as long as 128 bits hold it.
fn to_whole<'a>(arguments: &[Datum<'a>], choose: fn(f64) -> f64) -> Datum<'a> {
    match arguments {
        [Datum::Number(Number::Integer(it))] => Datum::integer(*it),
        [Datum::Number(Number::Float(it))] => {
            let chosen = choose(*it);
            let whole = chosen as i128;
            if Number::Integer(whole) == Number::Float(chosen) {
                Datum::integer(whole)
            } else {
                Datum::float(chosen)
            }
        }
        _ => Datum::Invalid,
    }
}
