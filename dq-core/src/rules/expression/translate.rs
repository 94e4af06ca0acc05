//! From the tree of `sqlparser` to ours: what the language does not have is refused by name.

use regex::bytes::Regex;
use sqlparser::ast;
use sqlparser::ast::{BinaryOperator, DateTimeField, Expr, UnaryOperator};
use sqlparser::tokenizer::Location;

use crate::rules::expression::ExpressionError;
use crate::rules::expression::datum::Datum;
use crate::rules::expression::function::Function;
use crate::rules::expression::literal;
use crate::rules::expression::parse::Places;
use crate::rules::expression::syntax::{Comparison, Form, Node, Operator, State};

const DEPTH_MAX: usize = 100;

type Result<T> = std::result::Result<T, ExpressionError>;

/// Translates one expression.
pub(super) struct Translator<'t> {
    places: &'t Places,
    /// Where the innermost part with a known place starts.
    offset: usize,
    depth: usize,
}

impl<'t> Translator<'t> {
    pub(super) fn new(places: &'t Places) -> Self {
        Self { places, offset: 0, depth: 0 }
    }

    pub(super) fn node(&mut self, expression: &Expr) -> Result<Node> {
        let place = place_of(expression).map(|it| self.places.offset(it));
        self.offset = place.unwrap_or(self.offset);
        if self.depth == DEPTH_MAX {
            return self.refuse("the expression is nested too deeply");
        }
        self.depth += 1;
        let form = self.form(expression);
        self.depth -= 1;
        let node = Node::of_parts(form?);
        Ok(Node { offset: place.unwrap_or(node.offset), ..node })
    }

    fn refuse<T>(&self, message: impl Into<String>) -> Result<T> {
        Err(ExpressionError { message: message.into(), offset: self.offset })
    }

    fn literal(&self, read: std::result::Result<Datum<'static>, String>) -> Result<Form> {
        read.map(Form::Literal).or_else(|message| self.refuse(message))
    }

    fn boxed(&mut self, expression: &Expr) -> Result<Box<Node>> {
        self.node(expression).map(Box::new)
    }

    fn pair(&mut self, left: &Expr, right: &Expr) -> Result<Box<[Node; 2]>> {
        Ok(Box::new([self.node(left)?, self.node(right)?]))
    }

    fn nodes(&mut self, expressions: &[Expr]) -> Result<Vec<Node>> {
        expressions.iter().map(|it| self.node(it)).collect()
    }

