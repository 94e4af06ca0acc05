//! Values within conditions: columns, literals, arithmetic, functions.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::postgres::condition::{Conditions, bindable};
use crate::pushdown::postgres::format;
use crate::pushdown::postgres::number;
use crate::pushdown::postgres::text;
use crate::pushdown::target::{Doubt, Reason, Site};
use crate::rules::expression::{CastTo, Datum, Function, Operator, Term as Bound};
use crate::source::SqlKind;
use crate::value::{Number, OwnedValue};

/// A value that was written.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    pub(crate) sql: Fragment,
    pub(crate) value_type: Type,
    /// Whether no row has a say in it.
    pub(crate) is_literal: bool,
    /// What it is, if it is a literal number.
    pub(crate) number: Option<Number>,
}

/// What a value is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Type {
    Null,
    Boolean,
    /// A whole number of so many bits at most.
    Integer(u32),
    Float,
    Date,
    Timestamp,
    Text,
}

/// How many bits whole numbers have at most, so that none is beyond 128 bits with its sign.
const BITS_MAX: u32 = 126;

impl Type {
    /// The same, of columns; none for NULL.
    pub(crate) fn kind(self) -> Option<SqlKind> {
        Some(match self {
            Self::Null => return None,
            Self::Boolean => SqlKind::Boolean,
            Self::Integer(_) => SqlKind::Integer,
            Self::Float => SqlKind::Float,
            Self::Date => SqlKind::Date,
            Self::Timestamp => SqlKind::Timestamp,
            Self::Text => SqlKind::Text,
        })
    }
}

impl Term {
    pub(crate) fn new(sql: Fragment, value_type: Type) -> Self {
        Self { sql, value_type, is_literal: false, number: None }
    }
}

