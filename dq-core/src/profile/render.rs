//! A profile as people and programs read it.

use std::fmt::Write as _;
use std::io;

use crate::profile::document::{ColumnProfile, Dependency, Profile, TableProfile};
use crate::profile::figure::Figure;
use crate::profile::suggestion::Suggestion;
use crate::report::TerminalStyle;
use crate::report::counted;
use crate::report::style::Ink;
use crate::report::table::{Align, TableColumn, write as write_table};
use crate::report::text::{cut, visible, width};
use crate::report::words::{count, percent, span};

/// No value is shown wider than this.
const VALUE_WIDTH_MAX: usize = 40;

/// How many shapes or values a line shows.
const SHOWN_MAX: usize = 3;

/// A column in which values repeat less is told by its shapes.
const REPEATED_MIN: f64 = 0.01;

/// Writes a profile as indented JSON with a newline at its end, as `docs/profile.schema.json` describes it.
pub(crate) fn render_json(profile: &Profile, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, profile)?;
    out.write_all(b"\n")
}

/// Writes a profile as text for a terminal of the given style.
///
/// # Errors
///
/// Whatever `out` reports.
pub fn render_text(
    profile: &Profile,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    writeln!(out, "{}\n", style.paint(Ink::Bold, &visible(&profile.source)))?;
    for table in &profile.tables {
        write_profile_of(table, style, out)?;
    }
    write_references(profile, style, out)?;
    if let Some(suggestions) = &profile.suggestions {
        write_suggestions(suggestions, style, out)?;
    }
    for note in &profile.notes {
        writeln!(out, "{}{}\n", style.paint(Ink::Dim, "note: "), visible(note))?;
    }
    let rows: u64 = profile.tables.iter().map(|it| it.rows).sum();
    let columns: usize = profile.tables.iter().map(|it| it.columns.len()).sum();
    let (rows, columns) = (counted(rows, "row"), counted(columns as u64, "column"));
    writeln!(out, "{rows} of {columns} in {}", span(profile.elapsed))
}

fn write_profile_of(
    table: &TableProfile,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let name = style.paint(Ink::Bold, &visible(&table.table));
    writeln!(out, "{name}  {}\n", counted(table.rows, "row"))?;
    if !table.columns.is_empty() {
        write_table(columns(table), style, out)?;
        writeln!(out)?;
    }
    for key in &table.keys {
        let hedge = if key.estimate { "  (in a sample)" } else { "" };
        let columns = visible(&key.columns.join(" + ")).into_owned();
        writeln!(out, "{}{columns}{hedge}", style.paint(Ink::Dim, "key: "))?;
    }
    if !table.keys.is_empty() {
        writeln!(out)?;
    }
    write_dependencies(&table.dependencies, style, out)
}

fn columns(table: &TableProfile) -> Vec<TableColumn> {
    let mut name = TableColumn::flexible("column", 12, 0);
    let mut kind = TableColumn::new("type", Align::Left);
    let mut nulls = TableColumn::new("null", Align::Right);
    let mut blanks = TableColumn { dispensable: 1, ..TableColumn::new("blank", Align::Right) };
    let mut distinct = TableColumn::new("distinct", Align::Right);
    let mut length = TableColumn { dispensable: 4, ..TableColumn::new("length", Align::Right) };
    let mut min = TableColumn::flexible("min", 6, 3);
    let mut max = TableColumn::flexible("max", 6, 3);
    let mut mean = TableColumn { dispensable: 5, ..TableColumn::new("mean", Align::Right) };
    let mut frequent = TableColumn::flexible("most frequent", 16, 2);
    for column in &table.columns {
        name.push(&column.name, Ink::Plain);
        kind.push(&kinds(column), Ink::Plain);
        let missing = |it: u64| {
            if it == 0 {
                ("0%".to_owned(), Ink::Dim)
            } else {
                (percent(it, table.rows), Ink::Plain)
            }
        };
        let (text, ink) = missing(column.nulls);
        nulls.push(&text, ink);
        let (text, ink) = missing(column.blanks);
        blanks.push(&text, ink);
        distinct.push(&figure(column.distinct), Ink::Plain);
        length.push_some(column.length.map(|it| range(it.min, it.max)), Ink::Plain);
        min.push_some(column.min.as_ref().map(value), Ink::Plain);
        max.push_some(column.max.as_ref().map(value), Ink::Plain);
        mean.push_some(column.mean.map(|it| format!("{it:.2}")), Ink::Plain);
        frequent.push_some(most_frequent(column, table.rows), Ink::Plain);
    }
    vec![name, kind, nulls, blanks, distinct, length, min, max, mean, frequent]
}

