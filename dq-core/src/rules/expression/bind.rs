//! Binding: names become positions, types are checked, literals are made ready.

use std::fmt;

use crate::rules::expression::ExpressionError;
use crate::rules::expression::Resolve;
use crate::rules::expression::datum::Datum;
use crate::rules::expression::function::{Function, Parameter};
use crate::rules::expression::kind::Kind;
use crate::rules::expression::like::Pattern;
use crate::rules::expression::syntax::{Form, Node, Operator, State, Type};
use crate::rules::expression::term::{Members, Term};
use crate::value::{Batch, Date, Timestamp};

/// Binds one expression, gathering every error on the way.
struct Binder<'b, 'r> {
    resolve: &'b mut Resolve<'r>,
    /// Columns that are NULL in every row.
    absent: &'b [String],
    as_of: Date,
    names: Vec<(String, Bound)>,
    errors: Vec<ExpressionError>,
}

/// How many characters of a literal an error shows.
const SHOWN_MAX: usize = 40;

/// A term and what is known of its values.
type Bound = (Term, Kind);

/// Stands for what is reported as an error, so that it is reported once.
const BROKEN: Bound = NULL;

const NULL: Bound = (Term::Literal(Datum::Null), Kind::Null);

/// Binds a condition.
pub(super) fn bind(
    node: &Node,
    resolve: &mut Resolve<'_>,
    absent: &[String],
    as_of: Date,
) -> Result<Term, Vec<ExpressionError>> {
    let mut binder = Binder { resolve, absent, as_of, names: Vec::new(), errors: Vec::new() };
    let term = binder.condition(node);
    // BETWEEN and CASE read their operand more than once.
    let mut errors: Vec<ExpressionError> = Vec::new();
    for error in binder.errors {
        if !errors.contains(&error) {
            errors.push(error);
        }
    }
    if errors.is_empty() { Ok(term) } else { Err(errors) }
}

impl Binder<'_, '_> {
    fn error(&mut self, node: &Node, message: impl Into<String>) -> Bound {
        self.errors.push(ExpressionError { message: message.into(), offset: node.offset });
        BROKEN
    }

    fn condition(&mut self, node: &Node) -> Term {
        let (term, kind) = self.bind(node);
        if !kind.is_condition() {
            self.error(node, format!("{kind} is no condition; compare it with something"));
        }
        term
    }

    fn bind(&mut self, node: &Node) -> Bound {
        let errors = self.errors.len();
        let (term, kind) = self.bind_form(node);
        if self.errors.len() > errors {
            return (term, kind);
        }
        match fold(term) {
            Term::Literal(Datum::Invalid) => self.error(node, "this has no value in any row"),
            term => (term, kind),
        }
    }

    fn bind_form(&mut self, node: &Node) -> Bound {
        match &node.form {
            Form::Column(name) => self.column(node, name),
            Form::Literal(it) => (Term::Literal(it.clone()), kind_of(it)),
            Form::Today => (Term::Literal(Datum::Date(self.as_of)), Kind::Date),
            Form::Not(it) => (Term::Not(Box::new(self.condition(it))), Kind::Boolean),
            Form::And(them) => {
                (Term::And(them.iter().map(|it| self.condition(it)).collect()), Kind::Boolean)
            }
            Form::Or(them) => {
                (Term::Or(them.iter().map(|it| self.condition(it)).collect()), Kind::Boolean)
            }
            Form::Negate(it) => {
                let (term, kind) = self.bind(it);
                if !kind.is_numeric() {
                    return self.error(node, format!("{kind} has no negative"));
                }
                (Term::Negate(Box::new(term)), Kind::Number)
            }
            Form::Arithmetic(operator, operands) => self.arithmetic(node, *operator, operands),
            Form::Compare(comparison, operands) => {
                (Term::Compare(*comparison, self.comparable(node, operands)), Kind::Boolean)
            }
            Form::Distinct(operands) => {
                (Term::Distinct(self.comparable(node, operands)), Kind::Boolean)
            }
            Form::Is(State::Null, it) => {
                (Term::Is(State::Null, Box::new(self.bind(it).0)), Kind::Boolean)
            }
            Form::Is(state, it) => (Term::Is(*state, Box::new(self.condition(it))), Kind::Boolean),
            Form::In(it, list) => self.membership(it, list),
            Form::Like { operands, escape, ignore_case } => {
                self.like(operands, *escape, *ignore_case)
            }
            Form::Matches(it, regex) => {
                (Term::Matches(Box::new(self.textual(it)), regex.clone()), Kind::Boolean)
            }
            Form::Case { branches, otherwise } => self.case(branches, otherwise),
            Form::Cast(to, it) => self.cast(node, *to, it),
            Form::Call(function, arguments) => self.call(function, arguments),
        }
    }

