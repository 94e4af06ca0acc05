//! The quality of tables, for people: a line for each table, a column for each dimension.

use std::io;

use crate::report::style::{Ink, TerminalStyle};
use crate::report::table::{self, Align, TableColumn};
use crate::report::words;
use crate::rules::Dimension;
use crate::validate::{Grade, Quality, Score};

/// What the line of all tables together is called.
const ALL: &str = "(all)";

/// Writes the scores of every table, and of all together where there are several.
pub(crate) fn write(
    quality: &Quality,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if quality.overall.dimensions.is_empty() {
        return Ok(());
    }
    let tables = quality.tables.iter().filter(|it| !it.quality.dimensions.is_empty());
    let mut lines: Vec<_> = tables.map(|it| (it.table.as_str(), &it.quality)).collect();
    if lines.len() > 1 {
        lines.push((ALL, &quality.overall));
    }
    let mut name = TableColumn::flexible("table", 6, 0);
    let mut score = TableColumn::new("quality", Align::Right);
    let mut grade = TableColumn::new("grade", Align::Left);
    for (table, quality) in &lines {
        name.push(table, if *table == ALL { Ink::Dim } else { Ink::Plain });
        score.push(&words::score(quality.score), ink(quality.grade));
        grade.push(quality.grade.map_or("–", Grade::as_str), ink(quality.grade));
    }
    let mut columns = vec![name, score, grade];
    columns.extend(dimensions(quality).map(|it| column(it, &lines)));
    table::write(columns, style, out)?;
    writeln!(out)
}

/// The dimensions that any table has checks of.
pub(crate) fn dimensions(quality: &Quality) -> impl Iterator<Item = Dimension> {
    quality.overall.dimensions.iter().map(|it| it.dimension)
}

/// Why there is no score.
pub(crate) fn reason(score: &Score) -> String {
    match score.errors() {
        0 => "nothing was in scope".to_owned(),
        errors => format!("{} could not run", words::counted(errors as u64, "check")),
    }
}

fn column(dimension: Dimension, lines: &[(&str, &Score)]) -> TableColumn {
    let mut column =
        TableColumn { dispensable: 1, ..TableColumn::new(dimension.as_str(), Align::Right) };
    for (_, quality) in lines {
        let found = quality.dimensions.iter().find(|it| it.dimension == dimension);
        match found {
            Some(found) => column.push(&words::score(found.score), ink(found.grade)),
            None => column.push("", Ink::Plain),
        }
    }
    column
}

const fn ink(grade: Option<Grade>) -> Ink {
    match grade {
        None => Ink::Dim,
        Some(Grade::A) => Ink::Good,
        Some(Grade::B | Grade::C) => Ink::Warning,
        Some(Grade::D | Grade::F) => Ink::Bad,
    }
}
