//! What a record is made of, and the batch of one row that the kernels look at.

use std::collections::HashMap;
use std::hash::BuildHasher;

use arrow_array::{BooleanArray, Date32Array, Float64Array, Int64Array, TimestampMicrosecondArray};
use arrow_buffer::Buffer;

use crate::value::Batch;
use crate::value::{Cell, Column, MixedColumn, Span, TextColumn};
use crate::value::{OwnedValue, Value};

/// Named values.
///
/// A struct of the embedding program implements it with a `match` over the names of its fields. Pairs
/// of a name and a value are records too: there a name is found exactly, or else as the only one that
/// differs in the case of ASCII letters, as the columns of a table are.
pub trait Record {
    /// The value of the field called `name`, as the rules spell it; `None` if there is none, which
    /// counts as NULL. Text is valid UTF-8.
    fn field(&self, name: &str) -> Option<Value<'_>>;
}

impl<N: AsRef<str>> Record for [(N, Value<'_>)] {
    fn field(&self, name: &str) -> Option<Value<'_>> {
        let fields = || self.iter().map(|(name, value)| (name.as_ref(), *value));
        let exact = fields().find(|(it, _)| *it == name).map(|it| it.1);
        exact.or_else(|| alike(fields(), name))
    }
}

impl<N: AsRef<str>> Record for [(N, OwnedValue)] {
    fn field(&self, name: &str) -> Option<Value<'_>> {
        let fields = || self.iter().map(|(name, value)| (name.as_ref(), value.as_value()));
        let exact = fields().find(|(it, _)| *it == name).map(|it| it.1);
        exact.or_else(|| alike(fields(), name))
    }
}

impl<S: BuildHasher> Record for HashMap<String, OwnedValue, S> {
    fn field(&self, name: &str) -> Option<Value<'_>> {
        let fields = || self.iter().map(|(name, value)| (name.as_str(), value.as_value()));
        self.get(name).map(OwnedValue::as_value).or_else(|| alike(fields(), name))
    }
}

/// The value of the only field whose name is `name` but for the case of ASCII letters.
pub(super) fn alike<'a>(
    fields: impl Iterator<Item = (&'a str, Value<'a>)>,
    name: &str,
) -> Option<Value<'a>> {
    let mut alike = fields.filter(|(it, _)| it.eq_ignore_ascii_case(name));
    let (_, value) = alike.next()?;
    alike.next().is_none().then_some(value)
}

/// The batch whose only row has the fields of `record` that are called `names`; none if their text is
/// longer than the 4 GiB that a batch can address.
pub(super) fn batch_of<R: Record + ?Sized>(record: &R, names: &[String]) -> Option<Batch> {
    let mut bytes = Vec::new();
    let value = |name: &String| record.field(name).unwrap_or(Value::Null);
    let values: Vec<_> = names.iter().map(value).collect();
    let spans: Vec<_> = values.iter().map(|it| append(*it, &mut bytes)).collect();
    if u32::try_from(bytes.len()).is_err() {
        return None;
    }
    let buffer = Buffer::from_vec(bytes);
    let columns = values.into_iter().zip(spans).map(|(value, span)| column(value, span, &buffer));
    Some(Batch::new(0, 1, columns.collect()))
}

fn append(value: Value<'_>, bytes: &mut Vec<u8>) -> Span {
    match value {
        Value::Text(it) | Value::Bytes(it) => Span::append(Some(it), bytes),
        _ => Span::NULL,
    }
}

/// A column of one row; `span` is where its text lies in `buffer`.
fn column(value: Value<'_>, span: Span, buffer: &Buffer) -> Column {
    match value {
        Value::Null => Column::Null(1),
        Value::Boolean(it) => Column::Boolean(BooleanArray::from(vec![it])),
        Value::Integer(it) => Column::Integer(Int64Array::from_value(it, 1)),
        Value::Float(it) => Column::Float(Float64Array::from_value(it, 1)),
        Value::Date(it) => Column::Date(Date32Array::from_value(it.days(), 1)),
        Value::Timestamp(it) => {
            Column::Timestamp(TimestampMicrosecondArray::from_value(it.micros(), 1))
        }
        Value::Text(_) => Column::Text(TextColumn::new(vec![span], buffer.clone())),
        Value::Bytes(_) => Column::Mixed(MixedColumn::new(vec![Cell::Bytes(span)], buffer.clone())),
    }
}
