//! Random tables, written and read by code that shares nothing with the product.

use std::iter::Peekable;
use std::str::Chars;

use dq_core::source::csv::{CsvOptions, EmptyCell};
use proptest::prelude::*;

use crate::reading::{Row, file, read_parallel};

/// A random way to write random rows.
#[derive(Clone, Debug)]
struct Written {
    rows: Vec<Row>,
    text: String,
}

fn cell() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(String::new())),
        4 => "[a-z ]{1,5}".prop_map(Some),
        3 => "[ab,\"\n\r\u{e9}\u{1F600}\0]{1,6}".prop_map(Some),
    ]
}

fn written() -> impl Strategy<Value = Written> {
    (1_usize..5, 0_usize..12).prop_flat_map(|(width, height)| {
        let row = proptest::collection::vec((cell(), any::<bool>()), width);
        let line_end = prop_oneof![Just("\n"), Just("\r\n")];
        let rows = proptest::collection::vec((row, line_end, 0_usize..8), height);
        (rows, any::<bool>()).prop_map(move |(rows, terminated)| write(width, &rows, terminated))
    })
}

type WrittenRow = (Vec<(Option<String>, bool)>, &'static str, usize);

/// Writes a header and the rows. A cell is quoted where it must be and where its flag says so.
fn write(width: usize, rows: &[WrittenRow], terminated: bool) -> Written {
    let header: Vec<_> = (0..width).map(|it| format!("c{it}")).collect();
    let mut text = header.join(",") + "\n";
    for (at, (cells, line_end, blank_lines)) in rows.iter().enumerate() {
        if width > 1 && *blank_lines == 0 {
            text += line_end;
        }
        let cells: Vec<_> =
            cells.iter().map(|(cell, flag)| quoted(cell.as_deref(), *flag)).collect();
        text += &cells.join(",");
        // An empty cell of one column is a line of its own, so it must be ended.
        if terminated || at + 1 < rows.len() || text.ends_with('\n') {
            text += line_end;
        }
    }
    let rows = rows.iter().map(|(cells, ..)| cells.iter().map(|(it, _)| it.clone()).collect());
    Written { rows: rows.collect(), text }
}

fn quoted(cell: Option<&str>, flag: bool) -> String {
    match cell {
        None => String::new(),
        Some(it) if flag || it.is_empty() || it.contains(['"', ',', '\n', '\r']) => {
            format!("\"{}\"", it.replace('"', "\"\""))
        }
        Some(it) => it.to_owned(),
    }
}

type Characters<'a> = Peekable<Chars<'a>>;

/// Reads a text character by character, as the documentation describes the grammar. `None` for a text
/// that is malformed.
fn naive(text: &str, width: usize) -> Option<Vec<Vec<String>>> {
    let mut records = vec![];
    let mut characters = text.chars().peekable();
    while let Some(first) = characters.peek().copied() {
        let mut cells = vec![];
        loop {
            cells.push(naive_cell(&mut characters)?);
            if characters.next() != Some(',') {
                break;
            }
        }
        let is_blank_line = first != '"' && cells == [""];
        if is_blank_line && width > 1 {
            continue;
        }
        if cells.len() != width {
            return None;
        }
        records.push(cells);
    }
    Some(records)
}

/// A cell, up to what ends it.
fn naive_cell(characters: &mut Characters<'_>) -> Option<String> {
    if characters.next_if_eq(&'"').is_none() {
        let mut cell = String::new();
        while let Some(it) = characters.next_if(|it| !matches!(it, ',' | '\n')) {
            cell.push(it);
        }
        if cell.ends_with('\r') && characters.peek() != Some(&',') {
            cell.pop();
        }
        return Some(cell);
    }
    let cell = naive_quoted(characters)?;
    let returns = characters.next_if_eq(&'\r').is_some();
    match characters.peek() {
        Some('\n') | None => Some(cell),
        Some(',') if !returns => Some(cell),
        _ => None,
    }
}

/// A quoted cell, up to its closing quote.
fn naive_quoted(characters: &mut Characters<'_>) -> Option<String> {
    let mut cell = String::new();
    loop {
        match characters.next()? {
            '"' if characters.next_if_eq(&'"').is_none() => return Some(cell),
            it => cell.push(it),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_was_written_is_read(written in written(), block_bytes in 1_usize..40) {
        let (_directory, path) = file(&written.text);
        for threads in [1, 2, 7] {
            let options = CsvOptions { block_bytes, ..CsvOptions::default() };
            let table = read_parallel(&path, options, threads).unwrap();
            prop_assert_eq!(&table.rows, &written.rows, "{:?}", written.text);
        }
    }

    #[test]
    fn any_text_is_read_as_the_grammar_says(
        body in "[ab,,\"\"\n\n\r]{0,40}",
        width in 1_usize..4,
        block_bytes in 1_usize..40,
    ) {
        let header = ["x", "y", "z"][..width].join(",");
        let text = format!("{header}\n{body}");
        let expected = naive(&body, width);
        let (_directory, path) = file(&text);
        let read = |threads, block_bytes| {
            let options = CsvOptions { block_bytes, empty: EmptyCell::Blank, ..CsvOptions::default() };
            let texts = |row: Row| row.into_iter().map(Option::unwrap).collect::<Vec<_>>();
            match read_parallel(&path, options, threads) {
                Ok(table) => Ok(table.rows.into_iter().map(texts).collect::<Vec<_>>()),
                Err(error) => Err(error.to_string()),
            }
        };
        let whole = read(1, 1 << 20);
        prop_assert_eq!(whole.as_ref().ok(), expected.as_ref(), "{:?}", text);
        for threads in [1, 2, 7] {
            prop_assert_eq!(&read(threads, block_bytes), &whole, "{:?}", text);
        }
    }
}
