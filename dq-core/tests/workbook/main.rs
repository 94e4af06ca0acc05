//! Workbooks of Excel, read again by a reader that is not ours.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "what a test builds on must be there, or else the test fails"
)]

mod report;
mod tables;

use std::path::Path;

use calamine::{Data, Reader, Xlsx, open_workbook};

/// The sheets of a workbook, each with its rows.
fn sheets(path: &Path) -> Vec<(String, Vec<Vec<Data>>)> {
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    let names = book.sheet_names();
    let mut sheets = Vec::new();
    for name in names {
        let formulas = book.worksheet_formula(&name).unwrap();
        assert!(formulas.used_cells().next().is_none(), "{name} has formulas");
        let rows = book.worksheet_range(&name).unwrap();
        sheets.push((name, rows.rows().map(<[Data]>::to_vec).collect()));
    }
    sheets
}

fn rows(path: &Path, name: &str) -> Vec<Vec<Data>> {
    let found = sheets(path).into_iter().find(|it| it.0 == name);
    found.unwrap_or_else(|| panic!("there is a sheet {name}")).1
}

fn text(it: &str) -> Data {
    Data::String(it.to_owned())
}
