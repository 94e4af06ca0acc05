//! Rules in the dialect of PostgreSQL.
//!
//! Its columns have one type each, so that most tests have one form. Text is compared by its bytes, with
//! `COLLATE "C"`, which the names of columns bring along. Nothing that is written can fail in a row: what
//! might (a number that does not fit, a day without end) is a doubt, whose rows are counted, and if there is
//! any the check is judged natively.

mod condition;
mod format;
mod number;
mod pattern;
mod row;
mod terms;
mod text;

use crate::pushdown::fragment::Fragment;
use crate::pushdown::postgres::condition::Conditions;
use crate::pushdown::target::{Asked, Reason, Site, Target, Writer, WrittenKey};
use crate::rules::{Blank, KeyForm, RowKernel};
use crate::source::{SqlColumn, SqlKind};

/// Writes for PostgreSQL.
#[derive(Debug, Default)]
pub(crate) struct Postgres;

impl Writer for Postgres {
    fn violations(
        &mut self,
        target: Target<'_>,
        (kernel, _): (&dyn RowKernel, &[usize]),
    ) -> Result<Asked, Reason> {
        let test = kernel.test().ok_or("a function of the program judges it")?;
        row::violations(target, test)
    }

    fn scope(&mut self, target: Target<'_>, filter: usize) -> Result<Asked, Reason> {
        let filter = target.plan.filters.get(filter).ok_or("a filter is lost")?;
        Conditions::of(target).write(filter.predicate.root())
    }

    fn key(
        &mut self,
        target: Target<'_>,
        columns: &[usize],
        form: KeyForm,
        as_text: bool,
    ) -> Result<WrittenKey, Reason> {
        let mut key = WrittenKey {
            parts: Vec::new(),
            forms: Vec::new(),
            compared: Asked::certain(Fragment::new("true")),
        };
        for column in columns {
            key_part((target.column(*column)?, target.site()), form, as_text, &mut key)?;
        }
        Ok(key)
    }

    fn presence(
        &mut self,
        target: Target<'_>,
        column: usize,
        form: KeyForm,
    ) -> Result<Asked, Reason> {
        let column = target.column(column)?;
        let value = Fragment::new(column.sql.as_str());
        let there = Fragment::new("(").and(&value).text(" IS NOT NULL");
        let there = match (column.kind, form.blank) {
            (SqlKind::Text, Blank::IsIgnored) => {
                there.text(" AND NOT ").and(&text::is_blank(&value))
            }
            _ => there,
        };
        Ok(Asked::certain(there.text(")")))
    }

    fn ordered(&self, value: &str) -> String {
        format!("{value} NULLS FIRST")
    }
}

/// Adds a column to a key.
fn key_part(
    (column, site): (&SqlColumn, Site),
    form: KeyForm,
    as_text: bool,
    key: &mut WrittenKey,
) -> Result<(), Reason> {
    let mut part = Fragment::new(column.sql.as_str());
    let mut compared = vec![key.compared.condition.clone()];
    compared.push(Fragment::default().and(&part).text(" IS NOT NULL"));
    let kind = match column.kind {
        SqlKind::Text => {
            if form.blank == Blank::IsIgnored {
                compared.push(Fragment::new("NOT ").and(&text::is_blank(&part)));
            }
            if form.folds_case {
                key.compared.doubts.push(text::not_ascii(&part));
            }
            part = normalized(&part, form, site);
            "text"
        }
        SqlKind::Integer if as_text => {
            part = text::as_text(&part, column.kind)?.sql;
            "text"
        }
        SqlKind::Integer => "integer",
        SqlKind::Boolean => "boolean",
        SqlKind::Date => "date",
        SqlKind::Float => "float",
        SqlKind::Bytes => "bytes",
        _ => return Err("its keys are points in time".to_owned()),
    };
    key.parts.push(part);
    key.forms.push(kind);
    key.compared.condition = Fragment::joined(&compared, " AND ");
    Ok(())
}

/// A text in a form in which equal keys are equal.
fn normalized(text: &Fragment, form: KeyForm, site: Site) -> Fragment {
    let mut text = text.clone();
    if form.collapses_blanks {
        let blanks = format!("[{}]+", text::BLANKS);
        let collapsed = Fragment::new("regexp_replace(").and(&text::trimmed(&text));
        text = collapsed.text(", ").bind(blanks.as_str()).text("::text, ' ', 'g')");
    }
    match (form.folds_case, site) {
        (true, Site::Here) => Fragment::new("lower(").and(&text).text(")"),
        (true, Site::Shards) => text::lower(&text),
        (false, _) => text,
    }
}
