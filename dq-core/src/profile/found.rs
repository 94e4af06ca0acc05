//! What the scans of all tables have found, and how estimates of it become counts.

use std::sync::Arc;

use crate::error::{ErrorKind, Result};
use crate::profile::ProfileOptions;
use crate::profile::describe;
use crate::profile::document::{Reference, TableProfile};
use crate::profile::examined::Examined;
use crate::profile::inclusion::{self, Inclusion};
use crate::profile::suggest::{self, relation};
use crate::profile::suggestion::Draft;
use crate::profile::verify::{self, Counted};
use crate::source::Snapshot;

/// Counting a dependency takes memory for each row, so that only the strongest are counted.
const DEPENDENCIES_COUNTED_MAX: usize = 20;

/// What the scans have found.
#[derive(Debug)]
pub(crate) struct Found {
    tables: Vec<Examined>,
    inclusions: Vec<Inclusion>,
}

/// Something that a sample has shown: the table, and the position among what was found there.
#[derive(Clone, Copy, Debug)]
enum Guess {
    Key(usize, usize),
    Dependency(usize, usize),
    Inclusion(usize),
}

impl Found {
    /// Looks for references between the tables.
    pub(crate) fn of(tables: Vec<Examined>) -> Self {
        let surveys: Vec<_> = tables.iter().map(|it| &it.survey).collect();
        let keys: Vec<_> = tables.iter().map(|it| it.keys.as_slice()).collect();
        let inclusions = inclusion::find(&surveys, &keys);
        Self { tables, inclusions }
    }

    /// Describes every table.
    pub(crate) fn tables(&self) -> Vec<TableProfile> {
        self.tables.iter().map(Examined::describe).collect()
    }

    /// Describes every reference.
    pub(crate) fn references(&self) -> Vec<Reference> {
        let ends = self.inclusions.iter().filter_map(|it| self.ends(it));
        ends.map(|(child, parent, it)| describe::reference(&child.survey, &parent.survey, it))
            .collect()
    }

    /// The tables that a reference is between.
    fn ends<'a>(
        &'a self,
        it: &'a Inclusion,
    ) -> Option<(&'a Examined, &'a Examined, &'a Inclusion)> {
        Some((self.tables.get(it.child.0)?, self.tables.get(it.parent.0)?, it))
    }

    /// The checks that each table suggests.
    pub(crate) fn drafts(&self) -> Vec<(String, Vec<Draft>)> {
        let drafts = self.tables.iter().enumerate().map(|(position, table)| {
            let own = self.inclusions.iter().filter(|it| it.child.0 == position);
            let ends = own.filter_map(|it| self.ends(it));
            let inclusions: Vec<_> = ends.map(|(_, parent, it)| (&parent.survey, it)).collect();
            let mut drafts = table.drafts.clone();
            drafts.extend(suggest::by_relations(&table.evidence(), &inclusions));
            (table.name().to_owned(), drafts)
        });
        drafts.collect()
    }

    /// Counts in a second scan what only a sample has shown. Gives what to know about it: a source that
    /// can be read only once leaves estimates.
    pub(crate) async fn count_estimates(
        &mut self,
        snapshot: &Arc<dyn Snapshot>,
        options: &ProfileOptions,
    ) -> Result<Option<String>> {
        let guesses = self.guesses();
        if guesses.is_empty() {
            return Ok(None);
        }
        let drafts = guesses.iter().filter_map(|it| self.draft(*it)).collect();
        match verify::drafts(snapshot, drafts, options).await {
            Ok(counted) => {
                for (guess, counted) in guesses.into_iter().zip(counted).rev() {
                    self.settle(guess, counted);
                }
                Ok(None)
            }
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                let reason =
                    format!("keys, dependencies and references are those of a sample: {error}");
                Ok(Some(reason))
            }
            Err(error) => Err(error),
        }
    }

    fn guesses(&self) -> Vec<Guess> {
        let mut guesses = Vec::new();
        for (position, table) in self.tables.iter().enumerate() {
            let keys = table.keys.iter().enumerate().filter(|(_, it)| !it.is_certain);
            guesses.extend(keys.map(|(place, _)| Guess::Key(position, place)));
            let found = table.dependencies.iter().enumerate().filter(|(_, it)| it.is_estimate);
            let strongest = found.take(DEPENDENCIES_COUNTED_MAX);
            guesses.extend(strongest.map(|(place, _)| Guess::Dependency(position, place)));
        }
        let inclusions = self.inclusions.iter().enumerate().filter(|(_, it)| !it.is_certain);
        guesses.extend(inclusions.map(|(place, _)| Guess::Inclusion(place)));
        guesses
    }

    /// The check that counts a guess, with its table.
    fn draft(&self, guess: Guess) -> Option<(String, Vec<Draft>)> {
        let (table, draft) = match guess {
            Guess::Key(table, place) => {
                let table = self.tables.get(table)?;
                (table, relation::key(&table.survey, table.keys.get(place)?))
            }
            Guess::Dependency(table, place) => {
                let table = self.tables.get(table)?;
                (table, relation::dependency(&table.survey, table.dependencies.get(place)?))
            }
            Guess::Inclusion(place) => {
                let (child, parent, it) = self.ends(self.inclusions.get(place)?)?;
                (child, relation::reference(&child.survey, &parent.survey, it))
            }
        };
        Some((table.name().to_owned(), vec![draft]))
    }

    /// Puts the count in the place of the guess, or drops a guess that was wrong. Called from the last
    /// guess to the first, so that positions stay right.
    fn settle(&mut self, guess: Guess, counted: Option<Counted>) {
        let Some(counted) = counted else { return };
        match guess {
            Guess::Key(table, place) => {
                let Some(keys) = self.tables.get_mut(table).map(|it| &mut it.keys) else { return };
                if counted.violations > 0 {
                    keys.remove(place);
                } else if let Some(key) = keys.get_mut(place) {
                    key.is_certain = true;
                }
            }
            Guess::Dependency(table, place) => {
                let table = self.tables.get_mut(table);
                let Some(all) = table.map(|it| &mut it.dependencies) else { return };
                let Some(found) = all.get_mut(place) else { return };
                (found.rows, found.violations) = (counted.evaluated, counted.violations);
                found.is_estimate = false;
                if !found.is_worth_telling() {
                    all.remove(place);
                }
            }
            Guess::Inclusion(place) => {
                let Some(found) = self.inclusions.get_mut(place) else { return };
                (found.rows, found.violations) = (counted.evaluated, counted.violations);
                found.is_certain = true;
            }
        }
    }
}
