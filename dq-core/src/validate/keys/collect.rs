//! Takes the keys of the rows of a batch.

use arrow_buffer::BooleanBuffer;

use crate::error::Result;
use crate::rules::{Blank, KeySet, KeyValues, key_bytes};
use crate::validate::keys::records::Scopes;
use crate::validate::keys::runs::KeyRuns;
use crate::validate::keys::span::Span;
use crate::value::Batch;
use crate::value::Column;
use crate::value::TextColumn;
use crate::value::is_blank;

impl KeyRuns {
    /// Adds the keys of those of `rows` in `batch` that are in a scope of the key set. `filters` are what
    /// the filters of the table let through; `first_row` is the number of the first row of the batch
    /// within the partition.
    pub(crate) fn collect(
        &mut self,
        key_set: &KeySet,
        batch: &Batch,
        filters: &[BooleanBuffer],
        (first_row, rows): (u32, impl Iterator<Item = usize>),
    ) -> Result<()> {
        if let Some(texts) = sole_text(key_set, batch) {
            self.lend(first_row, texts);
        }
        let scope = |it: &Option<usize>| it.and_then(|it| filters.get(it));
        let scopes: Vec<_> = key_set.scopes.iter().map(scope).collect();
        match scopes.as_slice() {
            [None] => self.collect_rows(key_set, batch, rows.map(|row| (row, 1)), first_row)?,
            [Some(only)] => {
                let rows = rows.map(|row| (row, only.value(row).into()));
                self.collect_rows(key_set, batch, rows, first_row)?;
            }
            scopes => {
                let is_in = |scope: Option<&BooleanBuffer>, row| {
                    Scopes::from(scope.is_none_or(|it| it.value(row)))
                };
                let bits = |row| scopes.iter().rev().fold(0, |all, it| all << 1 | is_in(*it, row));
                self.collect_rows(key_set, batch, rows.map(|row| (row, bits(row))), first_row)?;
            }
        }
        self.settle()
    }

    /// Adds the keys of the rows that are in a scope.
    fn collect_rows(
        &mut self,
        key_set: &KeySet,
        batch: &Batch,
        rows: impl Iterator<Item = (usize, Scopes)>,
        first_row: u32,
    ) -> Result<()> {
        let rows = rows.map(|it| (it.0, it)).filter(|it| it.1.1 != 0);
        if let Some(compact) = self.compact_mut() {
            return for_each_key(key_set, batch, rows, |(row, scopes), key, _| {
                compact.push(key, scopes, first_row + row as u32)
            });
        }
        for_each_key(key_set, batch, rows, |(row, scopes), key, value| {
            self.push(key, value, scopes, first_row + row as u32)
        })
    }
}

/// The column whose texts are the keys, as they are.
fn sole_text<'a>(key_set: &KeySet, batch: &'a Batch) -> Option<&'a TextColumn> {
    let ([column], []) = (&key_set.columns[..], &key_set.to[..]) else { return None };
    match batch.column(*column) {
        Column::Text(texts) if key_set.form.keeps_text() => Some(texts),
        _ => None,
    }
}

/// Calls `take` for each of `rows` whose key is compared, with what comes along with the row, the key,
/// and what it determines.
#[inline]
pub(crate) fn for_each_key<T>(
    key_set: &KeySet,
    batch: &Batch,
    rows: impl Iterator<Item = (usize, T)>,
    mut take: impl FnMut(T, &[u8], Option<&[u8]>) -> Result<()>,
) -> Result<()> {
    let form = key_set.form;
    if let Some(texts) = sole_text(key_set, batch) {
        // The common case: the text itself is the key, and is not copied on its way.
        let ignores_blank = form.blank == Blank::IsIgnored;
        return texts.visit(rows, |it, text| {
            if ignores_blank && is_blank(text) { Ok(()) } else { take(it, text, None) }
        });
    }
    let (mut key, mut to) = (Vec::new(), Vec::new());
    for (row, it) in rows {
        let value = |it: &usize| batch.column(*it).value(row);
        let keys = key_bytes(key_set.columns.iter().map(value), form, &mut key);
        let values = match (key_set.values, &key_set.to[..]) {
            (KeyValues::Span, [from, until]) => Span::encode(value(from), value(until), &mut to),
            _ => key_bytes(key_set.to.iter().map(value), form, &mut to),
        };
        if keys.and(values).is_some() {
            take(it, &key, (!key_set.to.is_empty()).then_some(to.as_slice()))?;
        }
    }
    Ok(())
}
