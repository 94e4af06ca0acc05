//! The rows of a data set, batch by batch, in their order.

use arrow_array::RecordBatch;

use crate::error::Result;
use crate::generate::affiliation::{self, Affiliation};
use crate::generate::dataset::Dataset;
use crate::generate::facility::{self, Facility};
use crate::generate::manifest::Ledger;
use crate::generate::provider::{self, Provider};
use crate::generate::table::{self, Table};

/// How many rows a batch has, about: so few that a request to stop is heard at once.
const ROWS: u64 = 512;

/// The rows of one table.
#[derive(Debug)]
pub(super) struct Batches<'a> {
    dataset: &'a Dataset,
    table: Table,
    /// The facility or provider that comes next; for affiliations also those who do not exist.
    next: u64,
    /// How many rows were made.
    made: u64,
}

impl<'a> Batches<'a> {
    pub(super) fn new(dataset: &'a Dataset, table: Table) -> Self {
        Self { dataset, table, next: 0, made: 0 }
    }

    /// The next rows, with what is wrong with them noted in the ledger; none after the last.
    pub(super) fn next(&mut self, ledger: &mut Ledger) -> Result<Option<RecordBatch>> {
        let rows = self.dataset.rows();
        let count = match self.table {
            Table::Facilities => rows.facilities,
            Table::Providers => rows.providers,
            Table::Affiliations => rows.providers + self.dataset.nobodies(),
        };
        if self.next >= count {
            return Ok(None);
        }
        let range = self.next..(self.next + ROWS).min(count);
        self.next = range.end;
        let batch = match self.table {
            Table::Facilities => {
                let rows: Vec<_> = range.map(|it| self.facility(it, ledger)).collect();
                table::batch(facility::COLUMNS, &rows)?
            }
            Table::Providers => {
                let rows: Vec<_> = range.map(|it| self.provider(it, ledger)).collect();
                table::batch(provider::COLUMNS, &rows)?
            }
            Table::Affiliations => {
                table::batch(affiliation::COLUMNS, &self.affiliations(range, ledger))?
            }
        };
        self.made += batch.num_rows() as u64;
        Ok(Some(batch))
    }

    fn facility(&self, index: u64, ledger: &mut Ledger) -> Facility {
        let mut facility = Facility::new(self.dataset, index);
        if let Some(defect) = self.dataset.facility_seat(index).defect {
            facility.spoil(self.dataset, &defect);
            let is_first = defect.member == 0;
            ledger.note(defect.kind, is_first, index + 1, || facility.facility_id.clone().into());
        }
        facility
    }

    fn provider(&self, index: u64, ledger: &mut Ledger) -> Provider {
        let seat = self.dataset.provider_seat(index);
        let mut provider = Provider::new(self.dataset, index, &seat);
        if let Some(defect) = seat.defect.filter(|it| it.kind.table() == Table::Providers) {
            provider.spoil(self.dataset, &defect);
            let is_first = defect.member == 0;
            ledger.note(defect.kind, is_first, index + 1, || provider.provider_id.clone().into());
        }
        provider
    }

    fn affiliations(
        &self,
        providers: std::ops::Range<u64>,
        ledger: &mut Ledger,
    ) -> Vec<Affiliation> {
        let mut rows = Vec::with_capacity(2 * ROWS as usize);
        let existing = self.dataset.rows().providers;
        for index in providers {
            match index.checked_sub(existing) {
                None => affiliation::of_provider(self.dataset, index, &mut rows),
                Some(nobody) => affiliation::of_nobody(self.dataset, nobody, &mut rows),
            }
        }
        for (row, id) in rows.iter_mut().zip(self.made + 1..) {
            row.affiliation_id = id;
            if let Some(defect) = row.defect {
                ledger.note(defect.kind, defect.is_first, id, || id.into());
            }
        }
        rows
    }
}
