//! Arrow arrays as columns.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, ByteArrayType, Date32Type, Date64Type, Decimal32Type, Decimal64Type,
    Decimal128Type, Decimal256Type, DecimalType, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, GenericByteArray, GenericStringArray, OffsetSizeTrait, PrimitiveArray,
    TimestampMicrosecondArray,
};
use arrow_buffer::{ArrowNativeType, Buffer, ScalarBuffer};
use arrow_schema::{DataType, TimeUnit};

use crate::error::{Error, ErrorKind, Result};
use crate::value::offsets::Offsets;
use crate::value::text::NULL_CODE;
use crate::value::{Cell, Column, MixedColumn, Span, TextColumn, Value, ValueType};

const MILLIS_PER_DAY: i64 = 86_400_000;

impl ValueType {
    /// The type of the column that [`Column::from_arrow`] makes of an array of type `data_type`;
    /// `None` where it makes none.
    pub fn of_arrow(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Null => Self::Any,
            DataType::Boolean => Self::Boolean,
            it if it.is_integer() => Self::Integer,
            it if it.is_floating() => Self::Float,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Timestamp(..) => Self::Timestamp,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            it if it.is_decimal() => Self::Text,
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => Self::Bytes,
            DataType::Dictionary(_, values) => Self::of_arrow(values)?,
            _ => return None,
        })
    }
}

impl Column {
    /// The values of an Arrow array.
    ///
    /// Booleans, `Int64`, `Float64`, `Date32`, timestamps in microseconds, text, bytes with offsets,
    /// and dictionaries of text share the buffers of the array; others are converted:
    ///
    /// - `UInt64` beyond the greatest `i64` is the text of its digits, which compares as the number;
    /// - decimals are the text of their digits, with as many after the point as their scale says;
    /// - floats of 16 and 32 bits are the same number in 64 bits;
    /// - timestamps lose what is finer than a microsecond, and their time zone: they are in UTC.
    ///
    /// # Errors
    ///
    /// `Unsupported` for an array of any other type; `SourceInvalid` for a day or point in time that is
    /// out of range; `LimitExceeded` for more than 4 GiB of text in one array.
    pub fn from_arrow(array: &dyn Array) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Null => Self::Null(array.len()),
            DataType::Boolean => Self::Boolean(array.as_boolean().clone()),
            DataType::Int8 => widened::<Int8Type>(array),
            DataType::Int16 => widened::<Int16Type>(array),
            DataType::Int32 => widened::<Int32Type>(array),
            DataType::Int64 => Self::Integer(array.as_primitive().clone()),
            DataType::UInt8 => widened::<UInt8Type>(array),
            DataType::UInt16 => widened::<UInt16Type>(array),
            DataType::UInt32 => widened::<UInt32Type>(array),
            DataType::UInt64 => unsigned(array.as_primitive()),
            DataType::Float16 => Self::Float(
                array
                    .as_primitive::<Float16Type>()
                    .unary(<Float16Type as ArrowPrimitiveType>::Native::to_f64),
            ),
            DataType::Float32 => Self::Float(array.as_primitive::<Float32Type>().unary(f64::from)),
            DataType::Float64 => Self::Float(array.as_primitive::<Float64Type>().clone()),
            DataType::Date32 => Self::Date(array.as_primitive::<Date32Type>().clone()),
            DataType::Date64 => {
                let days = |it: i64| i32::try_from(it.div_euclid(MILLIS_PER_DAY)).ok();
                Self::Date(array.as_primitive::<Date64Type>().try_unary(|it| in_range(days(it)))?)
            }
            DataType::Timestamp(unit, _) => Self::Timestamp(timestamps(array, *unit)?),
            it if it.is_decimal() => decimals(array)?,
            DataType::Dictionary(..) => dictionary(array)?,
            _ => return text_or_bytes(array),
        })
    }

    /// The rows at the given positions; NULL where there is no position.
    pub(crate) fn gather(&self, rows: &[Option<usize>]) -> Self {
        match self {
            Self::Null(_) => Self::Null(rows.len()),
            Self::Boolean(it) => {
                let value = |row: usize| it.is_valid(row).then(|| it.value(row));
                Self::Boolean(rows.iter().map(|row| row.and_then(value)).collect())
            }
            Self::Integer(it) => Self::Integer(gather(it, rows)),
            Self::Float(it) => Self::Float(gather(it, rows)),
            Self::Date(it) => Self::Date(gather(it, rows)),
            Self::Timestamp(it) => Self::Timestamp(gather(it, rows)),
            Self::Text(it) => Self::Text(it.gather(rows)),
            Self::Mixed(it) => Self::Mixed(it.gather(rows)),
        }
    }
}

