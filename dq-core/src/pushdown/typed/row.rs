//! Which rows violate a check.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::target::{Asked, Doubt, Reason, Target};
use crate::pushdown::typed::condition::Conditions;
use crate::pushdown::typed::words::Words;
use crate::pushdown::typed::{format, many_kinds, number, text};
use crate::rules::{AsType, RowTest, TextTest};
use crate::source::SqlKind;
use crate::value::{Date, Number};

/// A point in time, perhaps with its zone, as `type: timestamp` reads it.
fn point_in_time() -> String {
    let time = "([01][0-9]|2[0-3]):[0-5][0-9]";
    let day = format::DAY;
    format!("^{day}([T ]{time}(:[0-5][0-9]([.][0-9]+)?)?(Z|[-+]{time})?)?$")
}

/// The rows that violate what `test` asks.
///
/// # Errors
///
/// Why SQL cannot tell.
pub(crate) fn violations(
    words: &dyn Words,
    target: Target<'_>,
    test: &RowTest,
) -> Result<Asked, Reason> {
    let column = |position: usize| {
        let column = target.column(position)?;
        match column.kind {
            SqlKind::Any => Err(many_kinds()),
            kind => Ok((Fragment::new(column.sql.as_str()), kind)),
        }
    };
    let is_null = |value: &Fragment| Fragment::new("(").and(value).text(" IS NULL)");
    match test {
        RowTest::NotNull(position) => {
            let value = Fragment::new(target.column(*position)?.sql.as_str());
            Ok(Asked::certain(is_null(&value)))
        }
        RowTest::NotBlank(position) => {
            let (value, kind) = column(*position)?;
            let blank = match kind {
                SqlKind::Text => {
                    is_null(&value).text(" OR ").and(&words.is_blank(&value)).enclosed()
                }
                _ => is_null(&value),
            };
            Ok(Asked::certain(blank))
        }
        RowTest::Text(position, test) => {
            let (value, kind) = column(*position)?;
            of_text(words, (&value, kind), test)
        }
        RowTest::Numbers { column: position, min, max } => {
            let (value, kind) = column(*position)?;
            Ok(unless(numbers(words, (&value, kind), (*min, *max))))
        }
        RowTest::Days { column: position, min, max } => {
            let (value, kind) = column(*position)?;
            Ok(unless(days(words, (&value, kind), (*min, *max))?))
        }
        RowTest::Type(position, as_type) => {
            let (value, kind) = column(*position)?;
            Ok(unless(has_type(words, (&value, kind), *as_type)))
        }
        RowTest::Condition(predicate) => {
            Ok(unless(Conditions::of(words, target).write(predicate.root())?))
        }
    }
}

/// Where a condition is FALSE.
fn unless(asked: Asked) -> Asked {
    Asked { condition: Fragment::new("NOT ").and(&asked.condition), ..asked }
}

/// A value and what kind it is of.
type Valued<'a> = (&'a Fragment, SqlKind);

fn of_text(words: &dyn Words, (value, kind): Valued<'_>, test: &TextTest) -> Result<Asked, Reason> {
    if kind == SqlKind::Bytes {
        return Ok(Asked::certain(is_there(value)));
    }
    let text = text::as_text(words, value, kind)?;
    let mut asked = text::passes(words, &text.sql, test)?;
    asked.doubts.extend(text.doubts);
    Ok(unless(asked))
}

fn is_there(value: &Fragment) -> Fragment {
    Fragment::new("(").and(value).text(" IS NOT NULL)")
}

/// What no value of the type can be.
fn never(value: &Fragment) -> Asked {
    Asked::certain(Fragment::new("(").and(value).text(" IS NULL)"))
}

/// What every value of the type is.
fn always() -> Asked {
    Asked::certain(Fragment::new("true"))
}

