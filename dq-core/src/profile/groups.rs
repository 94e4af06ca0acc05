//! The rows of a sample by their value of one column.

use crate::profile::row_sample::{CodedColumn, CodedRows, NULL_CODE};

/// Rows by their value of the column `from`; those where it is NULL are left out.
#[derive(Debug)]
pub(crate) struct Groups<'a> {
    pub(crate) rows: &'a CodedRows,
    pub(crate) from: usize,
    /// The rows of each group, one group after the other.
    order: Vec<u32>,
    /// Where each group ends in `order`.
    ends: Vec<usize>,
}

impl<'a> Groups<'a> {
    /// Sorts the rows by counting: where each group starts, then each row to its place.
    pub(crate) fn of(rows: &'a CodedRows, from: usize) -> Self {
        let codes = rows.columns.get(from).map_or(&[][..], |it| &it.codes);
        let values = rows.columns.get(from).map_or(0, |it| it.values.len());
        let mut starts = vec![0; values + 1];
        for code in codes.iter().filter(|it| **it != NULL_CODE) {
            starts.get_mut(*code as usize + 1).into_iter().for_each(|it| *it += 1);
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let ends = starts.iter().skip(1).copied().collect();
        let mut order = vec![0; sum];
        for (row, code) in codes.iter().enumerate() {
            // NULL has no group.
            if let Some(next) = starts.get_mut(*code as usize) {
                order.get_mut(*next).into_iter().for_each(|it| *it = row as u32);
                *next += 1;
            }
        }
        Self { rows, from, order, ends }
    }

    /// How many groups there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// How many rows of the sample are in a group.
    pub(crate) fn rows_grouped(&self) -> usize {
        self.order.len()
    }

    /// Hands over the values of `column` in one group after the other, each with its count; NULL is left
    /// out.
    pub(crate) fn each(&self, column: &CodedColumn, mut take: impl FnMut(&[(u32, u64)])) {
        let mut counts = vec![0; column.values.len()];
        let mut group = Vec::new();
        let mut start = 0;
        for end in &self.ends {
            let rows = self.order.get(start..*end).unwrap_or_default();
            start = *end;
            self.count(rows, column, &mut counts, &mut group);
            if !group.is_empty() {
                take(&group);
            }
            group.clear();
        }
    }

    /// Counts the values of `column` in `rows`; leaves `counts` as it was, all 0.
    fn count(
        &self,
        rows: &[u32],
        column: &CodedColumn,
        counts: &mut [u64],
        group: &mut Vec<(u32, u64)>,
    ) {
        let cell = |row: &u32| {
            let row = *row as usize;
            Some((*column.codes.get(row)?, *self.rows.weights.get(row)?))
        };
        for (code, weight) in rows.iter().filter_map(cell) {
            // NULL has no count.
            let Some(count) = counts.get_mut(code as usize) else { continue };
            if *count == 0 {
                group.push((code, 0));
            }
            *count += weight;
        }
        for (code, count) in group {
            *count = counts.get_mut(*code as usize).map(std::mem::take).unwrap_or_default();
        }
    }
}
