//! Where the keys of the rows of a batch lie in a table of numbers.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::rules::{KeyForm, KeySet};
use crate::validate::keys::collect::for_each_key;
use crate::validate::keys::number_table::NumberTable;
use crate::value::Batch;

/// Where the keys of the rows of a batch lie in a [`NumberTable`].
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// The place of each row.
    pub(crate) of_rows: Vec<u32>,
    /// The rows whose keys are no numbers; their place is [`NONE`](Self::NONE).
    pub(crate) others: Vec<usize>,
}

impl Places {
    /// The place of a key that is not compared, or that is no number.
    pub(crate) const NONE: u32 = u32::MAX;
    /// The place of a number that is out of range.
    pub(crate) const NOWHERE: u32 = u32::MAX - 1;

    /// Looks for the key of each row.
    fn find(&mut self, table: &NumberTable, key_set: &KeySet, batch: &Batch) -> Result<()> {
        let Self { of_rows, others } = self;
        others.clear();
        of_rows.clear();
        of_rows.resize(batch.rows(), Self::NONE);
        let rows = of_rows.iter_mut().enumerate();
        for_each_key(key_set, batch, rows.map(|it| (it.0, it)), |(row, place), key, _| {
            match table.number(key) {
                Some(number) => *place = table.place(number),
                None => others.push(row),
            }
            Ok(())
        })
    }
}

/// The places of the keys of the current batch, for all who look up the same keys in the same table. Each
/// partition has its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedPlaces(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    of: Option<Subject>,
    places: Places,
}

/// Which keys in which table.
#[derive(Debug)]
struct Subject {
    table: Arc<NumberTable>,
    columns: Vec<usize>,
    form: KeyForm,
}

impl Subject {
    fn is(&self, table: &Arc<NumberTable>, key_set: &KeySet) -> bool {
        Arc::ptr_eq(&self.table, table)
            && self.columns == key_set.columns
            && self.form == key_set.form
    }
}

impl SharedPlaces {
    /// Forgets the places: another batch comes.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).of = None;
    }

    /// Lets `take` look at the places of the keys of `batch`.
    pub(crate) fn with<T>(
        &self,
        table: &Arc<NumberTable>,
        (key_set, batch): (&KeySet, &Batch),
        take: impl FnOnce(&Places) -> T,
    ) -> Result<T> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.of.as_ref().is_some_and(|it| it.is(table, key_set)) {
            known.of = None;
            known.places.find(table, key_set, batch)?;
            let (table, columns, form) = (Arc::clone(table), key_set.columns.clone(), key_set.form);
            known.of = Some(Subject { table, columns, form });
        }
        Ok(take(&known.places))
    }
}