    fn column(&mut self, node: &Node, name: &str) -> Bound {
        if let Some((_, bound)) = self.names.iter().find(|(known, _)| known == name) {
            return bound.clone();
        }
        if self.absent.iter().any(|it| it == name) {
            return NULL;
        }
        let bound = match (self.resolve)(name) {
            Ok((position, value_type)) => (Term::Column(position), Kind::from(value_type)),
            Err(message) => self.error(node, message),
        };
        self.names.push((name.to_owned(), bound.clone()));
        bound
    }

    /// Anything that can be rendered as text.
    fn textual(&mut self, node: &Node) -> Term {
        let (term, kind) = self.bind(node);
        if kind == Kind::Bytes {
            return self.error(node, "bytes are not text").0;
        }
        term
    }

    fn arithmetic(&mut self, node: &Node, operator: Operator, operands: &[Node; 2]) -> Bound {
        if operator == Operator::Concatenate {
            let operands = operands.each_ref().map(|it| self.textual(it));
            return (Term::Arithmetic(operator, Box::new(operands)), Kind::Text);
        }
        let [(left, a), (right, b)] = operands.each_ref().map(|it| self.bind(it));
        let is_day = |it: Kind| matches!(it, Kind::Date | Kind::Timestamp);
        let kind = match operator {
            Operator::Add | Operator::Subtract
                if (a == Kind::Any && b.is_numeric()) || (a.is_numeric() && b == Kind::Any) =>
            {
                Kind::Any
            }
            _ if a.is_numeric() && b.is_numeric() => Kind::Number,
            Operator::Add
                if a == Kind::Date && b.is_numeric() || a.is_numeric() && b == Kind::Date =>
            {
                Kind::Date
            }
            Operator::Subtract if a == Kind::Date && matches!(b, Kind::Number | Kind::Boolean) => {
                Kind::Date
            }
            Operator::Subtract if a == Kind::Date && matches!(b, Kind::Any | Kind::Null) => {
                Kind::Any
            }
            Operator::Subtract
                if a.is_temporal() && b.is_temporal() && (a == Kind::Date || b == Kind::Date) =>
            {
                Kind::Number
            }
            _ if is_day(a) || is_day(b) => {
                let message = "dates know `date + days`, `date - days` and `date - date`; see also `days_between`";
                return self.error(node, message);
            }
            _ => return self.error(node, format!("cannot compute with {a} and {b}")),
        };
        let [left_node, right_node] = operands;
        let left = self.operand(left_node, left, operator, b);
        let right = self.operand(right_node, right, operator, a);
        (Term::Arithmetic(operator, Box::new([left, right])), kind)
    }

