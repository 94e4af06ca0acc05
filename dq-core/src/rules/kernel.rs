//! What a check does to the rows that stream by.

use std::fmt;
use std::sync::Arc;

use arrow_buffer::BooleanBuffer;

use crate::error::Result;
use crate::rules::row_test::{RowTest, TextTest};
use crate::value::Batch;
use crate::value::Column;
use crate::value::Number;
use crate::value::Value;
use crate::value::lens;

/// Judges each row by itself.
pub(crate) trait RowKernel: fmt::Debug + Send + Sync {
    /// The rows of `batch` that violate the check.
    fn violations(&self, batch: &Batch) -> Result<BooleanBuffer>;

    /// What the kernel asks of a row, if that can be said in other words.
    fn test(&self) -> Option<&RowTest> {
        None
    }

    /// The same kernel for another thread, sharing nothing that threads would wait for.
    fn fork(&self) -> Box<dyn RowKernel>;
}

/// A kernel made of a function of the batch. `test` says the same, if it can be said.
pub(crate) fn of_batch<F>(test: Option<RowTest>, evaluate: F) -> Box<dyn RowKernel>
where
    F: Fn(&Batch) -> Result<BooleanBuffer> + Clone + Send + Sync + 'static,
{
    Box::new(FunctionKernel { test: test.map(Arc::new), evaluate })
}

/// A kernel that tests the text of one column. NULL passes; what is not text fails.
pub(crate) fn of_text<F>(column: usize, asked: TextTest, test: F) -> Box<dyn RowKernel>
where
    F: Fn(&[u8]) -> bool + Clone + Send + Sync + 'static,
{
    let asked = RowTest::Text(column, asked);
    of_batch(Some(asked), move |batch| Ok(lens::text_fails(batch.column(column), &test)))
}

/// A kernel that tests the number in one column. NULL passes; what is no number fails.
pub(crate) fn of_number<F>(column: usize, asked: RowTest, test: F) -> Box<dyn RowKernel>
where
    F: Fn(Number) -> bool + Clone + Send + Sync + 'static,
{
    of_batch(Some(asked), move |batch| Ok(lens::number_fails(batch.column(column), &test)))
}

/// A kernel that looks at every value of one column, NULL too.
pub(crate) fn of_value<F>(column: usize, asked: RowTest, violates: F) -> Box<dyn RowKernel>
where
    F: Fn(Value<'_>) -> bool + Clone + Send + Sync + 'static,
{
    of_batch(Some(asked), move |batch| {
        let rows = batch.rows();
        Ok(match batch.column(column) {
            Column::Text(texts) => {
                texts.judge(violates(Value::Null), |text| violates(Value::Text(text)))
            }
            column => BooleanBuffer::collect_bool(rows, |row| violates(column.value(row))),
        })
    })
}

#[derive(Clone)]
struct FunctionKernel<F> {
    test: Option<Arc<RowTest>>,
    evaluate: F,
}

impl<F> fmt::Debug for FunctionKernel<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FunctionKernel")
    }
}

impl<F> RowKernel for FunctionKernel<F>
where
    F: Fn(&Batch) -> Result<BooleanBuffer> + Clone + Send + Sync + 'static,
{
    fn violations(&self, batch: &Batch) -> Result<BooleanBuffer> {
        (self.evaluate)(batch)
    }

    fn test(&self) -> Option<&RowTest> {
        self.test.as_deref()
    }

    fn fork(&self) -> Box<dyn RowKernel> {
        Box::new(self.clone())
    }
}
