//! A table whose columns line up, whatever is in them.
//!
//! Widths are those of the terminal, where a Chinese character takes two columns and an accent none.
//! Where a table is too wide, its flexible columns are shortened, the widest first; where even that is not
//! enough, its dispensable columns are left out, one after the other; and at last the flexible columns are
//! shortened further. Lines do not wrap: each row stays one.

use std::io;

use crate::report::style::{Ink, TerminalStyle};
use crate::report::text::{shorten, visible, width};

const GAP: &str = "  ";

/// To how little a flexible column is shortened where nothing is left to leave out.
const WIDTH_LEAST: usize = 6;

/// A column of a table.
#[derive(Clone, Debug)]
pub(crate) struct TableColumn {
    /// What stands above it.
    pub(crate) heading: &'static str,
    /// On which side its texts are flush.
    pub(crate) align: Align,
    /// To how little it may be shortened; `None` if it may not.
    pub(crate) width_min: Option<usize>,
    /// The higher, the sooner it is left out where there is no room; 0 is never left out.
    pub(crate) dispensable: u8,
    /// Its texts, row by row.
    pub(crate) cells: Vec<(String, Ink)>,
}

/// On which side texts are flush.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Align {
    Left,
    Right,
}

impl TableColumn {
    pub(crate) fn new(heading: &'static str, align: Align) -> Self {
        Self { heading, align, width_min: None, dispensable: 0, cells: Vec::new() }
    }

    /// A column of names, which may be shortened, and left out if `dispensable`.
    pub(crate) fn flexible(heading: &'static str, width_min: usize, dispensable: u8) -> Self {
        Self { width_min: Some(width_min), dispensable, ..Self::new(heading, Align::Left) }
    }

    /// Appends a text; what is not plain text in it is escaped.
    pub(crate) fn push(&mut self, text: &str, ink: Ink) {
        self.cells.push((visible(text).into_owned(), ink));
    }

    /// Appends a figure, or a dash where there is none.
    pub(crate) fn push_some(&mut self, figure: Option<String>, ink: Ink) {
        match figure {
            Some(figure) => self.push(&figure, ink),
            None => self.push("–", Ink::Dim),
        }
    }

    fn width(&self) -> usize {
        let cells = self.cells.iter().map(|(text, _)| width(text));
        cells.chain([width(self.heading)]).max().unwrap_or(0)
    }
}

/// Writes the table: headings, a rule, and a line for each row.
pub(crate) fn write(
    mut columns: Vec<TableColumn>,
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let widths = fit(&mut columns, style.width);
    let headings: Vec<_> = columns.iter().map(|it| (it.heading, Ink::Dim)).collect();
    write_row(&headings, &columns, &widths, style, out)?;
    let rule = "─".repeat(total(&widths));
    writeln!(out, "{}", style.paint(Ink::Dim, &rule))?;
    let rows = columns.iter().map(|it| it.cells.len()).max().unwrap_or(0);
    for row in 0..rows {
        let cells = columns.iter().map(|it| it.cells.get(row));
        let cells: Vec<_> = cells
            .map(|it| it.map_or(("", Ink::Plain), |(text, ink)| (text.as_str(), *ink)))
            .collect();
        write_row(&cells, &columns, &widths, style, out)?;
    }
    Ok(())
}

/// The widths of the columns that stay, so that the table takes at most `width_max` if it can.
fn fit(columns: &mut Vec<TableColumn>, width_max: usize) -> Vec<usize> {
    loop {
        let mut widths: Vec<_> = columns.iter().map(TableColumn::width).collect();
        narrow(&mut widths, columns, width_max, |min| min);
        if total(&widths) <= width_max {
            return widths;
        }
        let last = columns.iter().map(|it| it.dispensable).max().unwrap_or(0);
        if last == 0 {
            narrow(&mut widths, columns, width_max, |min| min.min(WIDTH_LEAST));
            return widths;
        }
        columns.retain(|it| it.dispensable != last);
    }
}

