//! A bound expression, and its evaluation row by row: the meaning of the language. The columnar
//! evaluation is only a faster way to the same outcomes.

use std::collections::HashSet;

use regex::bytes::Regex;

use crate::rules::expression::datum::Datum;
use crate::rules::expression::function::Function;
use crate::rules::expression::like::Pattern;
use crate::rules::expression::syntax::{Comparison, Operator, State, Type};
use crate::rules::expression::truth::Outcome;
use crate::value::{Batch, Number};

/// A part of an expression whose names and types are resolved.
#[derive(Clone, Debug)]
pub(crate) enum Term {
    /// The column at a position of the batch.
    Column(usize),
    Literal(Datum<'static>),
    Not(Box<Self>),
    Negate(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Arithmetic(Operator, Box<[Self; 2]>),
    Compare(Comparison, Box<[Self; 2]>),
    Distinct(Box<[Self; 2]>),
    Is(State, Box<Self>),
    In(Box<Self>, Vec<Self>, Members),
    /// LIKE with a literal pattern.
    Like(Box<Self>, Pattern),
    /// LIKE with a pattern that each row decides.
    LikeAny {
        operands: Box<[Self; 2]>,
        escape: Option<char>,
        ignore_case: bool,
    },
    Matches(Box<Self>, Regex),
    Case {
        branches: Vec<[Self; 2]>,
        otherwise: Box<Self>,
    },
    Cast(Type, Box<Self>),
    Call(&'static Function, Vec<Self>),
}

/// The list of IN, as a set, if all of it is literal and of one kind. NULL is left out of the set.
#[derive(Clone, Debug)]
pub(crate) enum Members {
    /// Each row decides, or the literals differ in kind.
    Listed,
    Texts {
        set: HashSet<Vec<u8>, foldhash::fast::FixedState>,
        has_null: bool,
    },
    Integers {
        set: HashSet<i128, foldhash::fast::FixedState>,
        has_null: bool,
    },
}

impl Term {
    /// The positions of the columns that this term reads, perhaps several times.
    pub(crate) fn columns(&self) -> Vec<usize> {
        let all = |them: &mut dyn Iterator<Item = &Self>| them.flat_map(Self::columns).collect();
        match self {
            Self::Column(position) => vec![*position],
            Self::Literal(_) => Vec::new(),
            Self::Not(it)
            | Self::Negate(it)
            | Self::Is(_, it)
            | Self::Like(it, _)
            | Self::Matches(it, _)
            | Self::Cast(_, it) => it.columns(),
            Self::And(them) | Self::Or(them) | Self::Call(_, them) => all(&mut them.iter()),
            Self::Arithmetic(_, them)
            | Self::Compare(_, them)
            | Self::Distinct(them)
            | Self::LikeAny { operands: them, .. } => all(&mut them.iter()),
            Self::In(it, list, _) => all(&mut std::iter::once(&**it).chain(list)),
            Self::Case { branches, otherwise } => {
                all(&mut branches.iter().flatten().chain(std::iter::once(&**otherwise)))
            }
        }
    }

    /// Whether no row has a say in this term.
    pub(crate) fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    /// What this term says of a row, as a condition.
    pub(crate) fn outcome(&self, batch: &Batch, row: usize) -> Outcome {
        match self {
            Self::Not(it) => it.outcome(batch, row).not(),
            Self::And(them) => Outcome::all(them.iter().map(|it| it.outcome(batch, row))),
            Self::Or(them) => Outcome::any(them.iter().map(|it| it.outcome(batch, row))),
            Self::Compare(comparison, operands) => {
                let [left, right] = &**operands;
                left.value(batch, row).compare(*comparison, &right.value(batch, row))
            }
            Self::Distinct(operands) => {
                let [left, right] = &**operands;
                left.value(batch, row).distinct(&right.value(batch, row))
            }
            Self::Is(state, it) => is(*state, &it.value(batch, row)),
            Self::In(it, list, members) => {
                let value = it.value(batch, row);
                members.find(&value).unwrap_or_else(|| {
                    let equal = |it: &Self| value.compare(Comparison::EQUAL, &it.value(batch, row));
                    Outcome::any(list.iter().map(equal))
                })
            }
            Self::Like(it, pattern) => {
                text_outcome(it.value(batch, row), |text| Outcome::of(pattern.matches(text)))
            }
            Self::LikeAny { operands, escape, ignore_case } => {
                let [text, pattern] =
                    operands.each_ref().map(|it| it.value(batch, row).into_text());
                like(text, pattern, *escape, *ignore_case)
            }
            Self::Matches(it, regex) => {
                text_outcome(it.value(batch, row), |text| Outcome::of(regex.is_match(text)))
            }
            _ => self.value(batch, row).outcome(),
        }
    }

    /// The value of this term in a row.
    pub(crate) fn value<'a>(&'a self, batch: &'a Batch, row: usize) -> Datum<'a> {
        match self {
            Self::Column(position) => Datum::from(batch.column(*position).value(row)),
            Self::Literal(it) => it.borrowed(),
            Self::Negate(it) => it.value(batch, row).negate(),
            Self::Arithmetic(operator, operands) => {
                let [left, right] = &**operands;
                left.value(batch, row).compute(*operator, right.value(batch, row))
            }
            Self::Case { branches, otherwise } => {
                let mut conditions =
                    branches.iter().map(|[it, then]| (it.outcome(batch, row), then));
                match conditions.find(|(it, _)| matches!(it, Outcome::True | Outcome::Invalid)) {
                    Some((Outcome::Invalid, _)) => Datum::Invalid,
                    Some((_, then)) => then.value(batch, row),
                    None => otherwise.value(batch, row),
                }
            }
            Self::Cast(to, it) => it.value(batch, row).cast(*to),
            Self::Call(function, arguments) => call(function, arguments, batch, row),
            _ => Datum::from(self.outcome(batch, row)),
        }
    }
}

impl Members {
    /// The set of the literals in `list`; listed if it is none that a set can hold.
    pub(crate) fn of(list: &[Term]) -> Self {
        let literals = list.iter().map(|it| match it {
            Term::Literal(it) => Some(it),
            _ => None,
        });
        let Some(literals) = literals.collect::<Option<Vec<_>>>() else { return Self::Listed };
        let has_null = literals.iter().any(|it| matches!(it, Datum::Null));
        let present = || literals.iter().filter(|it| !matches!(it, Datum::Null));
        let texts = present().map(|it| match it {
            Datum::Text(it) => Some(it.to_vec()),
            _ => None,
        });
        if let Some(set) = texts.collect::<Option<_>>() {
            return Self::Texts { set, has_null };
        }
        let integers = present().map(|it| match it {
            Datum::Number(Number::Integer(it)) => Some(*it),
            _ => None,
        });
        integers.collect::<Option<_>>().map_or(Self::Listed, |set| Self::Integers { set, has_null })
    }

    /// Whether a value is in the set; `None` if only the list can tell.
    #[inline]
    pub(crate) fn find(&self, value: &Datum<'_>) -> Option<Outcome> {
        let (found, has_null) = match (self, value) {
            (Self::Texts { set, has_null }, Datum::Text(it)) => (set.contains(&**it), *has_null),
            (Self::Integers { set, has_null }, Datum::Number(Number::Integer(it))) => {
                (set.contains(it), *has_null)
            }
            _ => return None,
        };
        Some(if !found && has_null { Outcome::Unknown } else { Outcome::of(found) })
    }
}

fn is(state: State, value: &Datum<'_>) -> Outcome {
    if matches!(value, Datum::Invalid) {
        return Outcome::Invalid;
    }
    match (state, value) {
        (State::Null | State::Unknown, Datum::Null) => Outcome::True,
        (State::Null, _) | (_, Datum::Null) => Outcome::False,
        _ => match (state, value.outcome()) {
            (_, Outcome::Invalid) => Outcome::Invalid,
            (State::True, outcome) => Outcome::of(outcome == Outcome::True),
            (State::False, outcome) => Outcome::of(outcome == Outcome::False),
            _ => Outcome::False,
        },
    }
}

fn like(text: Datum<'_>, pattern: Datum<'_>, escape: Option<char>, ignore_case: bool) -> Outcome {
    text_outcome(pattern, |pattern| {
        text_outcome(text, |text| {
            let pattern = std::str::from_utf8(pattern).ok();
            let pattern = pattern.and_then(|it| Pattern::new(it, escape, ignore_case));
            pattern.map_or(Outcome::Invalid, |it| Outcome::of(it.matches(text)))
        })
    })
}

/// What `test` says of the text of a value.
fn text_outcome(value: Datum<'_>, test: impl FnOnce(&[u8]) -> Outcome) -> Outcome {
    match value.into_text() {
        Datum::Text(text) => test(&text),
        Datum::Null => Outcome::Unknown,
        _ => Outcome::Invalid,
    }
}

fn call<'a>(function: &Function, arguments: &'a [Term], batch: &'a Batch, row: usize) -> Datum<'a> {
    if function.is_lazy() {
        let mut values = arguments.iter().map(|it| it.value(batch, row));
        return values.find(|it| !matches!(it, Datum::Null)).unwrap_or_default();
    }
    // Most functions take one to three arguments, which then need no allocation.
    match arguments {
        [a] => function.call(&mut [a.value(batch, row)]),
        [a, b] => function.call(&mut [a, b].map(|it| it.value(batch, row))),
        [a, b, c] => function.call(&mut [a, b, c].map(|it| it.value(batch, row))),
        _ => {
            let mut values: Vec<_> = arguments.iter().map(|it| it.value(batch, row)).collect();
            function.call(&mut values)
        }
    }
}
