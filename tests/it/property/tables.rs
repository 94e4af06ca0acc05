//! Random tables. All have the same columns, a column for each way to be difficult.

use std::fmt;
use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::naive::{Cell, Column, Kind, Table};

/// The columns, but for the two of the key, `id` and `part`, which come first.
pub(crate) const COLUMNS: [Column; 11] = [
    Column { name: "word", kind: Kind::Text },
    Column { name: "numeral", kind: Kind::Text },
    Column { name: "whole", kind: Kind::Integer },
    Column { name: "real", kind: Kind::Float },
    Column { name: "day", kind: Kind::Day },
    Column { name: "moment", kind: Kind::Moment },
    Column { name: "flag", kind: Kind::Boolean },
    Column { name: "any", kind: Kind::Any },
    Column { name: "key", kind: Kind::Text },
    Column { name: "number key", kind: Kind::Integer },
    Column { name: "lông \"key\"", kind: Kind::Text },
];

/// The text in which everything goes wrong.
pub(crate) const WORDS: [&str; 60] = [
    "",
    " ",
    "\t",
    "\u{a0}",
    "\u{2003}\u{3000}",
    "\u{200b}",
    "\n",
    "\r\n",
    "a",
    "A",
    "b",
    "ab",
    "aB",
    "a ",
    " a",
    "a\0",
    "\0",
    "\u{85}",
    "a\u{9f}",
    "é",
    "e\u{301}",
    "É",
    "ß",
    "ss",
    "ﬀ",
    "𝒳",
    "👩\u{200d}🚀",
    "日本",
    "a,b",
    "a;b",
    "\"",
    "\"\"",
    "'",
    "it's",
    "line\nbreak",
    "line\r\nbreak",
    "\r",
    "%",
    "a%b",
    "_",
    "\\",
    "NULL",
    "null",
    "NaN",
    "inf",
    "true",
    "TRUE",
    "f",
    "0",
    "1",
    "01",
    "1.0",
    "2024-02-29",
    "2023-02-29",
    "2024-02-29 12:30",
    "2024-02-29T23:30:00-01:00",
    "exactly15bytes!",
    "exactly16bytes!!",
    "exactly16bytes!?",
    "a key of more than thirty-two bytes, no. 1",
];

pub(crate) const NUMERALS: [&str; 27] = [
    "0",
    "-0",
    "+0",
    "1",
    "-1",
    "+1",
    "01",
    "1.0",
    "1.",
    ".5",
    "-.5e1",
    "1e0",
    "1E2",
    "1e400",
    "1e-400",
    ".",
    "-",
    "e1",
    "0x1",
    "1_0",
    " 1",
    "1 ",
    "9007199254740993",
    "9007199254740992.0",
    "99999999999999999999999999999999999999",
    "999999999999999999999999999999999999999",
    "１",
];

pub(crate) const WHOLES: [i64; 12] =
    [0, 1, 2, 3, 7, -1, -7, 100, i64::MIN, i64::MAX, 9_007_199_254_740_993, -9_007_199_254_740_993];

pub(crate) const REALS: [f64; 19] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    0.5,
    -0.5,
    0.1,
    100.0,
    1e15,
    1e16,
    9_007_199_254_740_992.0,
    9_223_372_036_854_775_808.0,
    1e22,
    1e300,
    5e-324,
];

pub(crate) const BYTES: [&[u8]; 5] = [b"", b"a", b" ", b"\xff", b"1"];

pub(crate) const KEYS: [&str; 26] = [
    "",
    " ",
    "a",
    "A",
    " a",
    "a\u{a0}",
    "a b",
    "A  b ",
    "0",
    "1",
    "1 ",
    "2",
    "1.0",
    "NaN",
    "nan",
    "ß",
    "Ss",
    "ẞ ",
    "C-007",
    "C-008",
    "C-7",
    "c-007",
    "C-0123",
    "C-1234",
    "C-99999999",
    "01",
];

pub(crate) const CODES: [&str; 56] = [
    "1234567893",
    "1234567890",
    "0234567899",
    "2000000002",
    "79927398713",
    "18",
    "00",
    "0",
    "12345",
    "12345-6789",
    "1234",
    "12345-",
    "CA",
    "ca",
    "PW",
    "UM",
    "XX",
    "(212) 555-0123",
    "+1 212 555 0123",
    "12125550123",
    "22125550123",
    "212-555-0123 x5",
    "ada@example.org",
    "ada@example",
    "a..b@example.org",
    "ada@-example.org",
    "a@b.1",
    "a+b@b-c.de",
    "a@b@c.de",
    "1900-02-29",
    "2000-02-29",
    "0000-01-01",
    "9999-12-31",
    "2024-1-1",
    "https://example.org",
    "HTTP://192.0.2.1:8080/a?b=%20#c",
    "http://[::1]/",
    "http://localhost/",
    "http://example.org:65536",
    "ftp://example.org/",
    "https://example.org/a b",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
    "f81d4fae7dec11d0a76500a0c91e6bf6",
    "AP5836727",
    "AP5836728",
    "F91234563",
    "QP5836727",
    "050146",
    "A10001",
    "50014F",
    "33S024",
    "45C0001234",
    "33s024",
    "207Q00000X",
    "207q00000x",
];

/// How tables are laid out, which must not matter.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) key: KeyShape,
    /// The lengths of batches, again and again.
    pub(crate) batches: Vec<usize>,
    /// Chooses the Arrow type of each column.
    pub(crate) arrow: Vec<u8>,
    pub(crate) block_bytes: usize,
    pub(crate) page_bytes: u32,
}

