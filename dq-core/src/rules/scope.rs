//! The rows that a rule or a check is about.

use crate::document::{Node, Place};
use crate::rules::expression::Expression;
use crate::rules::fields::Fields;

/// The rows that a check is about.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) expression: Expression,
    pub(crate) place: Place,
}

/// Which rows of which table.
pub(crate) struct Scope {
    pub(crate) table: String,
    pub(crate) filter: Option<Filter>,
}

impl Scope {
    /// What a check of the rule looks at. A check may name another table, of which all rows count, and
    /// narrow the rows by a condition of its own.
    pub(crate) fn of_check(&self, fields: &mut Fields<'_>) -> Self {
        let own_table = fields.text("table").filter(|it| *it != self.table);
        let outer = self.filter.clone().filter(|_| own_table.is_none());
        let table = own_table.unwrap_or_else(|| self.table.clone());
        let own = fields.take("where").and_then(|it| filter(it, outer.as_ref(), fields));
        Self { table, filter: own.or(outer) }
    }
}

/// A condition, together with an outer one.
pub(crate) fn filter(node: &Node, outer: Option<&Filter>, fields: &Fields<'_>) -> Option<Filter> {
    let text = fields.text_of(node, "where")?;
    let parsed = Expression::parse(&text).and_then(|own| match outer {
        None => Ok(own),
        Some(outer) => Expression::parse(&format!("({}) AND ({text})", outer.expression.text())),
    });
    match parsed {
        Ok(expression) => Some(Filter { expression, place: node.place }),
        Err(error) => {
            fields.problem(node.place, format!("`where`: {}", error.message));
            None
        }
    }
}
