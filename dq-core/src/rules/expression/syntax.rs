//! What an expression says, as it is written: the tree between the parser and the binding.
//!
//! Everything that is only another spelling is gone: BETWEEN is two comparisons, CASE has conditions,
//! NOT IN is NOT of IN.

use std::cmp::Ordering;

use regex::bytes::Regex;

use crate::rules::expression::datum::Datum;
use crate::rules::expression::function::Function;

/// A part of an expression, and the byte of the text at which it starts.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) offset: usize,
    pub(crate) form: Form,
}

/// What a part of an expression says.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    Column(String),
    Literal(Datum<'static>),
    Today,
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Arithmetic(Operator, Box<[Node; 2]>),
    Compare(Comparison, Box<[Node; 2]>),
    Distinct(Box<[Node; 2]>),
    Is(State, Box<Node>),
    In(Box<Node>, Vec<Node>),
    Like { operands: Box<[Node; 2]>, escape: Option<char>, ignore_case: bool },
    Matches(Box<Node>, Regex),
    Case { branches: Vec<[Node; 2]>, otherwise: Box<Node> },
    Cast(Type, Box<Node>),
    Call(&'static Function, Vec<Node>),
}

impl Node {
    pub(crate) fn new(offset: usize, form: Form) -> Self {
        Self { offset, form }
    }

    pub(crate) fn null(offset: usize) -> Self {
        Self::new(offset, Form::Literal(Datum::Null))
    }

    /// A node that starts where its first part does.
    pub(crate) fn of_parts(form: Form) -> Self {
        let offset = form.parts().next().map(|it| it.offset).unwrap_or_default();
        Self { offset, form }
    }
}

impl Form {
    /// The parts that this is made of, in the order of the text.
    pub(crate) fn parts(&self) -> Box<dyn Iterator<Item = &Node> + '_> {
        match self {
            Self::Column(_) | Self::Literal(_) | Self::Today => Box::new(std::iter::empty()),
            Self::Not(it)
            | Self::Negate(it)
            | Self::Is(_, it)
            | Self::Matches(it, _)
            | Self::Cast(_, it) => Box::new(std::iter::once(&**it)),
            Self::And(them) | Self::Or(them) | Self::Call(_, them) => Box::new(them.iter()),
            Self::Arithmetic(_, them)
            | Self::Compare(_, them)
            | Self::Distinct(them)
            | Self::Like { operands: them, .. } => Box::new(them.iter()),
            Self::In(it, list) => Box::new(std::iter::once(&**it).chain(list)),
            Self::Case { branches, otherwise } => {
                Box::new(branches.iter().flatten().chain(std::iter::once(&**otherwise)))
            }
        }
    }
}

/// An operator that makes a value of two values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Concatenate,
}

/// A comparison, as the set of orderings for which it holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Comparison(u8);

impl Comparison {
    pub(crate) const EQUAL: Self = Self(0b010);
    pub(crate) const NOT_EQUAL: Self = Self(0b101);
    pub(crate) const LESS: Self = Self(0b001);
    pub(crate) const LESS_OR_EQUAL: Self = Self(0b011);
    pub(crate) const GREATER: Self = Self(0b100);
    pub(crate) const GREATER_OR_EQUAL: Self = Self(0b110);

    /// Whether this comparison holds for two values that are in the order `ordering`.
    #[inline]
    pub(crate) const fn holds(self, ordering: Ordering) -> bool {
        self.0 >> (ordering as i8 + 1) & 1 == 1
    }

    /// Whether only equality matters.
    pub(crate) const fn is_equality(self) -> bool {
        matches!(self, Self::EQUAL | Self::NOT_EQUAL)
    }

    /// The comparison that says the same of the two values in the other order.
    pub(crate) const fn swapped(self) -> Self {
        Self((self.0 & 0b010) | (self.0 & 0b001) << 2 | self.0 >> 2)
    }
}

/// What IS asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    Null,
    True,
    False,
    Unknown,
}

/// What CAST makes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Type {
    Integer,
    Float,
    Text,
    Date,
    Timestamp,
    Boolean,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swapped_comparison_says_the_same_of_swapped_values() {
        for bits in 0..8 {
            let comparison = Comparison(bits);
            for ordering in [Ordering::Less, Ordering::Equal, Ordering::Greater] {
                assert_eq!(
                    comparison.holds(ordering),
                    comparison.swapped().holds(ordering.reverse())
                );
            }
        }
        assert!(Comparison::LESS_OR_EQUAL.holds(Ordering::Equal));
        assert!(!Comparison::NOT_EQUAL.holds(Ordering::Equal));
    }
}
