//! Sources that cannot be read, or hardly.

use std::fs;

use dq_core::ErrorKind;
use dq_core::engine::OpenOptions;
use dq_core::source::csv::CsvOptions;
use dq_core::validate::Status;

use crate::bad_input::databases::database;
use crate::bad_input::{Folder, not_null};
use crate::run::{counts, rules_of};

/// What is said of a CSV file with this content.
fn told_of_csv(content: impl AsRef<[u8]>, options: CsvOptions) -> (ErrorKind, String) {
    let folder = Folder::with(content);
    let options = OpenOptions { csv: options, ..OpenOptions::default() };
    folder.told(folder.run("data.csv", &options, &not_null()))
}

#[track_caller]
fn assert_csv(content: impl AsRef<[u8]>, message: &str) {
    let told = told_of_csv(content, CsvOptions::default());
    assert_eq!(told, (ErrorKind::SourceInvalid, message.to_owned()));
}

#[test]
fn a_missing_file() {
    let folder = Folder::new();
    let options = OpenOptions::default();
    let reason = "No such file or directory (os error 2)";
    let csv = format!("cannot open `DIR/none.csv`: {reason}");
    assert_eq!(folder.told(folder.open("none.csv", &options)), (ErrorKind::NotFound, csv));
    let sqlite = format!("cannot open `sqlite:DIR/none.db`: {reason}");
    assert_eq!(folder.told(folder.open("sqlite:none.db", &options)), (ErrorKind::NotFound, sqlite));
    let pattern = "cannot find a file like `DIR/*.csv`".to_owned();
    assert_eq!(folder.told(folder.open("*.csv", &options)), (ErrorKind::NotFound, pattern));
    let empty = "cannot find a file of a known format in `DIR/.`".to_owned();
    assert_eq!(folder.told(folder.open(".", &options)), (ErrorKind::NotFound, empty));
    assert_eq!(fs::read_dir(folder.path(".")).unwrap().count(), 0, "nothing is created");
}

#[test]
fn a_scheme_that_nobody_knows() {
    let error = dq_core::engine::open("oracle://host/db", &OpenOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UsageInvalid);
    let known = "known are `sqlite:`, `postgres:`, `mysql:`, `mariadb:`, `csv:`, `parquet:`, `ipc:` and `json:`";
    assert_eq!(error.message(), format!("cannot open a source of scheme `oracle:`: {known}"));
}

#[test]
fn a_url_that_is_written_wrong_does_not_show_its_password() {
    let misspelt = [
        "postgres:reader:hunter2@host/db",
        "postgres:/reader:hunter2@host/db",
        "MySQL:reader:hunter2@host/db",
        "host=db user=reader password=hunter2",
        "postgres://reader:1?hunter2&x@host/db",
        "mysql://reader:1?hunter2&x@host/db",
    ];
    for spec in misspelt {
        let opened = dq_core::engine::open(spec, &OpenOptions::default());
        let error = opened.map(|_| ()).unwrap_err();
        assert_eq!(error.kind().exit_code(), 2, "{spec}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{spec}: {error}");
    }
}

#[test]
fn an_empty_file() {
    assert_csv("", "cannot read `DIR/data.csv`: it is empty: expected a header");
    assert_csv("\n\r\n\n", "cannot read `DIR/data.csv`: it is empty: expected a header");
    let folder = Folder::new();
    folder.write("a.db", "");
    let message = "cannot open `sqlite:DIR/a.db`: the file is empty".to_owned();
    let told = folder.told(folder.open("sqlite:a.db", &OpenOptions::default()));
    assert_eq!(told, (ErrorKind::SourceInvalid, message));
}

