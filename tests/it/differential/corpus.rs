//! Tables in which everything stands that is difficult.

use crate::differential::engines::shape;
use crate::naive::{Cell, Table};
use crate::property::tables::{BYTES, CODES, COLUMNS, KEYS, NUMERALS, REALS, Rows, WHOLES, WORDS};

/// Days from 1970-01-01: the first and last of four digits and those beside them, leap days.
const DAYS: [i64; 11] =
    [-719_162, -719_163, -719_528, 2_932_896, 2_932_897, 19_782, 19_783, 11_016, 0, -1, 18_262];

const DAY_MICROS: i64 = 86_400_000_000;

/// All values.
pub(crate) fn difficult() -> Vec<Table> {
    shape().tables(rows(150, &cells), rows(80, &cells))
}

/// The values that every engine holds alike: text and numbers without what a source would change. Days have
/// years of four digits; there are no floating-point numbers, points in time and booleans, which are text in CSV.
pub(crate) fn common() -> Vec<Table> {
    let mut tables = shape().tables(rows(150, &common_cells), rows(80, &common_cells));
    for table in &mut tables {
        // Files have no key.
        table.key.clear();
    }
    tables
}

/// So many rows: each column goes through its values in a step of its own, so that they meet in many ways.
fn rows(number: usize, cells: &dyn Fn(&str) -> Vec<Cell>) -> Rows {
    let columns: Vec<_> = COLUMNS.iter().map(|it| cells(it.name)).collect();
    let steps = [1, 1, 5, 7, 3, 1, 1, 2, 3, 1, 5];
    let cell = |row: usize, (column, values): (usize, &Vec<Cell>)| {
        let at = (row * steps[column] + column) % (values.len() + 1);
        values.get(at).cloned().unwrap_or(Cell::Null)
    };
    let row = |row: usize| columns.iter().enumerate().map(|it| cell(row, it)).collect();
    Rows::of((0..number).map(row).collect())
}

fn cells(column: &str) -> Vec<Cell> {
    let texts = |texts: &[&str]| texts.iter().map(|it| Cell::Text((*it).to_owned())).collect();
    match column {
        "word" => texts(&[&WORDS[..], &CODES[..]].concat()),
        "numeral" => texts(&NUMERALS),
        "whole" => WHOLES.map(Cell::Integer).to_vec(),
        "real" => REALS.map(Cell::Float).to_vec(),
        "day" => DAYS.map(Cell::Day).to_vec(),
        "moment" => {
            // The naive evaluator knows no year before 0.
            let days = DAYS.iter().filter(|it| **it > -719_528);
            let moments = days.map(|it| it * DAY_MICROS);
            let moments = moments.flat_map(|it| [it, it - 1, it + 43_200_000_000, it + 1]);
            moments.map(Cell::Moment).collect()
        }
        "flag" => vec![Cell::Boolean(true), Cell::Boolean(false)],
        "any" => {
            let wholes = WHOLES.map(Cell::Integer).into_iter();
            let bytes = BYTES.map(|it| Cell::Bytes(it.to_vec())).into_iter();
            let words = WORDS.map(|it| Cell::Text(it.to_owned())).into_iter();
            wholes.chain(REALS.map(Cell::Float)).chain(bytes).chain(words).collect()
        }
        "key" => texts(&KEYS),
        "number key" => (0..5).map(Cell::Integer).collect(),
        _ => {
            let long = |length: usize| format!("{}é", "k".repeat(length));
            [13, 14, 15, 16, 40, 700].map(|it| Cell::Text(long(it))).to_vec()
        }
    }
}

fn common_cells(column: &str) -> Vec<Cell> {
    let holds = |it: &Cell| match it {
        Cell::Text(it) => !it.contains('\0'),
        Cell::Day(it) => (-719_162..=2_932_896).contains(it),
        _ => true,
    };
    match column {
        "real" | "moment" | "flag" | "any" => Vec::new(),
        _ => cells(column).into_iter().filter(holds).collect(),
    }
}