fn gather<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    rows: &[Option<usize>],
) -> PrimitiveArray<T> {
    let value = |row: usize| array.is_valid(row).then(|| array.value(row));
    rows.iter().map(|row| row.and_then(value)).collect()
}

fn widened<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &dyn Array) -> Column {
    Column::Integer(array.as_primitive::<T>().unary(Into::into))
}

fn unsigned(array: &PrimitiveArray<UInt64Type>) -> Column {
    if let Ok(small) = array.try_unary::<_, Int64Type, _>(i64::try_from) {
        return Column::Integer(small);
    }
    let mut digits = Vec::new();
    let cell = |it: Option<u64>| match it.map(|it| (it, i64::try_from(it))) {
        None => Cell::Null,
        Some((_, Ok(small))) => Cell::Integer(small),
        Some((large, Err(_))) => {
            let start = digits.len();
            digits.extend_from_slice(large.to_string().as_bytes());
            Cell::Text(Span::new(start as u32, (digits.len() - start) as u32))
        }
    };
    let cells = array.iter().map(cell).collect();
    Column::Mixed(MixedColumn::new(cells, Buffer::from_vec(digits)))
}

fn timestamps(array: &dyn Array, unit: TimeUnit) -> Result<TimestampMicrosecondArray> {
    let micros = match unit {
        TimeUnit::Second => array
            .as_primitive::<TimestampSecondType>()
            .try_unary(|it| in_range(it.checked_mul(1_000_000)))?,
        TimeUnit::Millisecond => array
            .as_primitive::<TimestampMillisecondType>()
            .try_unary(|it| in_range(it.checked_mul(1_000)))?,
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().clone(),
        TimeUnit::Nanosecond => {
            array.as_primitive::<TimestampNanosecondType>().unary(|it| it.div_euclid(1_000))
        }
    };
    Ok(micros.with_timezone_opt(None::<Arc<str>>))
}

fn in_range<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| {
        Error::new(ErrorKind::SourceInvalid, "a day or point in time is out of range")
    })
}

fn decimals(array: &dyn Array) -> Result<Column> {
    fn texts<T: DecimalType>(array: &dyn Array) -> Result<Column> {
        let array = array.as_primitive::<T>();
        let text = |row| array.is_valid(row).then(|| array.value_as_string(row));
        let (spans, buffer) = copied((0..array.len()).map(text))?;
        Ok(Column::Text(TextColumn::new(spans, buffer)))
    }
    match array.data_type() {
        DataType::Decimal32(..) => texts::<Decimal32Type>(array),
        DataType::Decimal64(..) => texts::<Decimal64Type>(array),
        DataType::Decimal128(..) => texts::<Decimal128Type>(array),
        _ => texts::<Decimal256Type>(array),
    }
}

fn dictionary(array: &dyn Array) -> Result<Column> {
    let array = array.as_any_dictionary();
    let codes = codes(array.keys())?;
    match array.values().data_type() {
        DataType::Utf8 => coded(codes, array.values().as_string::<i32>()),
        DataType::LargeUtf8 => coded(codes, array.values().as_string::<i64>()),
        _ => {
            let row = |code: u32| (code != NULL_CODE).then_some(code as usize);
            let rows: Vec<_> = codes.into_iter().map(row).collect();
            Ok(Column::from_arrow(array.values())?.gather(&rows))
        }
    }
}