    fn form(&mut self, expression: &Expr) -> Result<Form> {
        let is = |state, it| Ok(Form::Is(state, it));
        let is_not = |state, it| Ok(negated_if(true, Form::Is(state, it)));
        match expression {
            Expr::Identifier(name) => Ok(Form::Column(name.value.clone())),
            Expr::Nested(it) => self.node(it).map(|it| it.form),
            Expr::Value(it) => self.literal(literal::plain(&it.value)),
            Expr::TypedString(it) => self.literal(literal::typed(it)),
            Expr::IsNull(it) => is(State::Null, self.boxed(it)?),
            Expr::IsNotNull(it) => is_not(State::Null, self.boxed(it)?),
            Expr::IsTrue(it) => is(State::True, self.boxed(it)?),
            Expr::IsNotTrue(it) => is_not(State::True, self.boxed(it)?),
            Expr::IsFalse(it) => is(State::False, self.boxed(it)?),
            Expr::IsNotFalse(it) => is_not(State::False, self.boxed(it)?),
            Expr::IsUnknown(it) => is(State::Unknown, self.boxed(it)?),
            Expr::IsNotUnknown(it) => is_not(State::Unknown, self.boxed(it)?),
            Expr::IsDistinctFrom(a, b) => Ok(Form::Distinct(self.pair(a, b)?)),
            Expr::IsNotDistinctFrom(a, b) => {
                let distinct = Form::Distinct(self.pair(a, b)?);
                Ok(negated_if(true, distinct))
            }
            Expr::InList { expr, list, negated } => {
                let form = Form::In(self.boxed(expr)?, self.nodes(list)?);
                Ok(negated_if(*negated, form))
            }
            Expr::Between { expr, negated, low, high } => {
                let (it, low, high) = (self.node(expr)?, self.node(low)?, self.node(high)?);
                let bound = |comparison, limit| {
                    Node::of_parts(Form::Compare(comparison, Box::new([it.clone(), limit])))
                };
                let bounds = [
                    bound(Comparison::GREATER_OR_EQUAL, low),
                    bound(Comparison::LESS_OR_EQUAL, high),
                ];
                Ok(negated_if(*negated, Form::And(bounds.into())))
            }
            Expr::BinaryOp { left, op, right } => self.binary(expression, left, op, right),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(Form::Not(self.boxed(expr)?)),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => Ok(Form::Negate(self.boxed(expr)?)),
            Expr::UnaryOp { op: UnaryOperator::Plus, expr } => {
                let negative = Node::of_parts(Form::Negate(self.boxed(expr)?));
                Ok(Form::Negate(Box::new(negative)))
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like(*negated, false, [expr, pattern], escape_char.as_deref())
            }
            Expr::ILike { negated, any: false, expr, pattern, escape_char } => {
                self.like(*negated, true, [expr, pattern], escape_char.as_deref())
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Cast { kind: ast::CastKind::Cast, expr, data_type, format: None } => {
                let to = literal::data_type(data_type).or_else(|message| self.refuse(message))?;
                Ok(Form::Cast(to, self.boxed(expr)?))
            }
            _ => self.form_of_call(expression),
        }
    }

    /// Functions, and what has a syntax of its own but is one.
    fn form_of_call(&mut self, expression: &Expr) -> Result<Form> {
        match expression {
            Expr::Function(it) => self.function(it),
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let Some(from) = substring_from else {
                    return self.refuse("`SUBSTRING` needs to know where to start");
                };
                let arguments = [Some(expr), Some(from), substring_for.as_ref()];
                self.call_of("substr", arguments.into_iter().flatten().map(|it| &**it))
            }
            Expr::Trim { expr, trim_where: None, trim_what: None, trim_characters: None } => {
                self.call_of("trim", [&**expr])
            }
            Expr::Ceil {
                expr,
                field: ast::CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => self.call_of("ceil", [&**expr]),
            Expr::Floor {
                expr,
                field: ast::CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => self.call_of("floor", [&**expr]),
            Expr::Extract { field, expr, .. } => {
                let name = match field {
                    DateTimeField::Year => "year",
                    DateTimeField::Month => "month",
                    DateTimeField::Day => "day",
                    _ => {
                        return self
                            .refuse(format!("`EXTRACT` knows YEAR, MONTH and DAY, not `{field}`"));
                    }
                };
                self.call_of(name, [&**expr])
            }
            _ => self.refuse(refusal(expression)),
        }
    }

    fn binary(
        &mut self,
        whole: &Expr,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
    ) -> Result<Form> {
        let compare = |comparison, operands| Ok(Form::Compare(comparison, operands));
        let compute = |operator, operands| Ok(Form::Arithmetic(operator, operands));
        match op {
            BinaryOperator::And => self.nodes_of(chain(whole, op)).map(Form::And),
            BinaryOperator::Or => self.nodes_of(chain(whole, op)).map(Form::Or),
            BinaryOperator::Eq => compare(Comparison::EQUAL, self.pair(left, right)?),
            BinaryOperator::NotEq => compare(Comparison::NOT_EQUAL, self.pair(left, right)?),
            BinaryOperator::Lt => compare(Comparison::LESS, self.pair(left, right)?),
            BinaryOperator::LtEq => compare(Comparison::LESS_OR_EQUAL, self.pair(left, right)?),
            BinaryOperator::Gt => compare(Comparison::GREATER, self.pair(left, right)?),
            BinaryOperator::GtEq => compare(Comparison::GREATER_OR_EQUAL, self.pair(left, right)?),
            BinaryOperator::Plus => compute(Operator::Add, self.pair(left, right)?),
            BinaryOperator::Minus => compute(Operator::Subtract, self.pair(left, right)?),
            BinaryOperator::Multiply => compute(Operator::Multiply, self.pair(left, right)?),
            BinaryOperator::Divide => compute(Operator::Divide, self.pair(left, right)?),
            BinaryOperator::Modulo => compute(Operator::Remainder, self.pair(left, right)?),
            BinaryOperator::StringConcat => compute(Operator::Concatenate, self.pair(left, right)?),
            _ => self.refuse(format!("the operator `{op}` is not part of the expression language")),
        }
    }

    fn nodes_of(&mut self, expressions: Vec<&Expr>) -> Result<Vec<Node>> {
        expressions.into_iter().map(|it| self.node(it)).collect()
    }

    fn like(
        &mut self,
        negated: bool,
        ignore_case: bool,
        [text, pattern]: [&Expr; 2],
        escape: Option<&Expr>,
    ) -> Result<Form> {
        let operands = self.pair(text, pattern)?;
        let escape = match escape.map(|it| self.node(it)).transpose()? {
            None => None,
            Some(Node { form: Form::Literal(Datum::Text(text)), .. }) => {
                let mut characters = std::str::from_utf8(&text).unwrap_or_default().chars();
                match (characters.next(), characters.next()) {
                    (Some(escape), None) => Some(escape),
                    _ => return self.refuse("`ESCAPE` takes one character"),
                }
            }
            Some(_) => return self.refuse("`ESCAPE` takes a literal character"),
        };
        Ok(negated_if(negated, Form::Like { operands, escape, ignore_case }))
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Result<Form> {
        let offset = self.offset;
        let operand = operand.map(|it| self.node(it)).transpose()?;
        let mut branches = Vec::with_capacity(conditions.len());
        for ast::CaseWhen { condition, result } in conditions {
            let mut condition = self.node(condition)?;
            if let Some(operand) = &operand {
                let operands = Box::new([operand.clone(), condition]);
                condition = Node::new(offset, Form::Compare(Comparison::EQUAL, operands));
            }
            branches.push([condition, self.node(result)?]);
        }
        let otherwise = otherwise.map_or_else(|| Ok(Node::null(offset)), |it| self.node(it))?;
        Ok(Form::Case { branches, otherwise: Box::new(otherwise) })
    }

    fn function(&mut self, function: &ast::Function) -> Result<Form> {
        let [ast::ObjectNamePart::Identifier(name)] = &*function.name.0 else {
            return self.refuse(format!("unknown function `{}`", function.name));
        };
        if function.over.is_some() {
            return self.refuse(format!(
                "`{}` is called over a window; an expression sees one row at a time",
                name.value
            ));
        }
        // Known before its arguments are looked at: `count(*)` is told what it is.
        self.known(&name.value)?;
        let plain = function.filter.is_none()
            && function.null_treatment.is_none()
            && function.within_group.is_empty()
            && matches!(function.parameters, ast::FunctionArguments::None);
        let arguments = match &function.args {
            ast::FunctionArguments::None => &[][..],
            ast::FunctionArguments::List(list)
                if plain && list.duplicate_treatment.is_none() && list.clauses.is_empty() =>
            {
                &list.args
            }
            _ => {
                return self.refuse(format!(
                    "`{}` is called in a way that is not part of the expression language",
                    name.value
                ));
            }
        };
        let mut expressions = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expression)) = argument else {
                return self.refuse(format!("`{}` takes plain values", name.value));
            };
            expressions.push(expression);
        }
        self.call_of(&name.value, expressions)
    }

