//! Which rows violate a check.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::postgres::condition::Conditions;
use crate::pushdown::postgres::format;
use crate::pushdown::postgres::number;
use crate::pushdown::postgres::text;
use crate::pushdown::target::{Asked, Doubt, Reason, Site, Target};
use crate::rules::{AsType, RowTest, TextTest};
use crate::source::SqlKind;
use crate::value::{Date, Number, OwnedValue};

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
pub(crate) fn violations(target: Target<'_>, test: &RowTest) -> Result<Asked, Reason> {
    let column = |position: usize| {
        let column = target.column(position)?;
        Ok::<_, Reason>((Fragment::new(column.sql.as_str()), column.kind))
    };
    let is_null = |value: &Fragment| Fragment::new("(").and(value).text(" IS NULL)");
    match test {
        RowTest::NotNull(position) => Ok(Asked::certain(is_null(&column(*position)?.0))),
        RowTest::NotBlank(position) => {
            let (value, kind) = column(*position)?;
            let blank = match kind {
                SqlKind::Text => {
                    is_null(&value).text(" OR ").and(&text::is_blank(&value)).enclosed()
                }
                _ => is_null(&value),
            };
            Ok(Asked::certain(blank))
        }
        RowTest::Text(position, test) => {
            let (value, kind) = column(*position)?;
            of_text(&value, kind, test, target.site())
        }
        RowTest::Numbers { column: position, min, max } => {
            let (value, kind) = column(*position)?;
            Ok(unless(numbers(&value, kind, (*min, *max))))
        }
        RowTest::Days { column: position, min, max } => {
            let (value, kind) = column(*position)?;
            Ok(unless(days(&value, kind, (*min, *max))))
        }
        RowTest::Type(position, as_type) => {
            let (value, kind) = column(*position)?;
            Ok(unless(has_type(&value, kind, *as_type)))
        }
        RowTest::Condition(predicate) => {
            Ok(unless(Conditions::of(target).write(predicate.root())?))
        }
    }
}

/// Where a condition is FALSE.
fn unless(asked: Asked) -> Asked {
    Asked { condition: Fragment::new("NOT ").and(&asked.condition), ..asked }
}

fn of_text(value: &Fragment, kind: SqlKind, test: &TextTest, site: Site) -> Result<Asked, Reason> {
    if kind == SqlKind::Bytes {
        return Ok(Asked::certain(is_there(value)));
    }
    let text = text::as_text(value, kind)?;
    let mut asked = text::passes(&text.sql, test, site)?;
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

fn numbers(value: &Fragment, kind: SqlKind, (min, max): (Option<Number>, Option<Number>)) -> Asked {
    match kind {
        SqlKind::Integer => Asked::certain(number::whole_between(value, min, max)),
        SqlKind::Boolean => {
            let number = value.enclosed().text("::int4");
            Asked::certain(number::whole_between(&number, min, max))
        }
        SqlKind::Float => Asked::certain(number::float_between(value, min, max)),
        SqlKind::Text => number::text_between(value, min, max),
        _ => never(value),
    }
}

fn days(value: &Fragment, kind: SqlKind, (min, max): (Option<Date>, Option<Date>)) -> Asked {
    let bound = |day: Date, kind: &str| match kind {
        "" => Fragment::default().bind(OwnedValue::Text(day.to_string())).text("::text"),
        _ => Fragment::default().bind(OwnedValue::Date(day)).text(kind),
    };
    let between = |value: &Fragment, kind: &str| {
        let [least, most] = match kind {
            "" => [" >= ", " <= "].map(text::by_bytes),
            _ => [" >= ", " <= "],
        };
        let low = min.map(|it| Fragment::default().and(value).text(least).and(&bound(it, kind)));
        let high = max.map(|it| Fragment::default().and(value).text(most).and(&bound(it, kind)));
        let both: Vec<_> = low.into_iter().chain(high).collect();
        Fragment::joined(&both, " AND ").enclosed()
    };
    match kind {
        SqlKind::Date => Asked::certain(between(value, "::date")),
        SqlKind::Timestamp => Asked::certain(between(&value.enclosed().text("::date"), "::date")),
        SqlKind::Text => {
            let day = Fragment::new("left(").and(value).text(", 10)");
            let form = format::is(value, &point_in_time());
            let asked =
                Fragment::new("CASE WHEN ").and(&form).text(" THEN ").and(&between(&day, ""));
            let asked = asked.text(" WHEN ").and(value).text(" IS NOT NULL THEN false END");
            // An offset may move it to another day.
            let zoned = Fragment::new("(").and(value).text(" ~ '[0-9][-+][0-9]{2}:[0-9]{2}$')");
            let doubt =
                Doubt { rows: zoned.with_pattern(), about: "points in time with an offset" };
            Asked { doubts: vec![doubt], ..Asked::certain(asked.enclosed()) }
        }
        _ => never(value),
    }
}

fn has_type(value: &Fragment, kind: SqlKind, as_type: AsType) -> Asked {
    let listed = |list: &str| Asked::certain(Fragment::new("(").and(value).text(list));
    match (as_type, kind) {
        (AsType::Integer | AsType::Decimal, SqlKind::Integer)
        | (AsType::Date | AsType::Timestamp, SqlKind::Date)
        | (AsType::Timestamp, SqlKind::Timestamp)
        | (AsType::Boolean, SqlKind::Boolean) => always(),
        (AsType::Integer, SqlKind::Text) => Asked::certain(format::is(value, "^[-+]?[0-9]+$")),
        (AsType::Integer, SqlKind::Float) => {
            let whole = Fragment::new("(").and(value).text(" = trunc(").and(value);
            Asked::certain(whole.text(") AND ").and(&is_finite(value)).text(")"))
        }
        (AsType::Decimal, SqlKind::Text) => number::is_decimal(value),
        (AsType::Decimal, SqlKind::Float) => Asked::certain(is_finite(value)),
        (AsType::Date, SqlKind::Text) => {
            Asked::certain(format::is(value, &format!("^{}$", format::DAY)))
        }
        (AsType::Timestamp, SqlKind::Text) => Asked::certain(format::is(value, &point_in_time())),
        (AsType::Boolean, SqlKind::Integer) => listed(" IN (0, 1))"),
        (AsType::Boolean, SqlKind::Text) => {
            let lower = Fragment::new("(lower(").and(value);
            Asked::certain(lower.text(") IN ('true', 'false', '0', '1'))"))
        }
        _ => never(value),
    }
}

/// Whether a floating-point number is one with an end.
pub(crate) fn is_finite(value: &Fragment) -> Fragment {
    let list = " NOT IN ('NaN'::float8, 'Infinity'::float8, '-Infinity'::float8))";
    Fragment::new("(").and(value).text(list)
}
