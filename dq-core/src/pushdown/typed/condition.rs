//! Conditions: the expression language as SQL of three outcomes.
//!
//! The language has a fourth, INVALID: a value cannot be read as what an operation needs. What might be
//! INVALID in some row is refused, or its rows are a doubt.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::target::{Asked, Doubt, Reason, Target};
use crate::pushdown::typed::terms::{Term as Written, Type};
use crate::pushdown::typed::words::Words;
use crate::pushdown::typed::{number, text};
use crate::rules::expression::{Comparison, State, Term};
use crate::source::SqlKind;
use crate::value::Number;

/// Writes the conditions of one table, and gathers their doubts.
pub(crate) struct Conditions<'a> {
    pub(crate) words: &'a dyn Words,
    pub(crate) target: Target<'a>,
    pub(crate) doubts: Vec<Doubt>,
}

impl<'a> Conditions<'a> {
    pub(crate) fn of(words: &'a dyn Words, target: Target<'a>) -> Self {
        Self { words, target, doubts: Vec::new() }
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
                let (left, right) = self.compared(left, right)?;
                Ok(self.words.differ(&left, &right))
            }
            Term::Is(State::Null, it) => {
                let value = self.value(it)?;
                Ok(Fragment::new("(").and(&value.sql).text(" IS NULL)"))
            }
            Term::Is(state, it) => {
                let condition = self.condition(it)?;
                Ok(self.words.has_outcome(&condition, *state))
            }
            Term::In(it, list, _) => {
                let equal = list.iter().map(|other| self.compare(it, other, " = "));
                let equal = equal.collect::<Result<Vec<_>, _>>()?;
                Ok(Fragment::joined(&equal, " OR ").enclosed())
            }
            Term::Like(it, pattern) => {
                let text = self.text(it)?;
                let pattern = pattern.escaped().ok_or("ILIKE folds as databases do not")?;
                let like = Fragment::new("(").and(&text).text(" LIKE ");
                Ok(like.and(&self.words.text(&pattern)?).text(")"))
            }
            Term::Matches(it, regex) => {
                let text = self.text(it)?;
                self.words.matches(&text, regex.as_str())
            }
            _ => {
                let value = self.value(term)?;
                self.truth(&value)
            }
        }
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
            let none = self.words.as_text(&value.sql, SqlKind::Text);
            return none.ok_or_else(|| "it reads NULL as text".to_owned());
        };
        let text = text::as_text(self.words, &value.sql, kind)?;
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
        let operator = if are_texts { self.words.of_texts(operator) } else { operator };
        let (left, right) = self.comparable(left, right)?;
        Ok(Fragment::new("(").and(&left).text(operator).and(&right).text(")"))
    }

    fn compared(&mut self, left: &Term, right: &Term) -> Result<(Fragment, Fragment), Reason> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        self.comparable(left, right)
    }

    /// Two values in forms that the database compares as a scan does.
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
                let far = [&left, &right].map(|it| self.words.far_future(&it.sql));
                self.doubts.extend(far.into_iter().flatten());
                (left.sql, right.sql)
            }
            (Boolean, Integer(_)) => (self.words.bit(&left.sql), right.sql),
            (Integer(_), Boolean) => (left.sql, self.words.bit(&right.sql)),
            (Float, Float) => {
                self.doubt_numbers([&left, &right]);
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
            (Integer(_), Float) => (left.sql, self.all_digits(&right)?),
            (Float, Integer(_)) => (self.all_digits(&left)?, right.sql),
            (Timestamp, Date) => (left.sql, self.midnight(&right)?),
            (Date, Timestamp) => (self.midnight(&left)?, right.sql),
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
            let literal = match literal.number {
                Some(it) => self.whole_or_digits(it)?,
                None => literal.sql.clone(),
            };
            return Ok((self.whole_or_digits(number)?, literal));
        }
        let exact = literal.number.and_then(number::exact_float);
        let exact =
            exact.ok_or("it compares floating-point numbers with a number that none equals")?;
        self.doubt_numbers([&float]);
        Ok((float.sql, self.words.float(exact)))
    }

    /// Floating-point numbers that are NaN are a doubt.
    fn doubt_numbers<'w>(&mut self, values: impl IntoIterator<Item = &'w Written>) {
        let nan = values.into_iter().filter_map(|it| self.words.is_nan(&it.sql));
        let doubts: Vec<_> = nan.map(|rows| Doubt { rows, about: "NaN" }).collect();
        self.doubts.extend(doubts);
    }

    fn whole_or_digits(&self, number: Number) -> Result<Fragment, Reason> {
        match number {
            Number::Integer(it) => Ok(self.words.whole(it)),
            Number::Float(it) => self.words.digits(it),
        }
    }

    /// The literal number with all its digits.
    fn all_digits(&self, value: &Written) -> Result<Fragment, Reason> {
        match value.number {
            Some(Number::Float(it)) => self.words.digits(it),
            _ => Err("it compares whole numbers with floating-point numbers".to_owned()),
        }
    }

    /// The first moment of a literal day.
    fn midnight(&self, value: &Written) -> Result<Fragment, Reason> {
        if value.is_literal {
            return Ok(self.words.midnight(&value.sql));
        }
        Err("it compares days with points in time".to_owned())
    }

    /// A value as a condition.
    fn truth(&self, value: &Written) -> Result<Fragment, Reason> {
        match value.value_type {
            Type::Boolean | Type::Null => Ok(self.words.truth(&value.sql)),
            Type::Integer(_) => Ok(Fragment::new("(").and(&value.sql).text(" <> 0)")),
            _ => Err("it takes such a value for a condition".to_owned()),
        }
    }
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