    fn known(&self, name: &str) -> Result<&'static Function> {
        Function::find(name).or_else(|message| self.refuse(message))
    }

    fn call_of<'e>(
        &mut self,
        name: &str,
        arguments: impl IntoIterator<Item = &'e Expr>,
    ) -> Result<Form> {
        let offset = self.offset;
        let function = self.known(name)?;
        let arguments = self.nodes_of(arguments.into_iter().collect())?;
        self.offset = offset;
        function.check_count(arguments.len()).or_else(|message| self.refuse(message))?;
        self.rewrite(function, arguments)
    }

    /// A call, or what the call is short for.
    fn rewrite(&self, function: &'static Function, mut arguments: Vec<Node>) -> Result<Form> {
        match (function.name(), &*arguments) {
            ("current_date", []) => Ok(Form::Today),
            ("nullif", [a, b]) => {
                let equal = Form::Compare(Comparison::EQUAL, Box::new([a.clone(), b.clone()]));
                let branch = [Node::new(self.offset, equal), Node::null(self.offset)];
                Ok(Form::Case { branches: vec![branch], otherwise: Box::new(a.clone()) })
            }
            ("age_years", [_]) => {
                arguments.push(Node::new(self.offset, Form::Today));
                Ok(Form::Call(function, arguments))
            }
            ("regexp_like", [text, Node { form: Form::Literal(Datum::Text(pattern)), offset }]) => {
                let regex = Regex::new(std::str::from_utf8(pattern).unwrap_or_default());
                let regex = regex
                    .map_err(|it| ExpressionError { message: one_line(&it), offset: *offset })?;
                Ok(Form::Matches(Box::new(text.clone()), regex))
            }
            ("regexp_like", _) => self.refuse("the pattern of `regexp_like` must be a literal"),
            _ => Ok(Form::Call(function, arguments)),
        }
    }
}