impl Conditions<'_> {
    /// Writes a value.
    pub(crate) fn value(&mut self, term: &Bound) -> Result<Term, Reason> {
        match term {
            Bound::Column(position) => {
                let column = self.target.column(*position)?;
                let value_type = match column.kind {
                    SqlKind::Boolean => Type::Boolean,
                    SqlKind::Integer => Type::Integer(64),
                    SqlKind::Float => Type::Float,
                    SqlKind::Date => Type::Date,
                    SqlKind::Timestamp => Type::Timestamp,
                    SqlKind::Text => Type::Text,
                    _ => return Err("it is about bytes".to_owned()),
                };
                Ok(Term::new(Fragment::new(column.sql.as_str()), value_type))
            }
            Bound::Literal(it) => literal(it),
            Bound::Negate(it) => {
                let value = self.value(it)?;
                match value.value_type {
                    Type::Integer(bits) if bits < BITS_MAX => {
                        let negative = Fragment::new("(- ").and(&value.sql.enclosed());
                        Ok(Term::new(negative.text("::numeric)"), Type::Integer(bits + 1)))
                    }
                    Type::Null => Ok(value),
                    _ => Err("it negates such a value".to_owned()),
                }
            }
            Bound::Arithmetic(operator, operands) => {
                let [left, right] = &**operands;
                self.arithmetic(*operator, left, right)
            }
            Bound::Case { branches, otherwise } => self.case(branches, otherwise),
            Bound::Cast(to, it) => self.cast(*to, it),
            Bound::Call(function, arguments) => self.call(function, arguments),
            _ => Ok(Term::new(self.condition(term)?, Type::Boolean)),
        }
    }

    fn arithmetic(
        &mut self,
        operator: Operator,
        left: &Bound,
        right: &Bound,
    ) -> Result<Term, Reason> {
        if operator == Operator::Concatenate {
            let (left, right) = (self.text(left)?, self.text(right)?);
            let both = Fragment::new("(").and(&left).text(" || ").and(&right).text(")");
            return Ok(Term::new(both, Type::Text));
        }
        let (left, right) = (self.value(left)?, self.value(right)?);
        match (left.value_type, right.value_type) {
            (Type::Integer(a), Type::Integer(b)) => whole(operator, (&left, a), (&right, b)),
            (Type::Null, _) | (_, Type::Null) => Ok(null()),
            (Type::Date, Type::Date) if operator == Operator::Subtract => {
                Ok(self.days_between(&right, &left))
            }
            (Type::Date, Type::Integer(_)) if operator == Operator::Add => {
                Ok(self.moved(&left, "+", &right))
            }
            (Type::Integer(_), Type::Date) if operator == Operator::Add => {
                Ok(self.moved(&right, "+", &left))
            }
            (Type::Date, Type::Integer(_)) if operator == Operator::Subtract => {
                Ok(self.moved(&left, "-", &right))
            }
            _ => Err("it computes with such values".to_owned()),
        }
    }

    /// How many days lie between two days, neither of which may be far away.
    fn days_between(&mut self, from: &Term, to: &Term) -> Term {
        let near = [from, to].map(|it| self.near(it));
        let days = Fragment::new("(CASE WHEN ").and(&Fragment::joined(&near, " AND "));
        let days = days.text(" THEN ").and(&to.sql).text(" - ").and(&from.sql).text(" END)");
        Term::new(days, Type::Integer(32))
    }

    /// A day, some days later or earlier.
    fn moved(&mut self, day: &Term, sign: &str, days: &Term) -> Term {
        const DAYS_MAX: &str = "BETWEEN -1000000 AND 1000000";
        let few = Fragment::new("(").and(&days.sql).text(&format!(" {DAYS_MAX})"));
        let rows = Fragment::new("NOT ").and(&few);
        self.doubts.push(Doubt { rows, about: "very many days" });
        let guards = [self.near(day), few];
        let moved = Fragment::new("(CASE WHEN ").and(&Fragment::joined(&guards, " AND "));
        let moved = moved.text(" THEN ").and(&day.sql).text(&format!(" {sign} ("));
        Term::new(moved.and(&days.sql).text(")::int4 END)"), Type::Date)
    }

    /// Whether a day is near; that it may be far away is a doubt.
    fn near(&mut self, day: &Term) -> Fragment {
        self.doubt_where_there(day, vec![text::far_away(&day.sql)]);
        text::is_near(&day.sql)
    }

    fn case(&mut self, branches: &[[Bound; 2]], otherwise: &Bound) -> Result<Term, Reason> {
        let mut sql = Fragment::new("(CASE");
        let mut values = Vec::new();
        for [condition, value] in branches {
            let (condition, value) = (self.condition(condition)?, self.value(value)?);
            sql = sql.text(" WHEN ").and(&condition).text(" THEN ").and(&value.sql);
            values.push(value);
        }
        let otherwise = self.value(otherwise)?;
        sql = sql.text(" ELSE ").and(&otherwise.sql).text(" END)");
        values.push(otherwise);
        Ok(Term::new(sql, common(&values)?))
    }

    fn cast(&mut self, to: CastTo, term: &Bound) -> Result<Term, Reason> {
        let value = self.value(term)?;
        match (to, value.value_type) {
            (CastTo::Text, _) => Ok(Term::new(self.as_text(&value)?, Type::Text)),
            (CastTo::Integer, Type::Integer(_) | Type::Null)
            | (CastTo::Date, Type::Date | Type::Null)
            | (CastTo::Timestamp, Type::Timestamp | Type::Null)
            | (CastTo::Boolean, Type::Boolean | Type::Null) => Ok(value),
            (CastTo::Date, Type::Timestamp) => {
                Ok(Term::new(value.sql.enclosed().text("::date"), Type::Date))
            }
            _ => Err("it casts such a value".to_owned()),
        }
    }

    fn call(&mut self, function: &Function, arguments: &[Bound]) -> Result<Term, Reason> {
        let texts = |this: &mut Self| {
            arguments.iter().map(|it| this.text(it)).collect::<Result<Vec<_>, _>>()
        };
        let count = |position: usize| match arguments.get(position) {
            Some(Bound::Literal(Datum::Number(Number::Integer(it)))) => {
                i32::try_from(*it).map_err(|_| "it takes a very large position".to_owned())
            }
            _ => Err("it takes a position from each row".to_owned()),
        };
        let name = function.name();
        match name {
            "length" | "lower" | "upper" | "trim" | "ltrim" | "rtrim" | "digits" | "luhn" => {
                let text = self.text(arguments.first().ok_or("an argument is lost")?)?;
                Ok(self.of_text(name, &text))
            }
            "replace" | "concat" | "starts_with" | "ends_with" | "contains" => {
                of_texts(name, &texts(self)?)
            }
            "left" | "right" | "substr" => {
                let text = self.text(arguments.first().ok_or("an argument is lost")?)?;
                let numbers = (1..arguments.len()).map(count).collect::<Result<Vec<_>, _>>()?;
                if numbers.iter().skip(usize::from(name == "substr")).any(|it| *it < 0) {
                    return Err("it takes a negative number of characters".to_owned());
                }
                let part = Fragment::new(format!("{name}(")).and(&text);
                let bind =
                    |part: Fragment, it: i32| part.text(", ").bind(i64::from(it)).text("::int4");
                Ok(Term::new(numbers.into_iter().fold(part, bind).text(")"), Type::Text))
            }
            _ => {
                let values = arguments.iter().map(|it| self.value(it));
                let values = values.collect::<Result<Vec<_>, _>>()?;
                self.of_values(name, &values)
            }
        }
    }

    fn of_text(&mut self, name: &str, text: &Fragment) -> Term {
        let called = |function: &str| Fragment::new(function).and(text);
        let trimmed =
            |function: &str| called(function).text(", ").bind(text::BLANKS).text("::text)");
        match name {
            "length" => Term::new(called("char_length(").text(")"), Type::Integer(32)),
            "lower" | "upper" => {
                self.doubts.push(text::not_ascii(text));
                let folded = match self.target.site() {
                    Site::Here => called(&format!("{name}(")).text(")"),
                    Site::Shards if name == "lower" => text::lower(text),
                    Site::Shards => text::upper(text),
                };
                Term::new(folded, Type::Text)
            }
            "trim" => Term::new(trimmed("btrim("), Type::Text),
            "ltrim" | "rtrim" => Term::new(trimmed(&format!("{name}(")), Type::Text),
            "digits" => {
                let digits = called("regexp_replace(").text(", '[^0-9]', '', 'g')");
                Term::new(digits.with_pattern(), Type::Text)
            }
            _ => Term::new(format::luhn(text), Type::Boolean),
        }
    }

    fn of_values(&mut self, name: &str, values: &[Term]) -> Result<Term, Reason> {
        let list = |function: &str| {
            let parts = Fragment::joined(values.iter().map(|it| &it.sql), ", ");
            Fragment::new(function).and(&parts).text(")")
        };
        match (name, values) {
            ("coalesce", _) if self.target.is_spread() => {
                let value_type = common(values)?;
                let each = values.iter().map(|it| {
                    let there = Fragment::new(" WHEN ").and(&it.sql).text(" IS NOT NULL THEN ");
                    there.and(&it.sql)
                });
                let each: Vec<_> = each.collect();
                let case = Fragment::new("(CASE").and(&Fragment::joined(&each, ""));
                Ok(Term::new(case.text(" END)"), value_type))
            }
            ("coalesce", _) => Ok(Term::new(list("coalesce("), common(values)?)),
            ("least" | "greatest", _) => {
                let value_type = common(values)?;
                if !matches!(value_type, Type::Integer(_) | Type::Date | Type::Text) {
                    return Err(format!("it calls `{name}` of such values"));
                }
                let missing = values.iter().map(|it| it.sql.enclosed().text(" IS NULL"));
                let missing: Vec<_> = missing.collect();
                let sql = Fragment::new("(CASE WHEN ").and(&Fragment::joined(&missing, " OR "));
                let sql = sql.text(" THEN NULL ELSE ").and(&list(&format!("{name}(")));
                Ok(Term::new(sql.text(" END)"), value_type))
            }
            ("abs", [it]) if matches!(it.value_type, Type::Integer(_)) => {
                let number = it.sql.enclosed().text("::numeric");
                let absolute = Fragment::new("abs(").and(&number).text(")");
                Ok(Term::new(absolute, it.value_type))
            }
            ("round" | "floor" | "ceil", [it]) if matches!(it.value_type, Type::Integer(_)) => {
                Ok(it.clone())
            }
            ("date", [it]) if it.value_type == Type::Date => Ok(it.clone()),
            ("date", [it]) if it.value_type == Type::Timestamp => {
                Ok(Term::new(it.sql.enclosed().text("::date"), Type::Date))
            }
            ("year" | "month" | "day", [it]) if it.value_type == Type::Date => {
                let near = self.near(it);
                let part = Fragment::new("(CASE WHEN ").and(&near);
                let part = part.text(&format!(" THEN extract({name} FROM ")).and(&it.sql);
                Ok(Term::new(part.text(")::int8 END)"), Type::Integer(32)))
            }
            ("days_between", [from, to])
                if (from.value_type, to.value_type) == (Type::Date, Type::Date) =>
            {
                Ok(self.days_between(from, to))
            }
            _ => Err(format!("the function `{name}` of such values has no translation")),
        }
    }
}

