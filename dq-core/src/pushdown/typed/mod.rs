//! Rules in SQL where each column has one type, so that most tests have one form.
//!
//! Nothing that is written can fail in a row: what might (a number that does not fit, a day without end) is a
//! doubt, whose rows are counted, and if there is any the check is judged natively. What databases say in
//! different words is in [`Words`].

mod condition;
mod format;
mod luhn;
mod measure;
mod number;
mod row;
mod terms;
mod text;
mod words;

use crate::pushdown::fragment::Fragment;
use crate::pushdown::target::{Asked, AskedFigure, Doubt, Reason, Target, Writer, WrittenKey};
use crate::pushdown::typed::condition::Conditions;
use crate::rules::{Blank, Figure, KeyForm, Measure, Now, RowKernel};
use crate::source::{SqlColumn, SqlKind};
use crate::value::Date;

pub(crate) use luhn::pair_sum;
pub(crate) use text::BLANKS;
pub(crate) use words::{Ends, Part, Words};

/// Writes in the words of a database.
#[derive(Debug)]
pub(crate) struct Typed(pub(crate) &'static dyn Words);

impl Writer for Typed {
    fn violations(
        &mut self,
        target: Target<'_>,
        (kernel, columns): (&dyn RowKernel, &[usize]),
    ) -> Result<Asked, Reason> {
        let test = kernel.test().ok_or("a function of the program judges it")?;
        with_exceptions(target, columns, row::violations(self.words(target), target, test)?)
    }

    fn scope(&mut self, target: Target<'_>, filter: usize) -> Result<Asked, Reason> {
        let filter = target.plan.filters.get(filter).ok_or("a filter is lost")?;
        let predicate = filter.predicate.root();
        let columns: Vec<_> = predicate.columns().into_iter().collect();
        with_exceptions(
            target,
            &columns,
            Conditions::of(self.words(target), target).write(predicate)?,
        )
    }

    fn key(
        &mut self,
        target: Target<'_>,
        columns: &[usize],
        form: KeyForm,
        as_text: bool,
    ) -> Result<WrittenKey, Reason> {
        let words = self.words(target);
        let mut parts = Vec::new();
        let mut forms = Vec::new();
        let mut compared = Vec::new();
        let mut doubts = Vec::new();
        for column in columns {
            let part = key_part(words, target.column(*column)?, form, as_text)?;
            if part.form == "text"
                && let Some(hash) = words.hash(&part.sql)
            {
                parts.push(hash);
                forms.push("hash");
            }
            parts.push(part.sql);
            forms.push(part.form);
            compared.push(part.compared.condition);
            doubts.extend(part.compared.doubts);
        }
        let compared = Asked::certain(Fragment::joined(&compared, " AND "));
        let compared = Asked { doubts, ..compared };
        Ok(WrittenKey { parts, forms, compared: with_exceptions(target, columns, compared)? })
    }

    fn presence(
        &mut self,
        target: Target<'_>,
        position: usize,
        form: KeyForm,
    ) -> Result<Asked, Reason> {
        let column = target.column(position)?;
        let value = Fragment::new(column.sql.as_str());
        let there = Fragment::new("(").and(&value).text(" IS NOT NULL");
        let there = match (column.kind, form.blank) {
            (SqlKind::Text, Blank::IsIgnored) => {
                there.text(" AND NOT ").and(&self.words(target).is_blank(&value))
            }
            (SqlKind::Any, Blank::IsIgnored) => return Err(many_kinds()),
            _ => there,
        };
        with_exceptions(target, &[position], Asked::certain(there.text(")")))
    }

    fn span(&mut self, target: Target<'_>, days: &[usize]) -> Result<WrittenKey, Reason> {
        let [from, to] = days else { return Err("a span has two days".to_owned()) };
        let words = self.words(target);
        let mut doubts = Vec::new();
        let mut day = |position: &usize| {
            let column = target.column(*position)?;
            let value = Fragment::new(column.sql.as_str());
            doubts.push(text::far_away(words, &value));
            match column.kind {
                SqlKind::Date => Ok(value),
                SqlKind::Timestamp => Ok(words.day_of(&value)),
                SqlKind::Any => Err(many_kinds()),
                _ => Err("its spans are not of days".to_owned()),
            }
        };
        let (first, last) = (day(from)?, day(to)?);
        let end = words.day(Date::from_civil(9999, 12, 31).ok_or("a day is lost")?)?;
        let last = Fragment::new("coalesce(").and(&last).text(", ").and(&end).text(")");
        let has_days = Fragment::new("(").and(&first).text(" <= ").and(&last).text(")");
        let compared = Asked { doubts, ..Asked::certain(has_days) };
        let compared = with_exceptions(target, days, compared)?;
        Ok(WrittenKey { parts: vec![first, last], forms: vec!["date", "date"], compared })
    }

    fn measure(
        &mut self,
        target: Target<'_>,
        (measure, figure): (&Measure, &Figure),
        now: Now,
    ) -> Result<AskedFigure, Reason> {
        let column = target.column(measure.column)?;
        let value = Fragment::new(column.sql.as_str());
        let how = (measure.reading, figure);
        let mut asked = measure::asked(self.words(target), (&value, column.kind), how, now)?;
        asked.doubts.extend(exception(column));
        Ok(asked)
    }

    fn ordered(&self, value: &str) -> String {
        self.0.ordered(value)
    }

    fn counted(&self, condition: &Fragment) -> Fragment {
        self.0.counted(condition)
    }

    fn whole_type(&self) -> &'static str {
        self.0.whole_type()
    }

    fn patterns_max(&self) -> usize {
        self.0.patterns_max()
    }
}

