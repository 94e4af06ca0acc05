//! What becomes of the types of Parquet.

use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, Float16Type, Int32Type};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array,
    FixedSizeBinaryArray, Float16Array, Float32Array, Float64Array, Int8Array, Int64Array,
    LargeStringArray, ListArray, RecordBatch, StringArray, StringViewArray, StructArray,
    Time64MicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt8Array, UInt64Array,
};
use arrow_schema::{DataType, Field};
use dq_core::ErrorKind;
use dq_core::source::Source;
use dq_core::value::ValueType;

use crate::parquet::{open, usual, values, write};
use crate::reading::{row, rows, tables, told, wait};

/// Floating-point numbers of 16 bits.
type Half = <Float16Type as ArrowPrimitiveType>::Native;

fn texts(array: impl arrow_array::Array + 'static) -> Vec<String> {
    let array: ArrayRef = Arc::new(array);
    values(array).unwrap().into_iter().map(|it| it.unwrap_or_else(|| "-".to_owned())).collect()
}

#[test]
fn numbers_are_exact() {
    assert_eq!(texts(Int8Array::from(vec![Some(-8), None])), ["-8", "-"]);
    assert_eq!(texts(UInt8Array::from(vec![255])), ["255"]);
    assert_eq!(texts(Int64Array::from(vec![i64::MIN])), ["-9223372036854775808"]);
    let unsigned = UInt64Array::from(vec![Some(u64::MAX), None, Some(7)]);
    assert_eq!(texts(unsigned), ["18446744073709551615", "-", "7"]);
    assert_eq!(texts(Float64Array::from(vec![0.1, f64::NAN])), ["0.1", "NaN"]);
    assert_eq!(texts(Float32Array::from(vec![0.5])), ["0.5"]);
    let half = Float16Array::from_iter_values([0.25, -2.0].map(Half::from_f64));
    assert_eq!(texts(half), ["0.25", "-2.0"]);
    assert_eq!(texts(BooleanArray::from(vec![Some(true), None])), ["true", "-"]);
}

#[test]
fn decimals_keep_every_digit() {
    for precision in [5, 15, 38] {
        let array = Decimal128Array::from(vec![Some(-1_050), None, Some(7)]);
        let array = array.with_precision_and_scale(precision, 2).unwrap();
        assert_eq!(texts(array), ["-10.50", "-", "0.07"], "{precision}");
    }
    let array = Decimal256Array::from_iter_values([arrow_buffer::i256::from_i128(i128::MAX)]);
    let array = array.with_precision_and_scale(60, 3).unwrap();
    assert_eq!(texts(array), ["170141183460469231731687303715884105.727"]);
}

#[test]
fn days_and_points_in_time_of_all_units_are_read() {
    assert_eq!(texts(Date32Array::from(vec![Some(-1), None])), ["1969-12-31", "-"]);
    assert_eq!(texts(TimestampSecondArray::from(vec![-1])), ["1969-12-31 23:59:59"]);
    let millis = TimestampMillisecondArray::from(vec![1_500]);
    assert_eq!(texts(millis), ["1970-01-01 00:00:01.500000"]);
    let zoned = TimestampMillisecondArray::from(vec![0]).with_timezone("Europe/Berlin");
    assert_eq!(texts(zoned), ["1970-01-01 00:00:00"]);
    assert_eq!(texts(TimestampNanosecondArray::from(vec![-1])), ["1969-12-31 23:59:59.999999"]);
}

#[test]
fn text_and_bytes_of_all_layouts_are_read() {
    assert_eq!(texts(StringArray::from(vec![Some("a"), None, Some("")])), ["a", "-", ""]);
    assert_eq!(texts(LargeStringArray::from(vec!["zürich"])), ["zürich"]);
    assert_eq!(
        texts(StringViewArray::from(vec!["a text that fits no view"])),
        ["a text that fits no view"]
    );
    assert_eq!(texts(BinaryArray::from_vec(vec![b"\xff"])), ["\u{fffd}"]);
    let fixed = FixedSizeBinaryArray::try_from_iter([b"ab", b"cd"].into_iter()).unwrap();
    assert_eq!(texts(fixed), ["ab", "cd"]);
    let texts_of_few =
        arrow_array::DictionaryArray::<Int32Type>::from_iter([Some("x"), None, Some("x")]);
    assert_eq!(texts(texts_of_few), ["x", "-", "x"]);
}

#[test]
fn types_are_those_of_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let decimals = Decimal128Array::from(vec![1]).with_precision_and_scale(5, 2).unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("decimal", Arc::new(decimals)),
        ("bytes", Arc::new(BinaryArray::from_vec(vec![b"x"]))),
        ("moment", Arc::new(TimestampSecondArray::from(vec![1]))),
        ("day", Arc::new(Date32Array::from(vec![1]))),
        ("flag", Arc::new(BooleanArray::from(vec![true]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = write(&folder, "data.parquet", &[batch], usual());
    let types: Vec<_> = tables(&open(&path).unwrap())[0].1.iter().map(|it| it.1).collect();
    assert_eq!(
        types,
        [
            ValueType::Text,
            ValueType::Bytes,
            ValueType::Timestamp,
            ValueType::Date,
            ValueType::Boolean
        ]
    );
}

#[test]
fn a_nested_column_is_an_error_only_where_it_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let tags = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)]), None]);
    let place = StructArray::from(vec![
        (
            Arc::new(Field::new("id", DataType::Int64, true)),
            Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef,
        ),
        (
            Arc::new(Field::new("city", DataType::Utf8, true)),
            Arc::new(StringArray::from(vec!["x", "y"])) as ArrayRef,
        ),
    ]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("tags", Arc::new(tags)),
        ("id", Arc::new(Int64Array::from(vec![7, 8]))),
        ("place", Arc::new(place)),
        ("name", Arc::new(StringArray::from(vec!["one", "two"]))),
        ("opens", Arc::new(Time64MicrosecondArray::from(vec![1, 2]))),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, it)| (name, it, true)),
    );
    let path = write(&folder, "data.parquet", &[batch.unwrap()], usual());
    let snapshot = wait(open(&path).unwrap().snapshot()).unwrap();
    assert_eq!(snapshot.tables()[0].columns[0].value_type, ValueType::Any);
    let read = rows(&*snapshot, "data", &[3, 1], 1).unwrap();
    assert_eq!(read, [row(["one", "7"]), row(["two", "8"])]);
    for (column, message) in [
        (0, "cannot read the column `tags` of `DIR/data.parquet`: it is nested (`List(Int32)`)"),
        (
            2,
            "cannot read the column `place` of `DIR/data.parquet`: it is nested (`Struct(\"id\": Int64, \"city\": Utf8)`)",
        ),
        (
            4,
            "cannot read the column `opens` of `DIR/data.parquet`: it has a type that dq cannot read (`Time64(µs)`)",
        ),
    ] {
        let told = told(&folder, rows(&*snapshot, "data", &[1, column], 1));
        assert_eq!(told, (ErrorKind::Unsupported, message.to_owned()));
    }
}
