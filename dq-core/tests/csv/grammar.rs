//! Which cells a text has.

use dq_core::source::csv::{CsvOptions, EmptyCell};

use crate::reading::{read_text, row};

fn cells(text: &str) -> Vec<Vec<Option<String>>> {
    read_text(text, CsvOptions::default()).unwrap().rows
}

#[test]
fn the_first_record_names_the_columns() {
    let table = read_text("id,name\n1,one\n", CsvOptions::default()).unwrap();
    assert_eq!(table.names, ["id", "name"]);
    assert_eq!(table.rows, [row(["1", "one"])]);
}

#[test]
fn the_last_record_needs_no_line_end() {
    assert_eq!(cells("a,b\n1,2"), [row(["1", "2"])]);
    assert_eq!(cells("a,b\n1,\"2\""), [row(["1", "2"])]);
    assert_eq!(cells("a,b\n1,"), [row(["1", "-"])]);
}

#[test]
fn records_end_with_lf_or_cr_lf_and_a_cr_elsewhere_is_data() {
    assert_eq!(cells("a,b\r\n1,2\r\n3,4\n"), [row(["1", "2"]), row(["3", "4"])]);
    assert_eq!(cells("a,b\n\"1\",\"2\"\r\n\"3\",\"4\"\n"), [row(["1", "2"]), row(["3", "4"])]);
    assert_eq!(cells("a,b\n1\r,2\r3\n"), [row(["1\r", "2\r3"])]);
    assert_eq!(cells("a,b\n1,2\r\r\n"), [row(["1", "2\r"])]);
    assert_eq!(cells("a,b\n1,\r\n"), [row(["1", "-"])]);
}

#[test]
fn quoted_cells_hold_delimiters_line_ends_and_doubled_quotes() {
    assert_eq!(cells("a,b\n\"1,2\",\"x\ny\r\nz\"\n"), [row(["1,2", "x\ny\r\nz"])]);
    assert_eq!(
        cells("a,b\n\"\"\"\",\"say \"\"hi\"\"\"\n\"a\"\"\"\"b\",\"\"\"\"\"\"\n"),
        [row(["\"", "say \"hi\""]), row(["a\"\"b", "\"\""])]
    );
}

#[test]
fn a_quote_inside_of_an_unquoted_cell_is_data() {
    assert_eq!(
        cells("a,b\n5\" pipe,x\"\"\n y,\"z\"\n"),
        [row(["5\" pipe", "x\"\""]), row([" y", "z"])]
    );
    assert_eq!(cells("a,b\n1, \"2\n3,4\n"), [row(["1", " \"2"]), row(["3", "4"])]);
}

#[test]
fn an_empty_cell_is_null_and_a_quoted_one_is_blank() {
    let text = "a,b,c\n,\"\", \n";
    assert_eq!(cells(text), [row(["-", "", " "])]);
    let options = CsvOptions { empty: EmptyCell::Blank, ..CsvOptions::default() };
    assert_eq!(read_text(text, options).unwrap().rows, [row(["", "", " "])]);
}

#[test]
fn lines_without_characters_are_skipped_where_there_are_several_columns() {
    assert_eq!(cells("\n\r\na,b\n\n1,2\n\r\n3,4\n\n"), [row(["1", "2"]), row(["3", "4"])]);
}

#[test]
fn a_line_without_characters_is_an_empty_cell_of_a_single_column() {
    assert_eq!(cells("a\n1\n\n\"\"\n\r\n2\n"), ["1", "-", "", "-", "2"].map(|it| row([it])));
}

#[test]
fn spaces_and_nul_bytes_are_data() {
    assert_eq!(cells("a,b\n 1 ,\0\n"), [row([" 1 ", "\0"])]);
}

#[test]
fn a_header_alone_is_a_table_without_rows() {
    for text in ["a,b", "a,b\n", "a,b\r\n\r\n"] {
        assert_eq!(cells(text), Vec::<Vec<Option<String>>>::new());
    }
}

#[test]
fn headers_may_be_quoted_and_blank() {
    let table = read_text("\"a \"\"b\"\"\n,c\",,x\n", CsvOptions::default()).unwrap();
    assert_eq!(table.names, ["a \"b\"\n,c", "", "x"]);
}

#[test]
fn without_a_header_columns_are_numbered() {
    let options = CsvOptions { header: false, ..CsvOptions::default() };
    let table = read_text("1,2\n1,2\n", options).unwrap();
    assert_eq!(table.names, ["column_1", "column_2"]);
    assert_eq!(table.rows, [row(["1", "2"]), row(["1", "2"])]);
}

#[test]
fn delimiter_and_quote_can_be_chosen() {
    let options = |delimiter, quote| CsvOptions { delimiter, quote, ..CsvOptions::default() };
    let semicolon = read_text("a;b\n'x;''y';\"\n", options(Some(';'), Some('\''))).unwrap();
    assert_eq!(semicolon.rows, [row(["x;'y", "\""])]);
    let unquoted = read_text("a,b\n\"1,2\"\n", options(None, None)).unwrap();
    assert_eq!(unquoted.rows, [row(["\"1", "2\""])]);
}

#[test]
fn the_examples_of_rfc_4180_are_read() {
    let records = [row(["aaa", "bbb", "ccc"]), row(["zzz", "yyy", "xxx"])];
    for text in [
        "aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n",
        "aaa,bbb,ccc\r\nzzz,yyy,xxx",
        "\"aaa\",\"bbb\",\"ccc\"\r\nzzz,yyy,xxx",
    ] {
        let options = CsvOptions { header: false, ..CsvOptions::default() };
        assert_eq!(read_text(text, options).unwrap().rows, records);
        let text = format!("field_name,field_name_2,field_name_3\r\n{text}");
        assert_eq!(cells(&text), records);
    }
    assert_eq!(
        cells("a,b,c\r\n\"aaa\",\"b\r\nbb\",\"ccc\"\r\n\"aaa\",\"b\"\"bb\",\"ccc\"\r\n"),
        [row(["aaa", "b\r\nbb", "ccc"]), row(["aaa", "b\"bb", "ccc"])]
    );
}