/// Takes from the widest flexible columns, one by one, until the table fits or all are as narrow as they may
/// be; `least` says how narrow that is, given what the column asks for.
fn narrow(
    widths: &mut [usize],
    columns: &[TableColumn],
    width_max: usize,
    least: impl Fn(usize) -> usize,
) {
    while total(widths) > width_max {
        let sized = widths.iter_mut().zip(columns.iter());
        let flexible =
            sized.filter(|(width, it)| it.width_min.is_some_and(|min| **width > least(min)));
        let Some((widest, _)) = flexible.max_by_key(|(width, _)| **width) else { break };
        *widest -= 1;
    }
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
}

fn write_row(
    cells: &[(&str, Ink)],
    columns: &[TableColumn],
    widths: &[usize],
    style: TerminalStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut line = String::new();
    let mut owed = String::new();
    for ((text, ink), (column, width_max)) in cells.iter().zip(columns.iter().zip(widths)) {
        let text = shorten(text, *width_max);
        let blanks = " ".repeat(width_max.saturating_sub(width(&text)));
        if column.align == Align::Right {
            owed.push_str(&blanks);
        }
        if !text.is_empty() {
            line.push_str(&owed);
            line.push_str(&style.paint(*ink, &text));
            owed.clear();
        }
        if column.align == Align::Left {
            owed.push_str(&blanks);
        }
        owed.push_str(GAP);
    }
    writeln!(out, "{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(heading: &'static str, align: Align, texts: &[&str]) -> TableColumn {
        let mut column = TableColumn::new(heading, align);
        for text in texts {
            column.push(text, Ink::Plain);
        }
        column
    }

    fn written(columns: Vec<TableColumn>, width: usize) -> String {
        let mut out = Vec::new();
        write(columns, TerminalStyle { color: false, width }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_line_up_under_wide_narrow_and_control_characters() {
        let names =
            column("name", Align::Left, &["plain", "北京市", "e\u{301}tat", "a\tb\u{1b}[1m", "👩‍⚕️"]);
        let rows = column("rows", Align::Right, &["1", "22", "333", "4,444", "5"]);
        let text = written(vec![names, rows], usize::MAX);
        insta::assert_snapshot!(text);
        for line in text.lines() {
            assert_eq!(width(line), 20, "{line}");
        }
    }

    #[test]
    fn the_widest_flexible_column_is_shortened_first() {
        let mut long = column("long", Align::Left, &["abcdefghijklmnop"]);
        long.width_min = Some(5);
        let mut short = column("short", Align::Left, &["abcdef"]);
        short.width_min = Some(5);
        let fixed = column("fixed", Align::Right, &["1"]);
        insta::assert_snapshot!(written(vec![long, short, fixed], 23));
    }

    #[test]
    fn dispensable_columns_go_where_shortening_is_not_enough() {
        let first = column("first", Align::Left, &["abcdefgh"]);
        let mut second = column("second", Align::Left, &["abcdefgh"]);
        second.dispensable = 1;
        let mut third = column("third", Align::Left, &["abcdefgh"]);
        third.dispensable = 2;
        let columns = vec![first, second, third];
        assert!(written(columns.clone(), 28).contains("third"));
        assert!(!written(columns.clone(), 27).contains("third"));
        assert!(written(columns.clone(), 18).contains("second"));
        assert!(!written(columns.clone(), 17).contains("second"));
        assert!(written(columns, 1).contains("abcdefgh"), "what cannot be left out is shown whole");
    }

    #[test]
    fn names_are_shortened_further_when_nothing_is_left_to_leave_out() {
        let mut name = column("name", Align::Left, &["abcdefghijklmnop"]);
        name.width_min = Some(12);
        let mut last = column("last", Align::Left, &["abcdefgh"]);
        last.dispensable = 1;
        let fixed = column("fixed", Align::Right, &["1"]);
        let written =
            |width_max| written(vec![name.clone(), last.clone(), fixed.clone()], width_max);
        assert!(written(29).contains("last"));
        assert!(written(28).contains("abcdefghijklmnop"), "there is room without the last column");
        for width_max in 13..29 {
            let text = written(width_max);
            text.lines().for_each(|it| assert!(width(it) <= width_max, "{width_max}: {it}"));
        }
    }
}