    /// Reads a literal as what it is computed with, once instead of row by row.
    fn operand(&mut self, node: &Node, term: Term, operator: Operator, other: Kind) -> Term {
        let wanted = match (&term, operator, other) {
            (Term::Literal(Datum::Date(_) | Datum::Timestamp(_)), ..)
            | (Term::Literal(Datum::Text(_)), Operator::Subtract, Kind::Any) => return term,
            (Term::Literal(Datum::Text(_)), Operator::Subtract, Kind::Date) => Parameter::Date,
            (_, Operator::Remainder, _) | (_, Operator::Add | Operator::Subtract, Kind::Date) => {
                Parameter::Whole
            }
            _ => Parameter::Number,
        };
        self.argument(node, term, wanted)
    }

    /// Reads a literal as what is wanted, once instead of row by row.
    fn argument(&mut self, node: &Node, term: Term, wanted: Parameter) -> Term {
        let Term::Literal(literal) = term else { return term };
        let mut read = literal.clone();
        wanted.read(&mut read);
        self.as_read(node, literal, read, format_args!("a {wanted}"))
    }

    /// A literal as it was read, or the error that it cannot be.
    fn as_read(
        &mut self,
        node: &Node,
        literal: Datum<'_>,
        read: Datum<'static>,
        wanted: impl fmt::Display,
    ) -> Term {
        match read {
            Datum::Invalid => {
                let message = format!("`{}` cannot be read as {wanted}", shown(literal));
                self.error(node, message).0
            }
            read => Term::Literal(read),
        }
    }

    fn comparable(&mut self, node: &Node, operands: &[Node; 2]) -> Box<[Term; 2]> {
        let [(left, a), (right, b)] = operands.each_ref().map(|it| self.bind(it));
        if !a.compares_with(b) {
            self.error(node, format!("{a} cannot be compared with {b}"));
        }
        let [left_node, right_node] = operands;
        let left = self.read_literal(left_node, left, b);
        let right = self.read_literal(right_node, right, a);
        Box::new([left, right])
    }

    /// Reads literal text as the kind of what it is compared with, once instead of row by row.
    fn read_literal(&mut self, node: &Node, term: Term, other: Kind) -> Term {
        let Term::Literal(text @ Datum::Text(_)) = &term else { return term };
        let text = text.clone();
        let read = match other {
            Kind::Number => Datum::or_invalid(text.number().map(Datum::Number)),
            Kind::Boolean => text.clone().cast(Type::Boolean),
            Kind::Date | Kind::Timestamp => {
                let day =
                    text.timestamp().filter(|it| it.date().midnight() == *it).map(Timestamp::date);
                day.map_or_else(|| text.clone().cast(Type::Timestamp), Datum::Date)
            }
            Kind::Any | Kind::Null | Kind::Text | Kind::Bytes => return term,
        };
        self.as_read(node, text, read, other)
    }

    fn membership(&mut self, operand: &Node, list: &[Node]) -> Bound {
        let (term, kind) = self.bind(operand);
        let mut items = Vec::with_capacity(list.len());
        for node in list {
            let (item, other) = self.bind(node);
            if !kind.compares_with(other) {
                self.error(node, format!("{kind} cannot be compared with {other}"));
            }
            items.push(self.read_literal(node, item, kind));
        }
        let members = Members::of(&items);
        (Term::In(Box::new(term), items, members), Kind::Boolean)
    }

    fn like(&mut self, operands: &[Node; 2], escape: Option<char>, ignore_case: bool) -> Bound {
        let [text, pattern] = operands.each_ref().map(|it| self.textual(it));
        let Term::Literal(Datum::Text(literal)) = &pattern else {
            let operands = Box::new([text, pattern]);
            return (Term::LikeAny { operands, escape, ignore_case }, Kind::Boolean);
        };
        let literal = std::str::from_utf8(literal).ok();
        let Some(pattern) = literal.and_then(|it| Pattern::new(it, escape, ignore_case)) else {
            let [_, node] = operands;
            return self.error(node, "the pattern ends with its escape character");
        };
        (Term::Like(Box::new(text), pattern), Kind::Boolean)
    }

