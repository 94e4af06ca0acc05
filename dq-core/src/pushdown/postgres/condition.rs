//! Conditions: the expression language as SQL of three outcomes.
//!
//! The language has a fourth, INVALID: a value cannot be read as what an operation needs. What might be
//! INVALID in some row is refused, or its rows are a doubt.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::postgres::number;
use crate::pushdown::postgres::terms::{Term as Written, Type};
use crate::pushdown::postgres::text;
use crate::pushdown::target::{Asked, Doubt, Reason, Target};
use crate::rules::expression::{Comparison, State, Term};
use crate::value::{Number, OwnedValue};

/// Writes the conditions of one table, and gathers their doubts.
pub(crate) struct Conditions<'a> {
    pub(crate) target: Target<'a>,
    pub(crate) doubts: Vec<Doubt>,
}

impl<'a> Conditions<'a> {
    pub(crate) fn of(target: Target<'a>) -> Self {
        Self { target, doubts: Vec::new() }
    }

    /// The condition, as a boolean that is NULL where it is UNKNOWN.
    pub(crate) fn write(mut self, term: &Term) -> Result<Asked, Reason> {
        let condition = self.condition(term)?;
        Ok(Asked { doubts: self.doubts, ..Asked::certain(condition) })
    }

    pub(crate) fn condition(&mut self, term: &Term) -> Result<Fragment, Reason> {
        match term {
            Term::Not(it) => Ok(Fragment::new("(NOT ").and(&self.condition(it)?).text(")")),
            Term::And(them) => self.joined(them, " AND "),
            Term::Or(them) => self.joined(them, " OR "),
            Term::Compare(comparison, operands) => {
                let [left, right] = &**operands;
                self.compare(left, right, operator(*comparison)?)
            }
            Term::Distinct(operands) => {
                let [left, right] = &**operands;
                self.compare(left, right, " IS DISTINCT FROM ")
            }
            Term::Is(State::Null, it) => {
                let value = self.value(it)?;
                Ok(Fragment::new("(").and(&value.sql).text(" IS NULL)"))
            }
            Term::Is(state, it) => {
                let condition = self.condition(it)?;
                Ok(self.is(*state, &condition))
            }
            Term::In(it, list, _) => {
                let equal = list.iter().map(|other| self.compare(it, other, " = "));
                let equal = equal.collect::<Result<Vec<_>, _>>()?;
                Ok(Fragment::joined(&equal, " OR ").enclosed())
            }
            Term::Like(it, pattern) => {
                let text = self.text(it)?;
                let pattern = pattern.escaped().ok_or("ILIKE folds as PostgreSQL does not")?;
                let like = Fragment::new("(").and(&text).text(" LIKE ");
                Ok(like.bind(bindable(pattern)?).text("::text)"))
            }
            Term::Matches(it, regex) => {
                let text = self.text(it)?;
                text::matches(&text, regex.as_str())
            }
            _ => {
                let value = self.value(term)?;
                truth(&value)
            }
        }
    }

    /// Whether a condition has an outcome, in words that reach the servers of distributed tables.
    fn is(&self, state: State, condition: &Fragment) -> Fragment {
        let before = match state {
            State::Null | State::Unknown => {
                return Fragment::new("((").and(condition).text(") IS NULL)");
            }
            State::True => "",
            State::False => "NOT ",
        };
        if self.target.is_spread() {
            let case = Fragment::new("(CASE WHEN ").text(before).and(condition);
            return case.text(" THEN 1 ELSE 0 END = 1)");
        }
        Fragment::new("((").text(before).and(condition).text(") IS TRUE)")
    }

    fn joined(&mut self, terms: &[Term], between: &str) -> Result<Fragment, Reason> {
        let parts = terms.iter().map(|it| self.condition(it)).collect::<Result<Vec<_>, _>>()?;
        Ok(Fragment::joined(&parts, between).enclosed())
    }

    /// A value as text.
    pub(crate) fn text(&mut self, term: &Term) -> Result<Fragment, Reason> {
        let value = self.value(term)?;
        self.as_text(&value)
    }

    pub(crate) fn as_text(&mut self, value: &Written) -> Result<Fragment, Reason> {
        let Some(kind) = value.value_type.kind() else {
            return Ok(Fragment::new("NULL::text"));
        };
        let text = text::as_text(&value.sql, kind)?;
        self.doubt_where_there(value, text.doubts);
        Ok(text.sql)
    }

    /// Adds doubts.
    pub(crate) fn doubt_where_there(&mut self, value: &Written, doubts: Vec<Doubt>) {
        if !value.is_literal {
            self.doubts.extend(doubts);
        }
    }

