//! Servers of distributed tables that do not answer: their checks could not run, and nothing more is asked of them.

use crate::error::Error;
use crate::pushdown::{Asks, Statement};
use crate::validate::answers::Answers;

impl Answers {
    /// The tables that a statement reads.
    pub(crate) fn tables_of(&self, statement: &Statement) -> Vec<usize> {
        match &statement.asks {
            Asks::Tally { table, .. } => vec![*table],
            Asks::Groups { check, .. } => self.tables_of_check(*check),
        }
    }

    fn tables_of_check(&self, check: usize) -> Vec<usize> {
        let Some(check) = self.plan.checks.get(check) else { return Vec::new() };
        let keys = check.kernel.keys().into_iter().map(|it| it.set.table);
        let mut tables: Vec<_> = keys.chain([check.table]).collect();
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    /// Why nothing is asked any more of one of the tables.
    pub(crate) fn loss_of(&self, tables: &[usize]) -> Option<Error> {
        tables.iter().find_map(|it| self.lost.get(it)).map(again)
    }

    /// Notes that checks could not run, and that nothing more is to be asked of those tables that are distributed.
    pub(crate) fn lose(&mut self, checks: &[usize], tables: &[usize], error: &Error) {
        for table in tables.iter().filter(|it| self.aim.is_distributed(**it)) {
            self.lost.entry(*table).or_insert_with(|| again(error));
        }
        self.fail(checks, error);
    }

    /// Notes that checks could not run.
    pub(crate) fn fail(&mut self, checks: &[usize], error: &Error) {
        for check in checks {
            if let Some(outcome) = self.checks.get_mut(*check) {
                outcome.error.get_or_insert_with(|| again(error));
            }
        }
    }

    /// Lets the checks that would be streamed from a table that is lost fail now, instead of the run.
    pub(crate) fn give_up_lost(&mut self) {
        for check in 0..self.checks.len() {
            if let Some(error) = self.loss_of(&self.tables_of_check(check)) {
                self.fail(&[check], &error);
                self.refusals.get_mut(check).into_iter().for_each(|it| *it = None);
            }
        }
    }

    /// Notes that the rows of a table cannot be shown.
    pub(crate) fn note_no_key(&mut self, table: usize) {
        let name = self.plan.tables.get(table).map_or("", |it| &it.schema.name);
        let note = format!("`{name}`: failing rows are not shown, since they have no primary key");
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

fn again(error: &Error) -> Error {
    Error::new(error.kind(), error.message())
}