/// What the primary key is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum KeyShape {
    None,
    Integer,
    Text,
    /// A number and a text, in a table that has no rowid.
    Two,
}

pub(crate) fn shape() -> impl Strategy<Value = Shape> {
    let key = select(&[KeyShape::None, KeyShape::Integer, KeyShape::Text, KeyShape::Two][..]);
    let arrow = vec(any::<u8>(), COLUMNS.len() + 2);
    (key, vec(0..12_usize, 1..6), arrow, 1..600_usize, select(&[512_u32, 1024, 65_536][..]))
        .prop_map(|(key, mut batches, arrow, block_bytes, page_bytes)| {
            batches.push(3);
            Shape { key, batches, arrow, block_bytes, page_bytes }
        })
}

/// Rows without their key.
#[derive(Clone)]
pub(crate) struct Rows(Vec<Vec<Cell>>);

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|row| f.write_str(&format!("\n{row:?}")))
    }
}

impl Rows {
    /// These rows, each with a cell for each of [`COLUMNS`].
    pub(crate) fn of(rows: Vec<Vec<Cell>>) -> Self {
        Self(rows)
    }
}

/// So many rows.
pub(crate) fn rows(number: Range<usize>) -> impl Strategy<Value = Rows> {
    let columns: Vec<_> = COLUMNS.iter().map(|it| maybe_null(cell(it.name))).collect();
    vec(columns, number).prop_map(Rows)
}

fn maybe_null(cell: BoxedStrategy<Cell>) -> BoxedStrategy<Cell> {
    prop_oneof![1 => Just(Cell::Null), 6 => cell].boxed()
}

fn cell(column: &str) -> BoxedStrategy<Cell> {
    let text = |it: &'static [&'static str]| select(it).prop_map(|it| Cell::Text(it.to_owned()));
    match column {
        "word" => prop_oneof![
            3 => text(&WORDS),
            2 => text(&CODES),
            1 => "[ab \u{e9}\u{301}\u{1f600}]{0,4}".prop_map(Cell::Text),
        ]
        .boxed(),
        "numeral" => prop_oneof![
            4 => text(&NUMERALS),
            1 => (-20..20_i64).prop_map(|it| Cell::Text(it.to_string())),
            1 => text(&WORDS),
        ]
        .boxed(),
        "whole" => {
            prop_oneof![1 => select(&WHOLES[..]), 2 => -5..5_i64].prop_map(Cell::Integer).boxed()
        }
        "real" => {
            let quarters = (-12..12).prop_map(|it| f64::from(it) / 4.0);
            prop_oneof![select(&REALS[..]), quarters].prop_map(Cell::Float).boxed()
        }
        "day" => {
            prop_oneof![19_780..19_790_i64, -700_000..2_900_000_i64].prop_map(Cell::Day).boxed()
        }
        "moment" => prop_oneof![
            (1_709_164_800..1_709_424_000_i64).prop_map(|it| Cell::Moment(it * 1_000_000)),
            (-1_000_000..1_000_000_i64).prop_map(Cell::Moment),
        ]
        .boxed(),
        "flag" => any::<bool>().prop_map(Cell::Boolean).boxed(),
        "any" => prop_oneof![
            text(&WORDS),
            select(&WHOLES[..]).prop_map(Cell::Integer),
            select(&REALS[..]).prop_map(Cell::Float),
            select(&BYTES[..]).prop_map(|it| Cell::Bytes(it.to_vec())),
        ]
        .boxed(),
        "key" => text(&KEYS).boxed(),
        "number key" => (0..5_i64).prop_map(Cell::Integer).boxed(),
        _ => (select(&[13_usize, 14, 15, 16, 40, 700][..]), select(&["x", "y", "é"][..]))
            .prop_map(|(length, end)| Cell::Text(format!("{}{end}", "k".repeat(length))))
            .boxed(),
    }
}

impl Shape {
    /// The tables `child` and `parent`, with keys.
    pub(crate) fn tables(&self, child: Rows, parent: Rows) -> Vec<Table> {
        vec![self.table("child", child.0), self.table("parent", parent.0)]
    }

    fn table(&self, name: &'static str, rows: Vec<Vec<Cell>>) -> Table {
        let kind = if self.key == KeyShape::Text { Kind::Text } else { Kind::Integer };
        let columns = [Column { name: "id", kind }, Column { name: "part", kind: Kind::Text }];
        let rows =
            rows.into_iter().enumerate().map(|(row, cells)| [self.key_of(row), cells].concat());
        Table {
            name,
            columns: columns.into_iter().chain(COLUMNS).collect(),
            key: match self.key {
                KeyShape::None => vec![],
                KeyShape::Integer | KeyShape::Text => vec!["id"],
                KeyShape::Two => vec!["id", "part"],
            },
            rows: rows.collect(),
        }
    }

    /// Each row has a key of its own, and rows are in no order of their keys.
    fn key_of(&self, row: usize) -> Vec<Cell> {
        let scattered = (row as i64 * 7919) % 10_007 - 5000;
        let part = Cell::Text(format!("part {}", (row * 5) % 3));
        let id = match self.key {
            KeyShape::Text => Cell::Text(format!("{:05}é", scattered + 5000)),
            KeyShape::Two => Cell::Integer(row as i64 / 3 * 7919 % 10_007),
            KeyShape::None | KeyShape::Integer => Cell::Integer(scattered),
        };
        vec![id, part]
    }
}
