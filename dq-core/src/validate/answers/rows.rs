//! Reads the results of statements.

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::error::{Error, ErrorKind, Result};
use crate::source::QueryRows;
use crate::validate::sample::{Sample, Shown};
use crate::validate::threads::join;
use crate::value::{Batch, OwnedValue};

/// The values of the one row that a statement gives: one in each column, or a text of numbers.
pub(crate) async fn values(result: QueryRows) -> Result<Vec<OwnedValue>> {
    let batches = read(result).await?;
    let batch = batches.iter().find(|it| it.rows() == 1).ok_or_else(strange)?;
    let mut values = Vec::new();
    for column in batch.columns() {
        match OwnedValue::from(column.value(0)) {
            OwnedValue::Text(text) if text.contains(',') => {
                values.extend(text.split(',').map(OwnedValue::from));
            }
            it => values.push(it),
        }
    }
    Ok(values)
}

/// A value that counts.
pub(crate) fn number(value: &OwnedValue) -> Result<u64> {
    let number = match value {
        OwnedValue::Integer(it) => u64::try_from(*it).ok(),
        OwnedValue::Text(it) => it.parse().ok(),
        _ => None,
    };
    number.ok_or_else(strange)
}

fn strange() -> Error {
    Error::new(ErrorKind::Internal, "a statement that counts gave no counts")
}

/// The rows that a statement gives: so many columns of the primary key, and then values.
pub(crate) async fn sample(result: QueryRows, key: usize, limit: usize) -> Result<Sample> {
    let columns = result.columns.len();
    let (key, values): (Vec<_>, Vec<_>) = ((0..key).collect(), (key..columns).collect());
    let mut sample = Sample::new(limit);
    for batch in read(result).await? {
        let shown = Shown { key: &key, values: &values };
        (0..batch.rows()).for_each(|row| sample.offer(&batch, row, shown));
    }
    Ok(sample)
}

/// Reads a small result, on a thread that may block.
async fn read(mut result: QueryRows) -> Result<Vec<Batch>> {
    let handle = Handle::current();
    let task = spawn_blocking(move || {
        handle.block_on(async {
            let mut batches = Vec::new();
            while let Some(batch) = result.rows.next().await? {
                batches.push(batch);
            }
            Ok(batches)
        })
    });
    let lost = || Error::new(ErrorKind::Internal, "the result of a statement is lost");
    join(vec![task]).await?.pop().ok_or_else(lost)
}
