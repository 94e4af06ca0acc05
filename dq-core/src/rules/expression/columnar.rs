//! Evaluation of whole columns at once, for the shapes that rules are mostly made of: AND, OR and
//! NOT of IS NULL, IN a list of literals, and comparisons between columns, literals, and sums of a
//! column and a literal. All else goes row by row.

use std::cmp::Ordering;

use arrow_array::Array;
use arrow_array::{Date32Array, Float64Array, Int64Array, TimestampMicrosecondArray};

use arrow_buffer::BooleanBuffer;

use crate::rules::expression::datum::Datum;
use crate::rules::expression::syntax::{Comparison, Operator, State};
use crate::rules::expression::term::{Members, Term};
use crate::rules::expression::truth::{Outcome, Outcomes};
use crate::value::{Batch, Column, Date, Number, TextColumn, Timestamp};

/// What `term` says of each row of `batch`.
pub(super) fn outcomes(term: &Term, batch: &Batch) -> Outcomes {
    match term {
        Term::Not(it) => outcomes(it, batch).not(),
        Term::And(them) => them
            .iter()
            .map(|it| outcomes(it, batch))
            .reduce(|all, it| all.and(&it))
            .unwrap_or_else(|| Outcomes::constant(batch.rows(), Outcome::True)),
        Term::Or(them) => them
            .iter()
            .map(|it| outcomes(it, batch))
            .reduce(|any, it| any.or(&it))
            .unwrap_or_else(|| Outcomes::constant(batch.rows(), Outcome::False)),
        Term::Literal(it) => Outcomes::constant(batch.rows(), it.outcome()),
        _ => columnwise(term, batch)
            .unwrap_or_else(|| Outcomes::collect(batch.rows(), |row| term.outcome(batch, row))),
    }
}

/// The outcomes of a term that has a kernel of its own.
fn columnwise(term: &Term, batch: &Batch) -> Option<Outcomes> {
    match term {
        Term::Is(State::Null, it) => match &**it {
            Term::Column(position) => {
                Some(Outcomes::certain(nulls(batch.column(*position), batch.rows())))
            }
            _ => None,
        },
        Term::In(it, _, members) => match &**it {
            Term::Column(position) => is_member(batch.column(*position), members),
            _ => None,
        },
        Term::Like(it, pattern) => text_test(it, batch, |text| pattern.matches(text)),
        Term::Matches(it, regex) => text_test(it, batch, |text| regex.is_match(text)),
        Term::Compare(comparison, operands) => {
            let [left, right] = &**operands;
            let (left, right) = (Operand::of(left, batch)?, Operand::of(right, batch)?);
            compare(batch.rows(), *comparison, left, right)
        }
        _ => None,
    }
}

fn nulls(column: &Column, rows: usize) -> BooleanBuffer {
    let array: &dyn Array = match column {
        Column::Boolean(it) => it,
        Column::Integer(it) => it,
        Column::Float(it) => it,
        Column::Date(it) => it,
        Column::Timestamp(it) => it,
        Column::Text(it) => return it.judge(true, |_| false),
        Column::Mixed(it) => {
            return BooleanBuffer::collect_bool(it.len(), |row| it.value(row).is_null());
        }
        Column::Null(_) => return BooleanBuffer::new_set(rows),
    };
    array.nulls().map_or_else(|| BooleanBuffer::new_unset(array.len()), |it| !it.inner())
}

fn is_member(column: &Column, members: &Members) -> Option<Outcomes> {
    let missing = |has_null| if has_null { Outcome::Unknown } else { Outcome::False };
    match (column, members) {
        (Column::Text(it), Members::Texts { set, has_null }) => {
            let missing = missing(*has_null);
            Some(of_texts(it, |text| match text {
                None => Outcome::Unknown,
                Some(text) if set.contains(text) => Outcome::True,
                Some(_) => missing,
            }))
        }
        (Column::Integer(it), Members::Integers { set, has_null }) => {
            let missing = missing(*has_null);
            Some(Outcomes::collect(it.len(), |row| match it.is_valid(row) {
                false => Outcome::Unknown,
                true if set.contains(&i128::from(it.value(row))) => Outcome::True,
                true => missing,
            }))
        }
        _ => None,
    }
}

