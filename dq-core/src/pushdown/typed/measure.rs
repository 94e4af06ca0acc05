//! What is asked about the values of a column: whole numbers, days and points in time are exact everywhere.

use crate::pushdown::Quantity;
use crate::pushdown::fragment::Fragment;
use crate::pushdown::target::{AskedFigure, Doubt, Reason};
use crate::pushdown::typed::many_kinds;
use crate::pushdown::typed::text;
use crate::pushdown::typed::words::Words;
use crate::rules::{Figure, Now, Reading, Statistic};
use crate::source::SqlKind;
use crate::value::Date;

/// What a check of a figure asks about the values of a kind, which are read as numbers, days or points in time.
///
/// # Errors
///
/// Why SQL cannot tell.
pub(crate) fn asked(
    words: &dyn Words,
    (value, kind): (&Fragment, SqlKind),
    (reading, figure): (Reading, &Figure),
    now: Now,
) -> Result<AskedFigure, Reason> {
    match (reading, kind) {
        (_, SqlKind::Any) => Err(many_kinds()),
        (Reading::Numbers, SqlKind::Integer) => Ok(numbers(value, Vec::new())),
        (Reading::Numbers, SqlKind::Boolean) => Ok(numbers(&words.bit(value), Vec::new())),
        (Reading::Numbers, SqlKind::Float) => floats(words, value, figure),
        (Reading::Days, SqlKind::Date) => days(words, value, value),
        (Reading::Days, SqlKind::Timestamp) => days(words, value, &words.day_of(value)),
        (Reading::Moments, SqlKind::Date) => {
            let today = words.day(now.day())?;
            Ok(newest(words, value, &today))
        }
        (Reading::Moments, SqlKind::Timestamp) => {
            let until = words.moment(now.until())?;
            Ok(newest(words, value, &until))
        }
        (_, SqlKind::Text) => Err("it reads text as numbers, days or points in time".to_owned()),
        _ => Err("its values are of another kind, and counted natively".to_owned()),
    }
}

fn numbers(value: &Fragment, doubts: Vec<Doubt>) -> AskedFigure {
    let asked = [
        (Quantity::Values, "count"),
        (Quantity::Sum, "sum"),
        (Quantity::Least, "min"),
        (Quantity::Greatest, "max"),
    ];
    let quantities = asked.map(|(quantity, aggregate)| (quantity, aggregate, value.clone()));
    AskedFigure { quantities: quantities.to_vec(), doubts }
}

/// Extremes, but no sums: those depend on their order.
fn floats(words: &dyn Words, value: &Fragment, figure: &Figure) -> Result<AskedFigure, Reason> {
    let Figure::Number { statistic: Statistic::Min | Statistic::Max, .. } = figure else {
        return Err("sums of floating-point numbers depend on their order there".to_owned());
    };
    let rows = Fragment::new("(NOT ").and(&words.is_finite(value)).text(")");
    let doubt = Doubt { rows, about: "numbers that are not finite" };
    let mut asked = numbers(value, vec![doubt]);
    asked.quantities.retain(|it| it.0 != Quantity::Sum);
    Ok(asked)
}

fn days(words: &dyn Words, value: &Fragment, day: &Fragment) -> Result<AskedFigure, Reason> {
    let since = words.days_between(&words.day(Date::from_days(0))?, day);
    let near = Fragment::new("CASE WHEN ").and(&words.is_near(value));
    let number = near.text(" THEN ").and(&since).text(" END");
    Ok(numbers(&number, vec![text::far_away(words, value)]))
}

fn newest(words: &dyn Words, value: &Fragment, until: &Fragment) -> AskedFigure {
    let case = |operator: &str, then: &Fragment| {
        let case = Fragment::new("CASE WHEN ").and(value).text(operator).and(until);
        case.text(" THEN ").and(then).text(" END")
    };
    let quantities = vec![
        (Quantity::Newest, "max", case(" <= ", value)),
        (Quantity::Future, "count", case(" > ", &Fragment::new("1"))),
    ];
    AskedFigure { quantities, doubts: vec![text::far_away(words, value)] }
}