/// Where a part starts, if it knows that without asking its own parts.
fn place_of(expression: &Expr) -> Option<Location> {
    let span = match expression {
        Expr::Identifier(name) => name.span,
        Expr::CompoundIdentifier(names) => names.first()?.span,
        Expr::Value(it) => it.span,
        Expr::TypedString(it) => it.value.span,
        Expr::Case { case_token, .. } => case_token.0.span,
        Expr::Function(it) => it.name.0.first()?.as_ident()?.span,
        _ => return None,
    };
    Some(span.start).filter(|it| it.line > 0)
}

/// A form, or NOT of it.
fn negated_if(negated: bool, form: Form) -> Form {
    if negated { Form::Not(Box::new(Node::of_parts(form))) } else { form }
}

/// The operands of the same operator that are chained on the left, in the order of the text.
fn chain<'e>(whole: &'e Expr, operator: &BinaryOperator) -> Vec<&'e Expr> {
    let mut operands = Vec::new();
    let mut rest = whole;
    while let Expr::BinaryOp { left, op, right } = rest {
        if op != operator {
            break;
        }
        operands.push(&**right);
        rest = left;
    }
    operands.push(rest);
    operands.reverse();
    operands
}

fn refusal(expression: &Expr) -> String {
    let reason = match expression {
        Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
            return "subqueries are not part of the expression language; see the checks `references` and `cardinality`".to_owned();
        }
        Expr::CompoundIdentifier(parts) => {
            let column = parts.last().map(|it| it.value.as_str()).unwrap_or_default();
            return format!(
                "write `{column}` without its table: an expression sees one table only"
            );
        }
        Expr::Interval(_) => "intervals are not known: add days to a date, or call `days_between`",
        Expr::Tuple(_) => "lists stand only after `IN`",
        Expr::Position { .. } => "`POSITION` is not known; did you mean `contains`?",
        Expr::RLike { .. } | Expr::SimilarTo { .. } => "call `regexp_like` for regular expressions",
        Expr::Cast { .. } | Expr::Convert { .. } => "write `CAST(value AS type)`",
        Expr::Trim { .. } => {
            "`TRIM` takes one value here: `TRIM(value)`; see also `LTRIM` and `RTRIM`"
        }
        Expr::Collate { .. } => "`COLLATE` is not known: text compares by code point",
        Expr::AnyOp { .. } | Expr::AllOp { .. } => "`ANY` and `ALL` are not known; see `IN`",
        _ => "this is not part of the expression language",
    };
    reason.to_owned()
}

/// The last line of the message of a regex error, which says what is wrong.
fn one_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let reason = text.lines().last().unwrap_or_default();
    format!("the regular expression cannot be read: {}", reason.trim_start_matches("error: "))
}
