//! The columns of files whose rows come as Arrow arrays.

use std::collections::HashSet;
use std::fmt::Display;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, FieldRef, Fields};

use crate::error::{Error, ErrorKind, Result};
use crate::value::{Column, ColumnSchema, ValueType};

/// What a table says of the column that is read as `field`.
pub(crate) fn column_schema(field: &FieldRef) -> ColumnSchema {
    ColumnSchema {
        name: field.name().clone(),
        value_type: ValueType::of_arrow(field.data_type()).unwrap_or(ValueType::Any),
        nullable: field.is_nullable(),
    }
}

/// `SourceInvalid` if two columns of `file` have the same name.
pub(crate) fn check_names(file: impl Display, fields: &Fields) -> Result<()> {
    let mut seen = HashSet::new();
    match fields.iter().find(|it| !seen.insert(it.name())) {
        None => Ok(()),
        Some(twice) => {
            let name = twice.name();
            let message = format!("cannot read `{file}`: it has two columns called `{name}`");
            Err(Error::new(ErrorKind::SourceInvalid, message))
        }
    }
}

/// The columns of two files of one table, which have the same names and types; `SourceInvalid` if
/// those of `other` are not those of `one`.
pub(crate) fn merged<F: Display>(
    (one, fields): (F, &Fields),
    (other, others): (F, &Fields),
) -> Result<Fields> {
    let is_alike = |(one, other): (&FieldRef, &FieldRef)| {
        one.name() == other.name() && one.data_type() == other.data_type()
    };
    if fields.len() != others.len() || !fields.iter().zip(others).all(is_alike) {
        let message = format!("cannot read `{other}`: its columns are not those of `{one}`");
        return Err(Error::new(ErrorKind::SourceInvalid, message));
    }
    let nullable = |(one, other): (&FieldRef, &FieldRef)| {
        if one.is_nullable() { Arc::clone(one) } else { Arc::clone(other) }
    };
    Ok(fields.iter().zip(others).map(nullable).collect())
}

/// `Unsupported` for a column of `file` that cannot be read.
pub(crate) fn check_readable(file: impl Display, field: &Field) -> Result<()> {
    let (name, data_type) = (field.name(), field.data_type());
    if ValueType::of_arrow(data_type).is_some() {
        return Ok(());
    }
    let what = if data_type.is_nested() { "is nested" } else { "has a type that dq cannot read" };
    let message = format!("cannot read the column `{name}` of `{file}`: it {what} (`{data_type}`)");
    Err(Error::new(ErrorKind::Unsupported, message))
}

/// The columns at the positions `wanted`, in that order and as often, out of `rows`, which hold each
/// of them once and in the order of the file.
pub(crate) fn columns_of(
    file: &impl Display,
    rows: &RecordBatch,
    wanted: &[usize],
) -> Result<Vec<Column>> {
    let read = |(array, field): (&ArrayRef, &FieldRef)| {
        Column::from_arrow(array).map_err(|error| {
            let message = format!("cannot read the column `{}` of `{file}`: {error}", field.name());
            Error::new(error.kind(), message)
        })
    };
    let fields = rows.schema_ref().fields().iter();
    let columns = rows.columns().iter().zip(fields).map(read);
    let mut columns: Vec<_> = columns.map(|it| it.map(Some)).collect::<Result<_>>()?;
    let present = present(wanted);
    let mut column = |(at, position): (usize, &usize)| {
        let place = present.binary_search(position).ok();
        let column = place.and_then(|it| columns.get_mut(it));
        let is_wanted_again = wanted.iter().skip(at + 1).any(|it| it == position);
        let column = column.and_then(|it| if is_wanted_again { it.clone() } else { it.take() });
        column.unwrap_or(Column::Null(rows.num_rows()))
    };
    Ok(wanted.iter().enumerate().map(&mut column).collect())
}

/// The wanted positions, each once and in the order of the file.
pub(crate) fn present(wanted: &[usize]) -> Vec<usize> {
    let mut present = wanted.to_vec();
    present.sort_unstable();
    present.dedup();
    present
}

/// What `decode` gives, or nothing if it panics: decoders trust what damaged files say of themselves.
pub(crate) fn caught<T>(decode: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(decode)).ok()
}