/// What most values read as, and what share of them if not all.
fn kinds(column: &ColumnProfile) -> String {
    let total: u64 = column.kinds.iter().map(|it| it.count).sum();
    match column.kinds.as_slice() {
        [] => "–".to_owned(),
        [only] => only.kind.as_str().to_owned(),
        [first, ..] => format!("{} {}", first.kind.as_str(), percent(first.count, total)),
    }
}

/// A count; an estimate says so, with its error.
fn figure(figure: Figure) -> String {
    match figure.error {
        Some(error) if figure.estimate => {
            format!("~{} ±{:.1}%", count(figure.value), error * 100.0)
        }
        _ => count(figure.value),
    }
}

fn range(min: u64, max: u64) -> String {
    if min == max { count(min) } else { format!("{}–{}", count(min), count(max)) }
}

fn value(value: &serde_json::Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    cut(&visible(&text), VALUE_WIDTH_MAX)
}

/// The most frequent values where values repeat, and shapes elsewhere.
fn most_frequent(column: &ColumnProfile, rows: u64) -> Option<String> {
    let share = |it: u64| percent(it, rows.max(it));
    let values = column.values.iter().flatten();
    // Blank values have a column of their own.
    let values = values.filter(|it| !it.value.trim().is_empty());
    let repeated = values.filter(|it| it.count.value as f64 >= REPEATED_MIN * rows as f64);
    let values: Vec<_> = repeated
        .take(SHOWN_MAX)
        .map(|it| {
            let about = if it.count.estimate { "~" } else { "" };
            format!(
                "{} {about}{}",
                cut(&visible(&it.value), VALUE_WIDTH_MAX),
                share(it.count.value)
            )
        })
        .collect();
    if !values.is_empty() {
        return Some(values.join(", "));
    }
    let shapes = column.shapes.iter().take(SHOWN_MAX);
    let shapes: Vec<_> =
        shapes.map(|it| format!("{} {}", visible(&it.shape), share(it.count))).collect();
    (!shapes.is_empty()).then(|| shapes.join(", "))
}

/// A line for each column that tells others.
fn write_dependencies(
    dependencies: &[Dependency],
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut tellers: Vec<&str> = Vec::new();
    for it in dependencies {
        if !tellers.contains(&it.from.as_str()) {
            tellers.push(&it.from);
        }
    }
    for teller in &tellers {
        let told = dependencies.iter().filter(|it| it.from == *teller);
        let told: Vec<_> = told.map(dependency).collect();
        let head = format!("{} → ", visible(teller));
        write_wrapped(&head, &told, style, out)?;
    }
    if tellers.is_empty() { Ok(()) } else { writeln!(out) }
}

fn dependency(found: &Dependency) -> String {
    let mut text = visible(&found.to).into_owned();
    let about = if found.estimate { "~" } else { "" };
    if found.violations > 0 {
        let _ = write!(text, " {about}{}", percent(found.rows - found.violations, found.rows));
    }
    text
}

fn write_references(
    profile: &Profile,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    for it in &profile.references {
        let about = if it.estimate { "~" } else { "" };
        let share = percent(it.rows - it.violations, it.rows);
        let text =
            format!("{}.{} in {}.{}  {about}{share}", it.table, it.column, it.parent, it.key);
        writeln!(out, "{}{}", style.paint(Ink::Dim, "reference: "), visible(&text))?;
    }
    if profile.references.is_empty() { Ok(()) } else { writeln!(out) }
}

fn write_suggestions(
    suggestions: &[Suggestion],
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut table = TableColumn::flexible("table", 6, 1);
    let mut name = TableColumn::flexible("suggested check", 16, 0);
    let mut flags = TableColumn::new("flags", Align::Right);
    let mut reason = TableColumn::flexible("because", 20, 2);
    for it in suggestions {
        table.push(&it.table, Ink::Plain);
        name.push(&format!("{}({})", it.check, it.columns.join(", ")), Ink::Plain);
        flags.push(&count(it.violations), if it.violations == 0 { Ink::Dim } else { Ink::Warning });
        reason.push(&it.reason, Ink::Plain);
    }
    write_table(vec![table, name, flags, reason], style, out)?;
    writeln!(out)
}

/// Writes items one after the other behind `head`, on as many lines as they need.
fn write_wrapped(
    head: &str,
    items: &[String],
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let indent = width(head);
    let (mut line, mut used) = (style.paint(Ink::Dim, head), indent);
    for (place, item) in items.iter().enumerate() {
        let item = if place + 1 < items.len() { format!("{item}, ") } else { item.clone() };
        if used > indent && used + width(item.trim_end()) > style.width {
            writeln!(out, "{}", line.trim_end())?;
            line = " ".repeat(indent);
            used = indent;
        }
        line.push_str(&item);
        used += width(&item);
    }
    writeln!(out, "{line}")
}