#[test]
fn a_header_alone_is_an_empty_table() {
    let rules = rules_of(
        "data",
        &[
            "column: a, not_null: true }",
            "unique: [a] }",
            "references: { columns: [a], table: data } }",
            "row_count: { max: 0 } }",
            "row_count: { min: 1 } }",
        ],
    );
    for content in ["a,b", "a,b\n", "\u{feff}a,b\r\n", "\n\na,b\n\n"] {
        let folder = Folder::with(content);
        let report = folder.run("data.csv", &OpenOptions::default(), &rules).unwrap();
        let statuses: Vec<_> = report.checks().map(|it| it.status).collect();
        let none = Status::NotApplicable;
        assert_eq!(statuses, [none, none, none, Status::Pass, Status::Fail], "{content:?}");
        let (no_groups, rows) = ((0, 0, Some(0)), (0, 0, None));
        assert_eq!(counts(&report), [rows, no_groups, no_groups, rows, (0, 1, None)]);
        let observed: Vec<_> = report.checks().filter_map(|it| it.observed.as_deref()).collect();
        assert_eq!(observed, ["0 rows, expected at most 0", "0 rows, expected at least 1"]);
    }
}

#[test]
fn records_of_another_length_than_the_header() {
    assert_csv(
        "a,b\n1,2\n3\n",
        "cannot read `DIR/data.csv`: line 3: 1 cell where the header has 2",
    );
    assert_csv(
        "a,b\n\"1\n\n\",2\n3,4,5\n",
        "cannot read `DIR/data.csv`: line 5: 3 cells where the header has 2",
    );
}

#[test]
fn quotes_that_are_wrong() {
    assert_csv(
        "a,b\n1,\"2\n3,4\n",
        "cannot read `DIR/data.csv`: line 2: the quote that opens column `b` is never closed",
    );
    assert_csv(
        "a,b\n1,\"2\"x\n",
        "cannot read `DIR/data.csv`: line 2: text after the closing quote of column `b`",
    );
}

#[test]
fn a_column_that_the_header_names_twice() {
    assert_csv(
        "a,b,a\n1,2,3\n",
        "cannot read `DIR/data.csv`: the header names the column `a` twice",
    );
}

#[test]
fn text_of_another_encoding() {
    let content = b"a,name\n1,Ada\n2,Ren\xe9e\n";
    let message = "cannot read `DIR/data.csv`: line 3, column `name`, character 6: not valid UTF-8; if the file has \
                   another encoding, name it with `encoding`";
    assert_csv(content, message);
    let windows = CsvOptions { encoding: "windows-1252".to_owned(), ..CsvOptions::default() };
    let options = OpenOptions { csv: windows, ..OpenOptions::default() };
    let folder = Folder::with(content);
    let rules = rules_of("data", &["column: name, one_of: [Ada, Renée] }"]);
    assert_eq!(counts(&folder.run("data.csv", &options, &rules).unwrap()), [(2, 0, None)]);
    let header = "cannot read `DIR/data.csv`: line 1, column 2, character 4: not valid UTF-8; if the file has \
                  another encoding, name it with `encoding`";
    assert_csv(b"a,n\xe9e\n1,2\n", header);
}

#[test]
fn a_file_that_is_no_text_says_what_it_is_and_what_to_do() {
    let folder = Folder::new();
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\xe4\x02\0\x07\xa1\xea\xdd\x02\0\0\0";
    let wrong: [(&[u8], &str); 8] = [
        (gzip, "it is compressed with gzip: let its name end with `.gz`, as in `data.csv.gz`"),
        (
            b"PK\x03\x04\x14\0\x08\0",
            "it is a zip archive, or a workbook of Excel, which is one: unpack it, or save the sheet as CSV",
        ),
        (b"SQLite format 3\0\x10\0", "it is a SQLite database: write `sqlite:` before its path"),
        (b"PAR1\x15\x04", "it is a Parquet file: write `parquet:` before its path"),
        (b"ARROW1\0\0\xff", "it is an Arrow file: write `ipc:` before its path"),
        (b"\xff\xfe\0\0a\0\0\0\n\0\0\0", "it is UTF-32: convert it to UTF-8"),
        (b"\0\0\xfe\xff\0\0\0a\0\0\0\n", "it is UTF-32: convert it to UTF-8"),
        (b"\x28\xb5\x2f\xfd\x04", "it is compressed with zstd: decompress it, or use gzip"),
    ];
    for (content, reason) in wrong {
        assert_csv(content, &format!("cannot read `DIR/data.csv`: {reason}"));
        folder.write("data.jsonl", content);
        let told = folder.told(folder.run("data.jsonl", &OpenOptions::default(), &not_null()));
        assert_eq!(told.1, format!("cannot read `DIR/data.jsonl`: {reason}"));
    }
    folder.write("data.csv.gz", gzip);
    let report = folder.run("data.csv.gz", &OpenOptions::default(), &not_null()).unwrap();
    assert_eq!(counts(&report), [(0, 0, None)], "under its own name it is read");
}