fn of_texts(name: &str, texts: &[Fragment]) -> Result<Term, Reason> {
    let list =
        |function: &str| Fragment::new(function).and(&Fragment::joined(texts, ", ")).text(")");
    Ok(match (name, texts) {
        ("replace" | "concat", _) => Term::new(list(&format!("{name}(")), Type::Text),
        ("starts_with", _) => Term::new(list("starts_with("), Type::Boolean),
        ("ends_with", [text, end]) => {
            let tail = Fragment::new("(right(").and(text).text(", char_length(").and(end);
            Term::new(tail.text(")) = ").and(end).text(")"), Type::Boolean)
        }
        ("contains", [text, part]) => {
            let found = Fragment::new("(position(").and(part).text(" IN ").and(text);
            Term::new(found.text(") > 0)"), Type::Boolean)
        }
        _ => return Err(format!("the function `{name}` has no translation")),
    })
}

/// The type that values have in common.
fn common(values: &[Term]) -> Result<Type, Reason> {
    let mut common = Type::Null;
    for value in values {
        common = match (common, value.value_type) {
            (Type::Null, it) | (it, Type::Null) => it,
            (Type::Integer(a), Type::Integer(b)) => Type::Integer(a.max(b)),
            (a, b) if a == b => a,
            _ => return Err("its values are of different types".to_owned()),
        };
    }
    Ok(common)
}