/// What `test` says of a column of text.
fn text_test(term: &Term, batch: &Batch, test: impl Fn(&[u8]) -> bool) -> Option<Outcomes> {
    let Term::Column(position) = term else { return None };
    let Column::Text(column) = batch.column(*position) else { return None };
    Some(of_texts(column, |text| text.map_or(Outcome::Unknown, |text| Outcome::of(test(text)))))
}

/// What `outcome` says of the text of each row.
#[inline]
fn of_texts(column: &TextColumn, outcome: impl Fn(Option<&[u8]>) -> Outcome) -> Outcomes {
    match column.verdicts(&outcome) {
        Some(verdicts) => Outcomes::collect(column.len(), |row| verdicts.of(row)),
        None => Outcomes::collect(column.len(), |row| outcome(column.get(row))),
    }
}

/// A side of a comparison that has a kernel.
#[derive(Clone, Copy)]
enum Operand<'a> {
    Literal(&'a Datum<'static>),
    Integers(&'a Int64Array),
    /// Whole numbers, and what is added to each.
    Shifted(&'a Int64Array, i64),
    /// Whole numbers, and what each is taken from.
    Reflected(&'a Int64Array, i64),
    Floats(&'a Float64Array),
    Texts(&'a TextColumn),
    /// Whole numbers that text spells, and what is added to each.
    Numerals(&'a TextColumn, i64),
    Days(&'a Date32Array),
    Moments(&'a TimestampMicrosecondArray),
}

impl<'a> Operand<'a> {
    fn of(term: &'a Term, batch: &'a Batch) -> Option<Self> {
        match term {
            Term::Literal(it) => Some(Self::Literal(it)),
            Term::Column(position) => match batch.column(*position) {
                Column::Integer(it) => Some(Self::Integers(it)),
                Column::Float(it) => Some(Self::Floats(it)),
                Column::Text(it) => Some(Self::Texts(it)),
                Column::Date(it) => Some(Self::Days(it)),
                Column::Timestamp(it) => Some(Self::Moments(it)),
                Column::Null(_) | Column::Boolean(_) | Column::Mixed(_) => None,
            },
            Term::Arithmetic(operator @ (Operator::Add | Operator::Subtract), operands) => {
                Self::of_sum(*operator, operands, batch)
            }
            _ => None,
        }
    }
}

impl<'a> Operand<'a> {
    /// A column of whole numbers plus or minus a literal, or a literal minus a column.
    fn of_sum(operator: Operator, operands: &'a [Term; 2], batch: &'a Batch) -> Option<Self> {
        let literal = |it: &Datum<'_>| match it {
            Datum::Number(Number::Integer(it)) => i64::try_from(*it).ok(),
            _ => None,
        };
        let (position, by) = match (operator, operands) {
            (Operator::Add, [Term::Column(position), Term::Literal(by)]) => {
                (position, literal(by)?)
            }
            (Operator::Subtract, [Term::Column(position), Term::Literal(by)]) => {
                (position, literal(by)?.checked_neg()?)
            }
            (Operator::Subtract, [Term::Literal(from), Term::Column(position)]) => {
                let Column::Integer(it) = batch.column(*position) else { return None };
                return Some(Self::Reflected(it, literal(from)?));
            }
            _ => return None,
        };
        match batch.column(*position) {
            Column::Integer(it) => Some(Self::Shifted(it, by)),
            Column::Text(it) => Some(Self::Numerals(it, by)),
            _ => None,
        }
    }
}

/// What a comparison sees on one side of a row.
#[derive(Clone, Copy)]
enum Reading<T> {
    Null,
    /// INVALID already, whatever it is compared with.
    Invalid,
    /// Text that spells no number: INVALID if compared with one, UNKNOWN with NULL.
    Unreadable,
    Is(T),
}

fn compare(
    rows: usize,
    comparison: Comparison,
    left: Operand<'_>,
    right: Operand<'_>,
) -> Option<Outcomes> {
    use Operand::{Days, Floats, Integers, Literal, Moments, Shifted, Texts};
    Some(match (left, right) {
        (Literal(_), Literal(_)) => return None,
        (Literal(_), _) | (Shifted(..), Integers(_)) => {
            return compare(rows, comparison.swapped(), right, left);
        }
        (Integers(a), Literal(Datum::Number(Number::Integer(b)))) => {
            let b = *b;
            match i64::try_from(b) {
                Ok(b) => collect(rows, comparison, |row| whole(a, row), |_| Reading::Is(b)),
                Err(_) => collect(rows, comparison, |row| shifted(a, 0, row), |_| Reading::Is(b)),
            }
        }
        (Integers(a), Integers(b)) => {
            collect(rows, comparison, |row| whole(a, row), |row| whole(b, row))
        }
        (Integers(a), Shifted(b, by)) => {
            collect(rows, comparison, |row| shifted(a, 0, row), |row| shifted(b, by, row))
        }
        (Floats(a), Literal(Datum::Number(b))) if Number::Float(b.to_f64()) == *b => {
            let b = b.to_f64();
            collect(rows, comparison, |row| float(a, row), |_| Reading::Is(b))
        }
        (Floats(a), Floats(b)) => {
            collect(rows, comparison, |row| float(a, row), |row| float(b, row))
        }
        (Texts(a), Literal(Datum::Text(b))) => {
            let b: &[u8] = b;
            let is_equality = comparison.is_equality();
            of_texts(a, |text| match text {
                None => Outcome::Unknown,
                Some(a) if is_equality => {
                    Outcome::of((a == b) == comparison.holds(Ordering::Equal))
                }
                Some(a) => Outcome::of(comparison.holds(a.cmp(b))),
            })
        }
        (Texts(a), Texts(b)) => {
            collect_texts(rows, comparison, |row| text(a, row), |row| text(b, row))
        }
        (Texts(a), Literal(Datum::Date(b))) => {
            let b = b.midnight();
            collect(rows, comparison, |row| spelt_moment(a, row), |_| Reading::Is(b))
        }
        (Days(a), Literal(Datum::Date(b))) => {
            let b = b.days();
            collect(rows, comparison, |row| day(a, row), |_| Reading::Is(b))
        }
        (Days(a), Days(b)) => collect(rows, comparison, |row| day(a, row), |row| day(b, row)),
        (Moments(a), Moments(b)) => {
            collect(rows, comparison, |row| moment(a, row), |row| moment(b, row))
        }
        _ if left.is_numeric() && right.is_numeric() => {
            collect(rows, comparison, |row| left.number(row), |row| right.number(row))
        }
        _ => return None,
    })
}

#[inline]
fn collect<T: PartialOrd>(
    rows: usize,
    comparison: Comparison,
    left: impl Fn(usize) -> Reading<T>,
    right: impl Fn(usize) -> Reading<T>,
) -> Outcomes {
    Outcomes::collect(rows, |row| match (left(row), right(row)) {
        (Reading::Is(a), Reading::Is(b)) => match a.partial_cmp(&b) {
            Some(ordering) => Outcome::of(comparison.holds(ordering)),
            None => Outcome::Invalid,
        },
        (Reading::Invalid, _) | (_, Reading::Invalid) => Outcome::Invalid,
        (Reading::Null, _) | (_, Reading::Null) => Outcome::Unknown,
        (Reading::Unreadable, _) | (_, Reading::Unreadable) => Outcome::Invalid,
    })
}

/// Like [`collect`]; equality need not find out which text is the lesser.
#[inline]
fn collect_texts<'a>(
    rows: usize,
    comparison: Comparison,
    left: impl Fn(usize) -> Reading<&'a [u8]>,
    right: impl Fn(usize) -> Reading<&'a [u8]>,
) -> Outcomes {
    if !comparison.is_equality() {
        return collect(rows, comparison, left, right);
    }
    Outcomes::collect(rows, |row| match (left(row), right(row)) {
        (Reading::Is(a), Reading::Is(b)) => {
            Outcome::of((a == b) == comparison.holds(Ordering::Equal))
        }
        _ => Outcome::Unknown,
    })
}

impl Operand<'_> {
    /// Whether this side reads as numbers, next to a side that is not text.
    fn is_numeric(self) -> bool {
        match self {
            Self::Literal(it) => matches!(it, Datum::Number(_)),
            Self::Days(_) | Self::Moments(_) => false,
            _ => true,
        }
    }

    #[inline]
    fn number(self, row: usize) -> Reading<Number> {
        let parsed = |text: Option<&[u8]>| match text.map(Number::parse) {
            None => Reading::Null,
            Some(None) => Reading::Unreadable,
            Some(Some(number)) => Reading::Is(number),
        };
        match self {
            Self::Literal(Datum::Number(it)) => Reading::Is(*it),
            Self::Integers(it) => shifted(it, 0, row).map(Number::Integer),
            Self::Shifted(it, by) => shifted(it, by, row).map(Number::Integer),
            Self::Reflected(it, from) => {
                whole(it, row).map(|it| Number::Integer(i128::from(from) - i128::from(it)))
            }
            Self::Floats(it) => float(it, row).map(Number::Float),
            Self::Texts(it) => parsed(it.get(row)),
            Self::Numerals(it, by) => match parsed(it.get(row)) {
                Reading::Is(number) => sum(number, by),
                Reading::Unreadable => Reading::Invalid,
                reading => reading,
            },
            Self::Literal(_) | Self::Days(_) | Self::Moments(_) => Reading::Invalid,
        }
    }
}

impl<T> Reading<T> {
    #[inline]
    fn map<U>(self, of: impl Fn(T) -> U) -> Reading<U> {
        match self {
            Self::Null => Reading::Null,
            Self::Invalid => Reading::Invalid,
            Self::Unreadable => Reading::Unreadable,
            Self::Is(it) => Reading::Is(of(it)),
        }
    }
}

#[inline]
fn sum(number: Number, by: i64) -> Reading<Number> {
    let sum = match number {
        Number::Integer(it) => it.checked_add(i128::from(by)).map(Number::Integer),
        Number::Float(it) => Some(it + by as f64).filter(|it| it.is_finite()).map(Number::Float),
    };
    sum.map_or(Reading::Invalid, Reading::Is)
}

#[inline]
fn whole(array: &Int64Array, row: usize) -> Reading<i64> {
    if array.is_valid(row) { Reading::Is(array.value(row)) } else { Reading::Null }
}

#[inline]
fn shifted(array: &Int64Array, by: i64, row: usize) -> Reading<i128> {
    whole(array, row).map(|it| i128::from(it) + i128::from(by))
}

#[inline]
fn float(array: &Float64Array, row: usize) -> Reading<f64> {
    if array.is_valid(row) { Reading::Is(array.value(row)) } else { Reading::Null }
}

#[inline]
fn day(array: &Date32Array, row: usize) -> Reading<i32> {
    if array.is_valid(row) { Reading::Is(array.value(row)) } else { Reading::Null }
}

#[inline]
fn moment(array: &TimestampMicrosecondArray, row: usize) -> Reading<i64> {
    if array.is_valid(row) { Reading::Is(array.value(row)) } else { Reading::Null }
}

#[inline]
fn spelt_moment(column: &TextColumn, row: usize) -> Reading<Timestamp> {
    let Some(text) = column.get(row) else { return Reading::Null };
    let moment = Date::parse(text).map(Date::midnight).or_else(|| Timestamp::parse(text));
    moment.map_or(Reading::Unreadable, Reading::Is)
}

#[inline]
fn text(column: &TextColumn, row: usize) -> Reading<&[u8]> {
    column.get(row).map_or(Reading::Null, Reading::Is)
}

#[cfg(test)]
mod tests {
    use super::*;

    use arrow_array::BooleanArray;
    use arrow_buffer::Buffer;
    use proptest::prelude::*;

    use crate::rules::expression::Expression;
    use crate::value::{Cell, MixedColumn, Span, ValueType};

    /// A value of any type; columns take from it what fits.
    #[derive(Clone, Debug)]
    enum Sample {
        Null,
        Integer(i64),
        Float(f64),
        Text(&'static str),
        Bytes,
    }

    fn sample() -> impl Strategy<Value = Sample> {
        let integers = prop_oneof![
            -3..4_i64,
            Just(i64::MAX),
            Just(i64::MIN),
            Just(1 << 53),
            Just((1 << 53) + 1)
        ];
        let floats = prop::sample::select(vec![
            0.0,
            -0.0,
            1.0,
            2.5,
            -1.5,
            f64::NAN,
            f64::INFINITY,
            9_007_199_254_740_992.0,
            1e300,
        ]);
        let texts = prop::sample::select(vec![
            "",
            "0",
            "1",
            "+1",
            "2.5",
            "-3",
            "1e400",
            "abc",
            "ABC",
            "é",
            "true",
            "2020-01-01",
            "2020-01-02 10:00",
            "9007199254740993",
            "170141183460469231731687303715884105727",
        ]);
        prop_oneof![
            Just(Sample::Null),
            integers.prop_map(Sample::Integer),
            floats.prop_map(Sample::Float),
            texts.prop_map(Sample::Text),
            Just(Sample::Bytes),
        ]
    }

    fn whole(sample: &Sample) -> Option<i64> {
        match sample {
            Sample::Integer(it) => Some(*it),
            Sample::Float(it) => Some(*it as i64),
            _ => None,
        }
    }

    /// A column of one of the variants, and its declared type.
    fn column(variant: usize, samples: &[Sample]) -> (Column, ValueType) {
        let small = |it: &Sample| whole(it).map(|it| (it % 1000) as i32);
        match variant {
            0 => (Column::Integer(samples.iter().map(whole).collect()), ValueType::Integer),
            1 => {
                let floats = samples.iter().map(|it| match it {
                    Sample::Float(it) => Some(*it),
                    Sample::Integer(it) => Some(*it as f64),
                    _ => None,
                });
                (Column::Float(floats.collect()), ValueType::Float)
            }
            2 => {
                let texts = samples.iter().map(|it| match it {
                    Sample::Null => None,
                    Sample::Text(it) => Some((*it).to_owned()),
                    Sample::Integer(it) => Some(it.to_string()),
                    other => Some(format!("{other:?}")),
                });
                (Column::Text(TextColumn::from_texts(texts)), ValueType::Text)
            }
            3 => (Column::Null(samples.len()), ValueType::Integer),
            4 => (Column::Date(samples.iter().map(small).collect()), ValueType::Date),
            5 => {
                let micros =
                    samples.iter().map(|it| small(it).map(|it| i64::from(it) * 3_600_000_000));
                (Column::Timestamp(micros.collect()), ValueType::Timestamp)
            }
            6 => {
                let booleans = samples.iter().map(|it| whole(it).map(|it| it > 0));
                (Column::Boolean(booleans.collect::<BooleanArray>()), ValueType::Boolean)
            }
            _ => (mixed(samples), ValueType::Any),
        }
    }

    fn mixed(samples: &[Sample]) -> Column {
        let mut bytes = vec![0xff];
        let cells = samples.iter().map(|it| match it {
            Sample::Null => Cell::Null,
            Sample::Integer(it) => Cell::Integer(*it),
            Sample::Float(it) => Cell::Float(*it),
            Sample::Bytes => Cell::Bytes(Span::new(0, 1)),
            Sample::Text(it) => {
                let span = Span::new(bytes.len() as u32, it.len() as u32);
                bytes.extend_from_slice(it.as_bytes());
                Cell::Text(span)
            }
        });
        let cells = cells.collect();
        Column::Mixed(MixedColumn::new(cells, Buffer::from_vec(bytes)))
    }

    fn leaf() -> impl Strategy<Value = String> {
        let operator = || prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
        let literal = || {
            prop::sample::select(vec![
                "0",
                "1",
                "2.5",
                "-3",
                "9007199254740993",
                "9223372036854775808",
                "1e300",
                "'1'",
                "'abc'",
                "''",
                "'2020-01-01'",
                "DATE '1970-01-03'",
                "TIMESTAMP '1970-01-01 02:00'",
                "true",
                "NULL",
            ])
        };
        let column = || prop::sample::select(vec!["a", "b"]);
        let shift = || {
            prop::sample::select(vec![
                "+ 1",
                "- 2",
                "+ 9223372036854775807",
                "- 9007199254740993",
                "+ 0.5",
            ])
        };
        prop_oneof![
            column().prop_map(|a| format!("{a} IS NULL")),
            (column(), operator(), column()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            (column(), operator(), literal()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            (literal(), operator(), column()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            (column(), operator(), column(), shift())
                .prop_map(|(a, op, b, by)| format!("{a} {op} {b} {by}")),
            (column(), shift(), operator(), column())
                .prop_map(|(a, by, op, b)| format!("{a} {by} {op} {b}")),
            (column(), shift(), operator(), literal())
                .prop_map(|(a, by, op, b)| format!("{a} {by} {op} {b}")),
            (column(), operator(), literal(), column())
                .prop_map(|(a, op, from, b)| format!("{a} {op} {from} - {b}")),
            (column(), prop::collection::vec(literal(), 1..4))
                .prop_map(|(a, list)| format!("{a} IN ({})", list.join(", "))),
            column().prop_map(|a| format!("{a} IN ('1', 'abc', NULL)")),
            column().prop_map(|a| format!("{a} IN (1, -3)")),
            column().prop_map(|a| format!("{a} LIKE '%1%'")),
            column().prop_map(|a| format!("regexp_like({a}, '^[0-9]+$')")),
        ]
    }

    fn condition() -> impl Strategy<Value = String> {
        leaf().prop_recursive(3, 8, 2, |inner| {
            prop_oneof![
                inner.clone().prop_map(|it| format!("NOT ({it})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) AND ({b})")),
                (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) OR ({b})")),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

        #[test]
        fn columns_at_once_give_what_rows_one_by_one_give(
            samples in prop::collection::vec((sample(), sample()), 0..70),
            variants in (0..8_usize, 0..8_usize),
            text in condition(),
            typed in any::<bool>(),
        ) {
            let (a, b): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
            let columns = [column(variants.0, &a), column(variants.1, &b)];
            let mut resolve = |name: &str| {
                let position = usize::from(name == "b");
                Ok((position, if typed { columns[position].1 } else { ValueType::Any }))
            };
            let expression = Expression::parse(&text).unwrap();
            // What the types rule out has no outcome.
            if let Ok(predicate) = expression.bind(&mut resolve, Date::from_days(0)) {
                let batch = Batch::new(0, a.len(), columns.map(|it| it.0).into());
                let expected = Outcomes::collect(batch.rows(), |row| predicate.root.outcome(&batch, row));
                prop_assert_eq!(outcomes(&predicate.root, &batch), expected);
            }
        }
    }
}