fn numbers(
    words: &dyn Words,
    (value, kind): Valued<'_>,
    bounds: (Option<Number>, Option<Number>),
) -> Asked {
    match kind {
        SqlKind::Integer => Asked::certain(number::whole_between(words, value, bounds)),
        SqlKind::Boolean => Asked::certain(number::whole_between(words, &words.bit(value), bounds)),
        SqlKind::Float => Asked::certain(number::float_between(words, value, bounds)),
        SqlKind::Text => number::text_between(words, value, bounds),
        _ => never(value),
    }
}

fn days(
    words: &dyn Words,
    (value, kind): Valued<'_>,
    (min, max): (Option<Date>, Option<Date>),
) -> Result<Asked, Reason> {
    let of_texts = |it| words.of_texts(it);
    let between = |value: &Fragment, bound: &dyn Fn(Date) -> Result<Fragment, Reason>| {
        let side = |it: Option<Date>, operator: &str| {
            let side =
                |it| bound(it).map(|it| Fragment::default().and(value).text(operator).and(&it));
            it.map(side).transpose()
        };
        let [least, most] = match kind {
            SqlKind::Text => [" >= ", " <= "].map(of_texts),
            _ => [" >= ", " <= "],
        };
        let both = [side(min, least)?, side(max, most)?];
        let both: Vec<_> = both.into_iter().flatten().collect();
        Ok::<_, Reason>(Fragment::joined(&both, " AND ").enclosed())
    };
    let day = |it: Date| words.day(it);
    match kind {
        SqlKind::Date => Ok(Asked::certain(between(value, &day)?)),
        SqlKind::Timestamp => Ok(Asked::certain(between(&words.day_of(value), &day)?)),
        SqlKind::Text => {
            let first = Fragment::new("left(").and(value).text(", 10)");
            let within = between(&first, &|it| words.text(&it.to_string()))?;
            let form = words.is(value, &point_in_time());
            let asked = Fragment::new("CASE WHEN ").and(&form).text(" THEN ").and(&within);
            let asked = asked.text(" WHEN ").and(value).text(" IS NOT NULL THEN false END");
            // An offset may move it to another day.
            let rows = words.is(value, "[0-9][-+][0-9]{2}:[0-9]{2}$");
            let doubt = Doubt { rows, about: "points in time with an offset" };
            Ok(Asked { doubts: vec![doubt], ..Asked::certain(asked.enclosed()) })
        }
        _ => Ok(never(value)),
    }
}

fn has_type(words: &dyn Words, (value, kind): Valued<'_>, as_type: AsType) -> Asked {
    let is = |pattern: &str| Asked::certain(words.is(value, pattern));
    match (as_type, kind) {
        (AsType::Integer | AsType::Decimal, SqlKind::Integer)
        | (AsType::Date | AsType::Timestamp, SqlKind::Date)
        | (AsType::Timestamp, SqlKind::Timestamp)
        | (AsType::Boolean, SqlKind::Boolean) => always(),
        (AsType::Integer, SqlKind::Text) => is("^[-+]?[0-9]+$"),
        (AsType::Integer, SqlKind::Float) => {
            let whole = Fragment::new("(").and(value).text(" = floor(").and(value);
            Asked::certain(whole.text(") AND ").and(&words.is_finite(value)).text(")"))
        }
        (AsType::Decimal, SqlKind::Text) => number::is_decimal(words, value),
        (AsType::Decimal, SqlKind::Float) => Asked::certain(words.is_finite(value)),
        (AsType::Date, SqlKind::Text) => is(&format!("^{}$", format::DAY)),
        (AsType::Timestamp, SqlKind::Text) => is(&point_in_time()),
        (AsType::Boolean, SqlKind::Integer) => {
            Asked::certain(Fragment::new("(").and(value).text(" IN (0, 1))"))
        }
        (AsType::Boolean, SqlKind::Text) => {
            let lower = Fragment::new("(lower(").and(value);
            Asked::certain(lower.text(") IN ('true', 'false', '0', '1'))"))
        }
        _ => never(value),
    }
}