/// The keys of a dictionary as codes.
fn codes(keys: &dyn Array) -> Result<Vec<u32>> {
    if let Some(keys) = keys.as_primitive_opt::<Int32Type>() {
        let codes = keys.values().iter().map(|it| *it as u32);
        return Ok(match keys.nulls() {
            None => codes.collect(),
            Some(nulls) => codes
                .zip(nulls)
                .map(|(code, is_valid)| if is_valid { code } else { NULL_CODE })
                .collect(),
        });
    }
    let keys = Column::from_arrow(keys)?;
    let code = |row| match keys.value(row) {
        Value::Integer(key) => u32::try_from(key).unwrap_or(NULL_CODE),
        _ => NULL_CODE,
    };
    Ok((0..keys.len()).map(code).collect())
}

/// Rows that are given by codes, unless the dictionary is so long that each text is hardly used twice.
fn coded<O: OffsetSizeTrait>(codes: Vec<u32>, values: &GenericStringArray<O>) -> Result<Column> {
    if values.len() <= codes.len() {
        let (texts, buffer) = shared(values)?;
        return Ok(Column::Text(TextColumn::coded(codes, texts, buffer)));
    }
    let (first, buffer) = text_of(values)?;
    let span = |code: u32| match values.offsets().get(code as usize..).unwrap_or_default() {
        [start, end, ..] if values.is_valid(code as usize) => {
            let start = start.as_usize();
            Span::new((start - first) as u32, (end.as_usize() - start) as u32)
        }
        _ => Span::NULL,
    };
    let spans = codes.into_iter().map(span).collect();
    Ok(Column::Text(TextColumn::new(spans, buffer)))
}

fn text_or_bytes(array: &dyn Array) -> Result<Column> {
    let bytes = |(spans, buffer): (Vec<Span>, Buffer)| {
        let cell = |it: Span| if it.is_null() { Cell::Null } else { Cell::Bytes(it) };
        Column::Mixed(MixedColumn::new(spans.into_iter().map(cell).collect(), buffer))
    };
    match array.data_type() {
        DataType::Utf8 => contiguous(array.as_string::<i32>(), Offsets::Short),
        DataType::LargeUtf8 => contiguous(array.as_string::<i64>(), Offsets::Long),
        DataType::Utf8View => Ok(Column::Text(TextColumn::views(array.as_string_view().clone()))),
        DataType::Binary => shared(array.as_binary::<i32>()).map(bytes),
        DataType::LargeBinary => shared(array.as_binary::<i64>()).map(bytes),
        DataType::BinaryView => copied(array.as_binary_view().iter()).map(bytes),
        DataType::FixedSizeBinary(_) => copied(array.as_fixed_size_binary().iter()).map(bytes),
        other => {
            let message = format!("cannot read an Arrow array of type `{other}`");
            Err(Error::new(ErrorKind::Unsupported, message))
        }
    }
}

/// The texts of an array, where they are.
fn contiguous<O: OffsetSizeTrait>(
    array: &GenericStringArray<O>,
    offsets: fn(ScalarBuffer<O>) -> Offsets,
) -> Result<Column> {
    let (_, buffer) = text_of(array)?;
    let (offsets, nulls) = (offsets(array.offsets().inner().clone()), array.nulls().cloned());
    Ok(Column::Text(TextColumn::contiguous(offsets, nulls, buffer)))
}

/// The spans of an array with offsets, over its own buffer.
fn shared<T: ByteArrayType>(array: &GenericByteArray<T>) -> Result<(Vec<Span>, Buffer)> {
    let (first, buffer) = text_of(array)?;
    let span = |(row, ends): (usize, &[T::Offset])| match ends {
        [start, end] if array.is_valid(row) => {
            Span::new((start.as_usize() - first) as u32, (*end - *start).as_usize() as u32)
        }
        _ => Span::NULL,
    };
    Ok((array.offsets().windows(2).enumerate().map(span).collect(), buffer))
}

