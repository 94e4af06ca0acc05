//! Values within conditions: columns, literals, arithmetic, functions.

use crate::pushdown::fragment::Fragment;
use crate::pushdown::target::{Doubt, Reason};
use crate::pushdown::typed::condition::Conditions;
use crate::pushdown::typed::words::{Ends, Part, Words};
use crate::pushdown::typed::{many_kinds, text};
use crate::rules::expression::{CastTo, Datum, Function, Operator, Term as Bound};
use crate::source::SqlKind;
use crate::value::Number;

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
                    SqlKind::Any => return Err(many_kinds()),
                    SqlKind::Bytes => return Err("it is about bytes".to_owned()),
                };
                Ok(Term::new(Fragment::new(column.sql.as_str()), value_type))
            }
            Bound::Literal(it) => literal(self.words, it),
            Bound::Negate(it) => {
                let value = self.value(it)?;
                match value.value_type {
                    Type::Integer(bits) if bits < BITS_MAX => {
                        let number = self.words.as_numeric(&value.sql);
                        let negative = Fragment::new("(- ").and(&number).text(")");
                        Ok(Term::new(negative, Type::Integer(bits + 1)))
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
            return Ok(Term::new(self.words.chained(&[left, right]), Type::Text));
        }
        let (left, right) = (self.value(left)?, self.value(right)?);
        match (left.value_type, right.value_type) {
            (Type::Integer(a), Type::Integer(b)) => {
                whole(self.words, operator, [(&left, a), (&right, b)])
            }
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
        let between = self.words.days_between(&from.sql, &to.sql);
        Term::new(days.text(" THEN ").and(&between).text(" END)"), Type::Integer(32))
    }

    /// A day, some days later or earlier.
    fn moved(&mut self, day: &Term, sign: &str, days: &Term) -> Term {
        const DAYS_MAX: &str = "BETWEEN -1000000 AND 1000000";
        let few = Fragment::new("(").and(&days.sql).text(&format!(" {DAYS_MAX})"));
        let rows = Fragment::new("NOT ").and(&few);
        self.doubts.push(Doubt { rows, about: "very many days" });
        let mut guards = vec![self.near(day), few];
        if let Some(can_move) = self.words.can_move(&day.sql, sign, &days.sql) {
            let guard = Fragment::new("CASE WHEN ").and(&Fragment::joined(&guards, " AND "));
            let guard = guard.text(" THEN ").and(&can_move).text(" END").enclosed();
            let rows = Fragment::new("NOT ").and(&guard);
            self.doubts.push(Doubt { rows, about: "days that the database does not have" });
            guards.push(can_move);
        }
        let moved = Fragment::new("(CASE WHEN ").and(&Fragment::joined(&guards, " AND "));
        let to = self.words.moved(&day.sql, sign, &days.sql);
        Term::new(moved.text(" THEN ").and(&to).text(" END)"), Type::Date)
    }

    /// Whether a day is near; that it may be far away is a doubt.
    fn near(&mut self, day: &Term) -> Fragment {
        self.doubt_where_there(day, vec![text::far_away(self.words, &day.sql)]);
        self.words.is_near(&day.sql)
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
                Ok(Term::new(self.words.day_of(&value.sql), Type::Date))
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
                of_texts(self.words, name, &texts(self)?)
            }
            "left" | "right" | "substr" => {
                let text = self.text(arguments.first().ok_or("an argument is lost")?)?;
                let numbers = (1..arguments.len()).map(count).collect::<Result<Vec<_>, _>>()?;
                if numbers.iter().skip(usize::from(name == "substr")).any(|it| *it < 0) {
                    return Err("it takes a negative number of characters".to_owned());
                }
                let part = match (name, &numbers[..]) {
                    ("left", [count]) => Part::Left(*count),
                    ("right", [count]) => Part::Right(*count),
                    (_, [first]) => Part::From(*first, None),
                    (_, [first, count]) => Part::From(*first, Some(*count)),
                    _ => return Err("an argument is lost".to_owned()),
                };
                Ok(Term::new(self.words.part(&text, part), Type::Text))
            }
            _ => {
                let values = arguments.iter().map(|it| self.value(it));
                let values = values.collect::<Result<Vec<_>, _>>()?;
                self.of_values(name, &values)
            }
        }
    }

    fn of_text(&mut self, name: &str, text: &Fragment) -> Term {
        let called = |function: &str| Fragment::new(function).and(text).text(")");
        match name {
            "length" => Term::new(called("char_length("), Type::Integer(32)),
            "lower" | "upper" => {
                self.doubts.push(text::not_ascii(text));
                let folded = match name {
                    "lower" => self.words.lower(text),
                    _ => self.words.upper(text),
                };
                Term::new(folded, Type::Text)
            }
            "trim" => Term::new(self.words.trimmed(text, Ends::Both), Type::Text),
            "ltrim" => Term::new(self.words.trimmed(text, Ends::First), Type::Text),
            "rtrim" => Term::new(self.words.trimmed(text, Ends::Last), Type::Text),
            "digits" => Term::new(self.words.replaced(text, "[^0-9]", ""), Type::Text),
            _ => {
                let luhn = self.words.luhn(text);
                self.doubts.extend(luhn.doubts);
                Term::new(luhn.condition, Type::Boolean)
            }
        }
    }

    fn of_values(&mut self, name: &str, values: &[Term]) -> Result<Term, Reason> {
        let list = |function: &str| {
            let parts = Fragment::joined(values.iter().map(|it| &it.sql), ", ");
            Fragment::new(function).and(&parts).text(")")
        };
        match (name, values) {
            ("coalesce", _) => {
                let parts: Vec<_> = values.iter().map(|it| it.sql.clone()).collect();
                Ok(Term::new(self.words.coalesced(&parts), common(values)?))
            }
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
                let number = self.words.as_numeric(&it.sql);
                let absolute = Fragment::new("abs(").and(&number).text(")");
                Ok(Term::new(absolute, it.value_type))
            }
            ("round" | "floor" | "ceil", [it]) if matches!(it.value_type, Type::Integer(_)) => {
                Ok(it.clone())
            }
            ("date", [it]) if it.value_type == Type::Date => Ok(it.clone()),
            ("date", [it]) if it.value_type == Type::Timestamp => {
                Ok(Term::new(self.words.day_of(&it.sql), Type::Date))
            }
            ("year" | "month" | "day", [it]) if it.value_type == Type::Date => {
                let near = self.near(it);
                let part = Fragment::new("(CASE WHEN ").and(&near).text(" THEN ");
                let part = part.and(&self.words.field(name, &it.sql)).text(" END)");
                Ok(Term::new(part, Type::Integer(32)))
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

fn of_texts(words: &dyn Words, name: &str, texts: &[Fragment]) -> Result<Term, Reason> {
    Ok(match (name, texts) {
        ("replace", _) => {
            let replaced = Fragment::new("replace(").and(&Fragment::joined(texts, ", "));
            Term::new(replaced.text(")"), Type::Text)
        }
        ("concat", _) => Term::new(words.concatenated(texts), Type::Text),
        ("starts_with", [text, start]) => Term::new(words.starts_with(text, start), Type::Boolean),
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
    words: &dyn Words,
    operator: Operator,
    [(left, a), (right, b)]: [(&Term, u32); 2],
) -> Result<Term, Reason> {
    let numeric = |it: &Term| words.as_numeric(&it.sql);
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

fn literal(words: &dyn Words, datum: &Datum<'_>) -> Result<Term, Reason> {
    let (sql, value_type) = match datum {
        Datum::Null => return Ok(null()),
        Datum::Boolean(it) => (words.boolean(*it), Type::Boolean),
        Datum::Number(Number::Integer(it)) => {
            (words.whole(*it), Type::Integer(128 - it.unsigned_abs().leading_zeros()))
        }
        Datum::Number(Number::Float(it)) => (words.float(*it), Type::Float),
        Datum::Date(it) => (words.day(*it)?, Type::Date),
        Datum::Timestamp(it) => (words.moment(*it)?, Type::Timestamp),
        Datum::Text(it) => (words.text(&String::from_utf8_lossy(it))?, Type::Text),
        Datum::Bytes(_) | Datum::Invalid => return Err("it has a value of no type".to_owned()),
    };
    let number = match datum {
        Datum::Number(it) => Some(*it),
        _ => None,
    };
    Ok(Term { is_literal: true, number, ..Term::new(sql, value_type) })
}
