//! What the scans of all tables have found, and how estimates of it become counts.

use std::sync::Arc;

use crate::error::{ErrorKind, Result};
use crate::profile::ProfileOptions;
use crate::profile::dependency::{self, Measured};
use crate::profile::describe;
use crate::profile::document::{Reference, TableProfile};
use crate::profile::inclusion::{self, Inclusion};
use crate::profile::keys::{self, Candidate};
use crate::profile::suggest::{self, Evidence, relation};
use crate::profile::suggestion::Draft;
use crate::profile::survey::Survey;
use crate::profile::verify::{self, Counted};
use crate::source::Snapshot;

/// Counting a dependency takes memory for each row, so that only the strongest are counted.
const DEPENDENCIES_COUNTED_MAX: usize = 20;

/// What the scans have found; by position of the table.
#[derive(Debug)]
pub(crate) struct Found {
    surveys: Vec<Survey>,
    keys: Vec<Vec<Candidate>>,
    dependencies: Vec<Vec<Measured>>,
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
    /// Looks for keys, dependencies and references in what the scans have kept.
    pub(crate) fn of(surveys: Vec<Survey>) -> Self {
        let keys: Vec<_> = surveys.iter().map(keys::find).collect();
        let dependencies = surveys.iter().map(|it| dependency::find(&it.sample)).collect();
        let inclusions = inclusion::find(&surveys, &keys);
        Self { surveys, keys, dependencies, inclusions }
    }

    /// Describes every table.
    pub(crate) fn tables(&self, options: &ProfileOptions) -> Vec<TableProfile> {
        let found = self.surveys.iter().zip(&self.keys).zip(&self.dependencies);
        let tables = found.map(|((survey, keys), dependencies)| {
            describe::table(survey, keys, dependencies, options)
        });
        tables.collect()
    }

    /// Describes every reference.
    pub(crate) fn references(&self) -> Vec<Reference> {
        let all = self.inclusions.iter();
        all.filter_map(|it| describe::reference(&self.surveys, it)).collect()
    }

    /// The checks that each table suggests.
    pub(crate) fn drafts(&self, options: &ProfileOptions) -> Vec<(String, Vec<Draft>)> {
        let found = self.surveys.iter().zip(&self.keys).zip(&self.dependencies).enumerate();
        let drafts = found.map(|(table, ((survey, keys), dependencies))| {
            let own = self.inclusions.iter().filter(|it| it.child.0 == table);
            let inclusions: Vec<_> =
                own.filter_map(|it| Some((self.surveys.get(it.parent.0)?, *it))).collect();
            let evidence = Evidence { survey, keys, dependencies, inclusions: &inclusions };
            (survey.schema.name.clone(), suggest::drafts(&evidence, options))
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
        for (table, keys) in self.keys.iter().enumerate() {
            let uncertain = keys.iter().enumerate().filter(|(_, it)| !it.is_certain);
            guesses.extend(uncertain.map(|(place, _)| Guess::Key(table, place)));
        }
        for (table, found) in self.dependencies.iter().enumerate() {
            let uncertain = found.iter().enumerate().filter(|(_, it)| it.is_estimate);
            let strongest = uncertain.take(DEPENDENCIES_COUNTED_MAX);
            guesses.extend(strongest.map(|(place, _)| Guess::Dependency(table, place)));
        }
        let uncertain = self.inclusions.iter().enumerate().filter(|(_, it)| !it.is_certain);
        guesses.extend(uncertain.map(|(place, _)| Guess::Inclusion(place)));
        guesses
    }

    /// The check that counts a guess, with its table.
    fn draft(&self, guess: Guess) -> Option<(String, Vec<Draft>)> {
        let (table, draft) = match guess {
            Guess::Key(table, place) => {
                let survey = self.surveys.get(table)?;
                (table, relation::key(survey, self.keys.get(table)?.get(place)?))
            }
            Guess::Dependency(table, place) => {
                let survey = self.surveys.get(table)?;
                (table, relation::dependency(survey, self.dependencies.get(table)?.get(place)?))
            }
            Guess::Inclusion(place) => {
                let found = self.inclusions.get(place)?;
                let (child, parent) =
                    (self.surveys.get(found.child.0)?, self.surveys.get(found.parent.0)?);
                (found.child.0, relation::reference(child, parent, found))
            }
        };
        Some((self.surveys.get(table)?.schema.name.clone(), vec![draft]))
    }

    /// Puts the count in the place of the guess, or drops a guess that was wrong. Called from the last
    /// guess to the first, so that positions stay right.
    fn settle(&mut self, guess: Guess, counted: Option<Counted>) {
        let Some(counted) = counted else { return };
        match guess {
            Guess::Key(table, place) => {
                let Some(keys) = self.keys.get_mut(table) else { return };
                if counted.violations > 0 {
                    keys.remove(place);
                } else if let Some(key) = keys.get_mut(place) {
                    key.is_certain = true;
                }
            }
            Guess::Dependency(table, place) => {
                let Some(all) = self.dependencies.get_mut(table) else { return };
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
