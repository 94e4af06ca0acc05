//! Tables of any kind.

use calamine::{Data, DataType};
use dq_core::ErrorKind;
use dq_core::report::Workbook;
use dq_core::value::{Date, Timestamp, Value};

use crate::{rows, sheets, text};

/// A workbook of one sheet of one column with these values, as it is read again.
fn column(values: &[Value<'_>]) -> (Vec<Data>, u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.xlsx");
    let mut book = Workbook::new(folder.path(), Date::from_days(20_000)).unwrap();
    let sheet = book.sheet("s", &["name", "value"]).unwrap();
    for value in values {
        book.row(sheet, &["x".into(), *value]).unwrap();
    }
    let cut = book.texts_cut();
    book.save(&path).unwrap();
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "temporary files are gone");
    let rows = rows(&path, "s");
    assert_eq!(rows[0], [text("name"), text("value")]);
    (rows.into_iter().skip(1).map(|it| it[1].clone()).collect(), cut)
}

#[test]
fn text_is_never_a_formula_and_keeps_every_character() {
    let texts = [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2",
        "@SUM(A1)",
        "\t=1",
        "{=1}",
        "https://example.org",
        " a < b & \"c\" ",
        "bell \u{7} _x0041_ \u{ffff} \r\n",
        "007",
        "",
        "北京 😀",
    ];
    let values: Vec<_> = texts.iter().map(|it| Value::from(*it)).collect();
    let (read, cut) = column(&values);
    assert_eq!(cut, 0);
    for (read, expected) in read.iter().zip(texts) {
        let read = read.as_string().unwrap_or_default();
        // What XML cannot hold is written as Excel writes it; the reader leaves that alone.
        let excel = expected.replace("_x0041_", "_x005F_x0041_").replace('\u{7}', "_x0007_");
        let excel = excel.replace('\u{ffff}', "_xFFFF_").replace('\r', "_x000D_");
        assert!(read == expected || read == excel, "{read:?} is not {expected:?}");
    }
}

#[test]
fn no_digit_of_a_number_is_lost() {
    let (read, _) = column(&[
        7.into(),
        (-999_999_999_999_999_i64).into(),
        1_000_000_000_000_000_i64.into(),
        i64::MIN.into(),
        0.1.into(),
        f64::NAN.into(),
        f64::INFINITY.into(),
        true.into(),
        Value::Null,
    ]);
    assert_eq!(read[0].as_f64(), Some(7.0));
    assert_eq!(read[1].as_f64(), Some(-999_999_999_999_999.0));
    assert_eq!(read[2], text("1000000000000000"));
    assert_eq!(read[3], text("-9223372036854775808"));
    assert_eq!(read[4].as_f64(), Some(0.1));
    assert_eq!([&read[5], &read[6]], [&text("NaN"), &text("inf")]);
    assert_eq!(read[7], Data::Bool(true));
    assert_eq!(read[8], Data::Empty);
}

#[test]
fn days_are_days_where_excel_has_them() {
    let day = |it: &str| Value::from(Date::parse(it.as_bytes()));
    let moment = |it: &str| Value::from(Timestamp::parse(it.as_bytes()));
    let (read, _) = column(&[
        day("2026-11-26"),
        day("1900-02-28"),
        moment("2026-11-26 06:00:00"),
        moment("2026-11-26 06:00:00.000001"),
        (&[0xff, 0x01][..]).into(),
    ]);
    let serial = |it: &Data| match it {
        Data::DateTime(it) => it.as_f64(),
        other => panic!("{other:?} is no date"),
    };
    assert!((serial(&read[0]) - 46_352.0).abs() < 1e-9);
    assert_eq!(read[1], text("1900-02-28"));
    assert!((serial(&read[2]) - 46_352.25).abs() < 1e-9);
    assert_eq!(read[3], text("2026-11-26 06:00:00.000001"));
    assert_eq!(read[4], text("0xff01"));
}

#[test]
fn text_that_is_too_long_is_cut_and_says_so() {
    let (fits, long) = ("é".repeat(32_767), "é".repeat(32_768));
    let wide = "😀".repeat(20_000);
    let (read, cut) = column(&[(&fits).into(), (&long).into(), (&wide).into()]);
    assert_eq!(cut, 2);
    assert_eq!(read[0], text(&fits));
    for (read, end) in
        [(&read[1], "… [cut: 32,768 characters]"), (&read[2], "… [cut: 20,000 characters]")]
    {
        let read = read.as_string().unwrap();
        assert!(read.ends_with(end), "{}", &read[read.len() - 60..]);
        assert!((32_766..=32_767).contains(&read.encode_utf16().count()));
    }
}

#[test]
fn sheets_have_names_that_excel_accepts_and_the_order_in_which_they_began() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.xlsx");
    let mut book = Workbook::new(folder.path(), Date::from_days(0)).unwrap();
    let long = "a rule whose name is longer than Excel allows";
    for name in [long, "A RULE WHOSE NAME IS LONGER THAN EXCEL", "a/b", ""] {
        book.sheet(name, &["x"]).unwrap();
    }
    book.save(&path).unwrap();
    let names: Vec<_> = sheets(&path).into_iter().map(|it| it.0).collect();
    let expected =
        ["a rule whose name is longer tha", "A RULE WHOSE NAME IS LONGER (2)", "a_b", "_"];
    assert_eq!(names, expected);
}

#[test]
fn the_same_rows_make_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str| {
        let path = folder.path().join(name);
        let mut book = Workbook::new(folder.path(), Date::from_days(20_000)).unwrap();
        for name in ["b", "a"] {
            let sheet = book.sheet(name, &["x", "y"]).unwrap();
            for row in 0..100 {
                book.row(sheet, &["=text".into(), Value::Integer(row)]).unwrap();
            }
        }
        book.save(&path).unwrap();
        std::fs::read(path).unwrap()
    };
    assert!(make("1.xlsx") == make("2.xlsx"));
}

#[test]
fn what_has_no_room_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Workbook::new(folder.path(), Date::from_days(0)).unwrap();
    for number in 0..250 {
        book.sheet(&number.to_string(), &["x"]).unwrap();
    }
    let error = book.sheet("one more", &["x"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    let mut book = Workbook::new(folder.path(), Date::from_days(0)).unwrap();
    let columns = vec!["x"; 16_385];
    assert_eq!(book.sheet("wide", &columns).unwrap_err().kind(), ErrorKind::LimitExceeded);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let book = || Workbook::new(folder.path(), Date::from_days(0)).unwrap();
    let error = book().save(&nowhere.join("x.xlsx")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteFailed);
    assert!(error.message().contains("nowhere"), "{error}");
    let error =
        Workbook::new(&nowhere, Date::from_days(0)).and_then(|mut it| it.sheet("s", &["x"]));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::WriteFailed);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Workbook::new(folder.path(), Date::from_days(0)).unwrap();
    let sheet = book.sheet("s", &["x"]).unwrap();
    for row in 0..10_000 {
        book.row(sheet, &[Value::Integer(row)]).unwrap();
    }
    let error = book.save("/dev/full".as_ref()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteFailed);
    assert!(error.message().contains("No space left"), "{error}");
}