fn null() -> Term {
    Term { is_literal: true, ..Term::new(Fragment::new("NULL"), Type::Null) }
}

fn whole(
    operator: Operator,
    (left, a): (&Term, u32),
    (right, b): (&Term, u32),
) -> Result<Term, Reason> {
    let numeric = |it: &Term| it.sql.enclosed().text("::numeric");
    let both = |between: &str| {
        Fragment::new("(").and(&numeric(left)).text(between).and(&numeric(right)).text(")")
    };
    let (sql, bits) = match operator {
        Operator::Add => (both(" + "), a.max(b) + 1),
        Operator::Subtract => (both(" - "), a.max(b) + 1),
        Operator::Multiply => (both(" * "), a + b),
        Operator::Remainder => {
            let divisor = Fragment::new("CASE WHEN ").and(&numeric(right)).text(" <> 0 THEN ");
            let divisor = divisor.and(&numeric(right)).text(" END");
            let rest = Fragment::new("mod(").and(&numeric(left)).text(", ").and(&divisor);
            (rest.text(")"), a)
        }
        _ => return Err("it divides".to_owned()),
    };
    if bits > BITS_MAX {
        return Err("its numbers may be larger than 128 bits".to_owned());
    }
    Ok(Term::new(sql, Type::Integer(bits)))
}

fn literal(datum: &Datum<'_>) -> Result<Term, Reason> {
    let bound = |value: OwnedValue, cast: &str| Fragment::default().bind(value).text(cast);
    let (sql, value_type) = match datum {
        Datum::Null => return Ok(null()),
        Datum::Boolean(it) => (bound((*it).into(), "::boolean"), Type::Boolean),
        Datum::Number(Number::Integer(it)) => {
            (number::whole(*it), Type::Integer(128 - it.unsigned_abs().leading_zeros()))
        }
        Datum::Number(Number::Float(it)) => (bound((*it).into(), "::float8"), Type::Float),
        Datum::Date(it) => (bound(OwnedValue::Date(*it), "::date"), Type::Date),
        Datum::Timestamp(it) => (bound(OwnedValue::Timestamp(*it), "::timestamp"), Type::Timestamp),
        Datum::Text(it) => {
            let text = String::from_utf8_lossy(it).into_owned();
            (bound(bindable(text)?, "::text"), Type::Text)
        }
        Datum::Bytes(_) | Datum::Invalid => return Err("it has a value of no type".to_owned()),
    };
    let number = match datum {
        Datum::Number(it) => Some(*it),
        _ => None,
    };
    Ok(Term { is_literal: true, number, ..Term::new(sql.enclosed(), value_type) })
}