    fn case(&mut self, branches: &[[Node; 2]], otherwise: &Node) -> Bound {
        let mut kind = Kind::Null;
        let mut terms = Vec::with_capacity(branches.len());
        for [condition, result] in branches {
            let condition = self.condition(condition);
            let (result, of) = self.bind(result);
            kind = kind.or(of);
            terms.push([condition, result]);
        }
        let (otherwise, of) = self.bind(otherwise);
        (Term::Case { branches: terms, otherwise: Box::new(otherwise) }, kind.or(of))
    }

    fn cast(&mut self, node: &Node, to: Type, operand: &Node) -> Bound {
        let (term, kind) = self.bind(operand);
        let (possible, result) = match to {
            Type::Text => (kind != Kind::Bytes, Kind::Text),
            Type::Integer | Type::Float => (kind.is_numeric(), Kind::Number),
            Type::Boolean => (kind.is_numeric(), Kind::Boolean),
            Type::Date => (kind.is_temporal(), Kind::Date),
            Type::Timestamp => (kind.is_temporal(), Kind::Timestamp),
        };
        if !possible {
            return self.error(node, format!("{kind} cannot be read as {result}"));
        }
        (Term::Cast(to, Box::new(term)), result)
    }

    fn call(&mut self, function: &'static Function, arguments: &[Node]) -> Bound {
        let mut terms = Vec::with_capacity(arguments.len());
        let mut kinds = Vec::with_capacity(arguments.len());
        for (index, node) in arguments.iter().enumerate() {
            let (term, kind) = self.bind(node);
            let parameter = function.parameter(index);
            terms.push(if parameter.accepts(kind) {
                self.argument(node, term, parameter)
            } else {
                let name = function.name();
                self.error(node, format!("`{name}` takes a {parameter} here, not {kind}")).0
            });
            kinds.push(kind);
        }
        let kind = function.returns(&kinds);
        (Term::Call(function, terms), kind)
    }
}

/// A literal as it is written, or the beginning of a long one.
fn shown(literal: Datum<'_>) -> String {
    let is_text = matches!(literal, Datum::Text(_));
    let Datum::Text(text) = literal.into_text() else { return "NULL".to_owned() };
    let text = String::from_utf8_lossy(&text);
    let mut shown: String = text.chars().take(SHOWN_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    if is_text { format!("'{}'", shown.replace('\'', "''")) } else { shown }
}

fn kind_of(literal: &Datum<'_>) -> Kind {
    match literal {
        Datum::Null | Datum::Invalid => Kind::Null,
        Datum::Boolean(_) => Kind::Boolean,
        Datum::Number(_) => Kind::Number,
        Datum::Date(_) => Kind::Date,
        Datum::Timestamp(_) => Kind::Timestamp,
        Datum::Text(_) => Kind::Text,
        Datum::Bytes(_) => Kind::Bytes,
    }
}

/// Computes a term in which no row has a say.
fn fold(term: Term) -> Term {
    let constant = match &term {
        Term::Column(_) | Term::Literal(_) => false,
        Term::Not(it)
        | Term::Negate(it)
        | Term::Is(_, it)
        | Term::Like(it, _)
        | Term::Matches(it, _)
        | Term::Cast(_, it) => it.is_literal(),
        Term::And(them) | Term::Or(them) | Term::Call(_, them) => them.iter().all(Term::is_literal),
        Term::Arithmetic(_, them) | Term::Compare(_, them) | Term::Distinct(them) => {
            them.iter().all(Term::is_literal)
        }
        Term::LikeAny { operands, .. } => operands.iter().all(Term::is_literal),
        Term::In(it, list, _) => it.is_literal() && list.iter().all(Term::is_literal),
        Term::Case { branches, otherwise } => {
            branches.iter().flatten().all(Term::is_literal) && otherwise.is_literal()
        }
    };
    if !constant {
        return term;
    }
    Term::Literal(term.value(&Batch::new(0, 0, Vec::new()), 0).into_owned())
}