#[test]
fn a_name_that_begins_as_a_file_of_another_kind_does_is_a_name() {
    let rules = |column: &str| rules_of("data", &[&format!("column: {column}, not_null: true }}")]);
    for (content, column) in [("PAR1,a\n1,2\n", "PAR1"), ("PK,a\n1,2\n", "PK")] {
        let folder = Folder::with(content);
        let report = folder.run("data.csv", &OpenOptions::default(), &rules(column)).unwrap();
        assert_eq!(counts(&report), [(1, 0, None)]);
    }
}

#[test]
fn utf_16_with_a_byte_order_mark_is_read_as_what_it_is() {
    let text = "\u{feff}a,name\n1,Zoë\n2,北\n";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for content in [little, big] {
        let folder = Folder::with(content);
        let rules = rules_of("data", &["column: name, one_of: [Zoë, 北] }"]);
        let report = folder.run("data.csv", &OpenOptions::default(), &rules).unwrap();
        assert_eq!(counts(&report), [(2, 0, None)]);
    }
}

#[test]
fn options_out_of_their_range() {
    let default = CsvOptions::default;
    for (options, reason) in [
        (
            CsvOptions { encoding: "latin9000".to_owned(), ..default() },
            "`encoding` `latin9000` is not known",
        ),
        (
            CsvOptions { delimiter: Some('"'), ..default() },
            "`delimiter` and `quote` are the same character",
        ),
        (
            CsvOptions { delimiter: Some('→'), ..default() },
            "`delimiter` is not one ASCII character other than a line end",
        ),
        (
            CsvOptions { quote: Some('\n'), ..default() },
            "`quote` is not one ASCII character other than a line end",
        ),
        (
            CsvOptions { record_bytes_max: 0, ..default() },
            "`record_bytes_max` is not between 1 byte and 1 GiB",
        ),
    ] {
        let message = format!("cannot use the CSV options: {reason}");
        assert_eq!(told_of_csv("a\n1\n", options), (ErrorKind::ConfigInvalid, message));
    }
}

#[test]
fn a_first_error_is_the_same_at_every_number_of_threads() {
    let mut content = "a,b\n".to_owned() + &"1,2\n".repeat(500);
    content += "only one\n";
    content += &"1,2\n".repeat(500);
    content += "1,2,3\n";
    let folder = Folder::with(content);
    let csv = CsvOptions { block_bytes: 64, ..CsvOptions::default() };
    let source = folder.open("data.csv", &OpenOptions { csv, ..OpenOptions::default() }).unwrap();
    for threads in [1, 2, 7] {
        let options = crate::run::threads(threads);
        let rules = not_null();
        let result = crate::run::wait(dq_core::validate::validate(&*source, &rules, &options));
        let message = "cannot read `DIR/data.csv`: line 502: 1 cell where the header has 2";
        assert_eq!(folder.told(result), (ErrorKind::SourceInvalid, message.to_owned()));
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::with("a\n1\n");
    database(&folder, 10);
    for name in ["data.csv", "data.db"] {
        let forbidden = fs::Permissions::from_mode(0o000);
        fs::set_permissions(folder.path(name), forbidden).unwrap();
    }
    if fs::File::open(folder.path("data.csv")).is_ok() {
        return; // The superuser may read everything.
    }
    let options = OpenOptions::default();
    let csv = "cannot open `DIR/data.csv`: Permission denied (os error 13)".to_owned();
    let told = folder.told(folder.run("data.csv", &options, &not_null()));
    assert_eq!(told, (ErrorKind::PermissionDenied, csv));
    let (kind, message) = folder.told(folder.open("sqlite:data.db", &options));
    assert_eq!(kind, ErrorKind::PermissionDenied);
    assert_eq!(message, "cannot open `sqlite:DIR/data.db`: Permission denied (os error 13)");
}