    fn compare(&mut self, left: &Term, right: &Term, operator: &str) -> Result<Fragment, Reason> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        let are_texts = left.value_type == Type::Text && right.value_type == Type::Text;
        let operator = if are_texts { text::by_bytes(operator) } else { operator };
        let (left, right) = self.comparable(left, right)?;
        Ok(Fragment::new("(").and(&left).text(operator).and(&right).text(")"))
    }

    /// Two values in forms that PostgreSQL compares as a scan does.
    fn comparable(
        &mut self,
        left: Written,
        right: Written,
    ) -> Result<(Fragment, Fragment), Reason> {
        use Type::{Boolean, Date, Float, Integer, Null, Text, Timestamp};
        Ok(match (left.value_type, right.value_type) {
            (Null, _)
            | (_, Null)
            | (Integer(_), Integer(_))
            | (Text, Text)
            | (Date, Date)
            | (Boolean, Boolean) => (left.sql, right.sql),
            (Timestamp, Timestamp) => {
                self.doubts.extend([&left, &right].map(far_future));
                (left.sql, right.sql)
            }
            (Boolean, Integer(_)) => (left.sql.enclosed().text("::int4"), right.sql),
            (Integer(_), Boolean) => (left.sql, right.sql.enclosed().text("::int4")),
            (Float, Float) => {
                self.doubts.extend([&left, &right].map(not_a_number));
                (left.sql, right.sql)
            }
            (Float, _) if right.number.is_some() => {
                let (float, number) = self.float_beside(left, &right)?;
                (float, number)
            }
            (_, Float) if left.number.is_some() => {
                let (float, number) = self.float_beside(right, &left)?;
                (number, float)
            }
            (Integer(_), Float) => (left.sql, all_digits(&right)?),
            (Float, Integer(_)) => (all_digits(&left)?, right.sql),
            (Timestamp, Date) => (left.sql, midnight(&right)?),
            (Date, Timestamp) => (midnight(&left)?, right.sql),
            _ => return Err("it compares values of different types".to_owned()),
        })
    }

    /// A floating-point number beside a literal number that equals one.
    fn float_beside(
        &mut self,
        float: Written,
        literal: &Written,
    ) -> Result<(Fragment, Fragment), Reason> {
        if let Some(number) = float.number {
            // Both are literal.
            return Ok((
                whole_or_digits(number),
                literal.number.map_or_else(|| literal.sql.clone(), whole_or_digits),
            ));
        }
        let exact = literal.number.and_then(number::exact_float);
        let exact =
            exact.ok_or("it compares floating-point numbers with a number that none equals")?;
        self.doubts.push(not_a_number(&float));
        Ok((float.sql, Fragment::default().bind(exact).text("::float8")))
    }
}

fn whole_or_digits(number: Number) -> Fragment {
    match number {
        Number::Integer(it) => number::whole(it),
        Number::Float(it) => number::all_digits(it),
    }
}

/// The literal number with all its digits.
fn all_digits(value: &Written) -> Result<Fragment, Reason> {
    match value.number {
        Some(Number::Float(it)) => Ok(number::all_digits(it)),
        _ => Err("it compares whole numbers with floating-point numbers".to_owned()),
    }
}

/// The first moment of a literal day.
fn midnight(value: &Written) -> Result<Fragment, Reason> {
    if value.is_literal {
        return Ok(value.sql.enclosed().text("::timestamp"));
    }
    Err("it compares days with points in time".to_owned())
}

fn not_a_number(value: &Written) -> Doubt {
    let rows = Fragment::new("(").and(&value.sql).text(" = 'NaN'::float8)");
    Doubt { rows, about: "NaN" }
}

fn far_future(value: &Written) -> Doubt {
    let rows = Fragment::new("(").and(&value.sql).text(" > '294246-01-01' AND isfinite(");
    Doubt { rows: rows.and(&value.sql).text("))"), about: "points in time after the year 294246" }
}

/// A value as a condition.
fn truth(value: &Written) -> Result<Fragment, Reason> {
    match value.value_type {
        Type::Boolean | Type::Null => Ok(value.sql.enclosed().text("::boolean")),
        Type::Integer(_) => Ok(Fragment::new("(").and(&value.sql).text(" <> 0)")),
        _ => Err("it takes such a value for a condition".to_owned()),
    }
}

/// Text as a parameter.
pub(crate) fn bindable(text: String) -> Result<OwnedValue, Reason> {
    if text.contains('\0') {
        return Err("PostgreSQL has no U+0000".to_owned());
    }
    Ok(OwnedValue::Text(text))
}

fn operator(comparison: Comparison) -> Result<&'static str, Reason> {
    Ok(match comparison {
        Comparison::EQUAL => " = ",
        Comparison::NOT_EQUAL => " <> ",
        Comparison::LESS => " < ",
        Comparison::LESS_OR_EQUAL => " <= ",
        Comparison::GREATER => " > ",
        Comparison::GREATER_OR_EQUAL => " >= ",
        _ => return Err("it compares in a way that SQL has not".to_owned()),
    })
}