/// The bytes of an array with offsets, and the offset that they start with.
fn text_of<T: ByteArrayType>(array: &GenericByteArray<T>) -> Result<(usize, Buffer)> {
    let ends = array.offsets().first().zip(array.offsets().last());
    let (first, last) = ends.map_or((0, 0), |(first, last)| (first.as_usize(), last.as_usize()));
    Ok((first, array.values().slice_with_length(first, addressable(last - first)?)))
}

/// The spans of values that are copied into one buffer.
fn copied<T: AsRef<[u8]>>(values: impl Iterator<Item = Option<T>>) -> Result<(Vec<Span>, Buffer)> {
    let mut bytes = Vec::new();
    let mut spans = Vec::with_capacity(values.size_hint().0);
    for value in values {
        let span = value.map_or(Span::NULL, |it| {
            let start = bytes.len();
            bytes.extend_from_slice(it.as_ref());
            Span::new(start as u32, it.as_ref().len() as u32)
        });
        addressable(bytes.len())?;
        spans.push(span);
    }
    Ok((spans, Buffer::from_vec(bytes)))
}

/// `bytes`, if spans can tell that many apart.
fn addressable(bytes: usize) -> Result<usize> {
    if bytes < u32::MAX as usize {
        return Ok(bytes);
    }
    Err(Error::new(
        ErrorKind::LimitExceeded,
        "cannot read more than 4 GiB of text in one Arrow array",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::builder::StringDictionaryBuilder;
    use arrow_array::{
        ArrayRef, BinaryArray, BooleanArray, Date64Array, Decimal128Array, DictionaryArray,
        Float32Array, Int8Array, Int32Array, Int64Array, LargeStringArray, ListArray, NullArray,
        StringArray, StringViewArray, TimestampMillisecondArray, TimestampNanosecondArray,
        TimestampSecondArray, UInt32Array, UInt64Array,
    };

    fn texts(array: &dyn Array) -> Vec<String> {
        let column = Column::from_arrow(array).unwrap();
        assert_eq!(column.len(), array.len());
        (0..column.len()).map(|row| column.value(row).to_string()).collect()
    }

    #[test]
    fn numbers_of_all_widths_are_read() {
        assert_eq!(texts(&Int8Array::from(vec![Some(-8), None])), ["-8", "NULL"]);
        assert_eq!(texts(&UInt32Array::from(vec![u32::MAX])), ["4294967295"]);
        assert_eq!(
            texts(&Int64Array::from(vec![Some(i64::MIN), None])),
            ["-9223372036854775808", "NULL"]
        );
        assert_eq!(texts(&Float32Array::from(vec![Some(0.5), None])), ["0.5", "NULL"]);
        assert_eq!(texts(&NullArray::new(2)), ["NULL", "NULL"]);
        assert_eq!(texts(&BooleanArray::from(vec![Some(true), None])), ["true", "NULL"]);
    }

    #[test]
    fn unsigned_numbers_beyond_the_signed_ones_are_exact() {
        let array = UInt64Array::from(vec![Some(1), None, Some(u64::MAX)]);
        assert_eq!(texts(&array), ["1", "NULL", "18446744073709551615"]);
        assert_eq!(Column::from_arrow(&array).unwrap().value(0), Value::Integer(1));
        assert_eq!(Column::from_arrow(&array.slice(0, 2)).unwrap().value(0), Value::Integer(1));
    }

    #[test]
    fn slices_start_where_they_say() {
        let text = vec![Some("zero"), None, Some(""), Some("three"), Some("four")];
        let arrays: [ArrayRef; 3] = [
            Arc::new(StringArray::from(text.clone())),
            Arc::new(LargeStringArray::from(text.clone())),
            Arc::new(StringViewArray::from(text)),
        ];
        for array in arrays {
            assert_eq!(texts(&array.slice(1, 3)), ["NULL", "", "three"]);
            assert_eq!(texts(&array.slice(5, 0)), [""; 0]);
        }
        assert_eq!(
            texts(&Int64Array::from(vec![Some(0), None, Some(2)]).slice(1, 2)),
            ["NULL", "2"]
        );
        let bits = BooleanArray::from(vec![Some(true), None, Some(false)]);
        assert_eq!(texts(&bits.slice(1, 2)), ["NULL", "false"]);
    }

    #[test]
    fn text_with_offsets_is_not_copied() {
        let array = LargeStringArray::from(vec!["a long text that no view would hold"; 3]);
        let Column::Text(column) = Column::from_arrow(&array.slice(1, 1)).unwrap() else {
            panic!()
        };
        assert_eq!(column.get(0).unwrap().as_ptr(), array.value(1).as_ptr());
    }

    #[test]
    fn bytes_stay_bytes() {
        let array = BinaryArray::from_opt_vec(vec![Some(b"\xff".as_slice()), None]);
        let column = Column::from_arrow(&array).unwrap();
        assert_eq!(column.value(0), Value::Bytes(b"\xff"));
        assert_eq!(column.value(1), Value::Null);
    }

    #[test]
    fn days_and_points_in_time_of_all_units_are_read() {
        assert_eq!(
            texts(&Date64Array::from(vec![Some(-86_400_000), None])),
            ["1969-12-31", "NULL"]
        );
        assert_eq!(texts(&TimestampSecondArray::from(vec![-1])), ["1969-12-31 23:59:59"]);
        let zoned = TimestampMillisecondArray::from(vec![1_500]).with_timezone("Europe/Berlin");
        assert_eq!(texts(&zoned), ["1970-01-01 00:00:01.500000"]);
        assert_eq!(
            texts(&TimestampNanosecondArray::from(vec![-1])),
            ["1969-12-31 23:59:59.999999"]
        );
        let error = Column::from_arrow(&TimestampSecondArray::from(vec![i64::MAX])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceInvalid);
    }

    #[test]
    fn decimals_keep_every_digit() {
        let array = Decimal128Array::from(vec![Some(-1_050), None, Some(7)]);
        let array = array.with_precision_and_scale(38, 2).unwrap();
        assert_eq!(texts(&array), ["-10.50", "NULL", "0.07"]);
    }

    #[test]
    fn dictionaries_are_looked_up() {
        let mut builder = StringDictionaryBuilder::<Int8Type>::new();
        for text in [Some("one"), Some("two"), None, Some("one")] {
            builder.append_option(text);
        }
        assert_eq!(texts(&builder.finish().slice(1, 3)), ["two", "NULL", "one"]);
        let keys = Int32Array::from(vec![Some(1), None, Some(0)]);
        let numbers = DictionaryArray::new(keys, Arc::new(Int64Array::from(vec![None, Some(7)])));
        assert_eq!(texts(&numbers), ["7", "NULL", "NULL"]);
        let keys = Int32Array::from(vec![Some(3), None, Some(1), Some(0)]);
        let values = StringArray::from(vec![Some("one"), None, Some("three"), Some("")]);
        let many = DictionaryArray::new(keys.slice(0, 3), Arc::new(values.clone()));
        assert_eq!(texts(&many), ["", "NULL", "NULL"]);
        let few = DictionaryArray::new(keys, Arc::new(values));
        assert_eq!(texts(&few), ["", "NULL", "NULL", "one"]);
        assert_eq!(texts(&few.slice(0, 0)), [""; 0]);
    }

    #[test]
    fn other_types_are_refused_by_name() {
        let array = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
        let error = Column::from_arrow(&array).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("List"), "{error}");
        assert_eq!(ValueType::of_arrow(array.data_type()), None);
    }
}