/// Adds the rows in which a column is not what it is in a scan, for all of some columns.
fn with_exceptions(
    target: Target<'_>,
    columns: &[usize],
    mut asked: Asked,
) -> Result<Asked, Reason> {
    for column in columns {
        asked.doubts.extend(exception(target.column(*column)?));
    }
    Ok(asked)
}

/// The rows in which a column is not what it is in a scan.
fn exception(column: &SqlColumn) -> Option<Doubt> {
    let exception = column.exception.as_ref()?;
    let rows = Fragment::new(exception.condition.as_str());
    Some(Doubt { rows, about: exception.about })
}

/// Why nothing is said of a column of [`SqlKind::Any`].
fn many_kinds() -> Reason {
    "a scan makes values of several kinds of its column, or text of its own".to_owned()
}

/// A column of a key.
struct KeyPart {
    sql: Fragment,
    form: &'static str,
    compared: Asked,
}

impl Typed {
    /// The words for statements about a table.
    fn words(&self, target: Target<'_>) -> &'static dyn Words {
        let sent = if target.is_spread() { self.0.sent() } else { None };
        sent.unwrap_or(self.0)
    }
}

fn key_part(
    words: &dyn Words,
    column: &SqlColumn,
    form: KeyForm,
    as_text: bool,
) -> Result<KeyPart, Reason> {
    let sql = Fragment::new(column.sql.as_str());
    let is_there = Fragment::default().and(&sql).text(" IS NOT NULL");
    let form = match column.kind {
        SqlKind::Text => return Ok(key_text(words, sql, is_there, form)),
        SqlKind::Integer if as_text => {
            let text = text::as_text(words, &sql, column.kind)?.sql;
            return Ok(KeyPart { sql: text, form: "text", compared: Asked::certain(is_there) });
        }
        SqlKind::Integer => "integer",
        SqlKind::Boolean => "boolean",
        SqlKind::Date => "date",
        SqlKind::Float => "float",
        SqlKind::Bytes => "bytes",
        SqlKind::Timestamp => return Err("its keys are points in time".to_owned()),
        SqlKind::Any => return Err(many_kinds()),
    };
    Ok(KeyPart { sql, form, compared: Asked::certain(is_there) })
}

/// A text in a form in which equal keys are equal.
fn key_text(words: &dyn Words, mut text: Fragment, is_there: Fragment, form: KeyForm) -> KeyPart {
    let mut compared = Asked::certain(is_there);
    if form.blank == Blank::IsIgnored {
        let blank = words.is_blank(&text);
        compared.condition = compared.condition.text(" AND NOT ").and(&blank);
    }
    if form.folds_case {
        compared.doubts.push(text::not_ascii(&text));
    }
    compared.doubts.extend(words.unsortable(&text));
    if form.collapses_blanks {
        let trimmed = words.trimmed(&text, Ends::Both);
        text = words.replaced(&trimmed, &format!("[{BLANKS}]+"), " ");
    }
    if form.folds_case {
        text = words.lower(&text);
    }
    KeyPart { sql: text, form: "text", compared }
}
