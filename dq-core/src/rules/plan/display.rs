//! A plan as text, for people.

use std::fmt;

use crate::rules::plan::{Blank, Kernel, KeySet, Keys, Plan, PlannedCheck, TablePlan};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (step, table) in self.order.iter().enumerate() {
            if let Some(plan) = self.tables.get(*table) {
                self.write_scan(f, step + 1, *table, plan)?;
            }
        }
        let decided: Vec<_> =
            self.checks.iter().filter(|it| !it.kernel.keys().is_empty()).collect();
        if !decided.is_empty() {
            writeln!(f, "after the scans, decide by key:")?;
        }
        for check in decided {
            writeln!(f, "  {}: {}", check.name, self.decision(&check.kernel))?;
        }
        for check in &self.checks {
            if let Kernel::Query(query) = &check.kernel {
                let query: Vec<_> = query.split_whitespace().collect();
                writeln!(f, "run the query of {}: {}", check.name, query.join(" "))?;
            }
        }
        Ok(())
    }
}

impl Plan {
    fn write_scan(
        &self,
        f: &mut fmt::Formatter<'_>,
        step: usize,
        table: usize,
        plan: &TablePlan,
    ) -> fmt::Result {
        let all = plan.schema.columns.len();
        let rows =
            plan.schema.rows_estimate.map_or_else(String::new, |it| format!(", about {it} rows"));
        writeln!(
            f,
            "{step}. scan `{}`: {} of {all} columns{rows}",
            plan.schema.name,
            plan.columns.len()
        )?;
        if !plan.columns.is_empty() {
            writeln!(f, "  columns: {}", plan.names(0..plan.columns.len()))?;
        }
        for filter in &plan.filters {
            writeln!(f, "  filter: {}", filter.text)?;
        }
        for key_set in &plan.key_sets {
            for scope in &key_set.scopes {
                writeln!(f, "  collect keys: {}", plan.key_set_text(key_set, *scope))?;
            }
        }
        let own = |check: &&PlannedCheck| {
            let is_query = matches!(check.kernel, Kernel::Query(_));
            check.table == table && !is_query && check.kernel.keys().is_empty()
        };
        for check in self.checks.iter().filter(own) {
            let columns = plan.names(check.columns.iter().copied());
            let scope = plan.scope(check.filter);
            let colon = if columns.is_empty() { "" } else { ": " };
            writeln!(f, "  check {}{colon}{columns}{scope}", check.name)?;
        }
        Ok(())
    }

    fn decision(&self, kernel: &Kernel) -> String {
        match kernel {
            Kernel::Absent(_)
            | Kernel::Row(_)
            | Kernel::RowCount { .. }
            | Kernel::Figure { .. }
            | Kernel::Query(_) => String::new(),
            Kernel::DistinctCount { keys, min, max } => {
                format!("{} different keys in {}", between(*min, *max), self.keys_in_words(*keys))
            }
            Kernel::Unique(keys) => format!("no key twice in {}", self.keys_in_words(*keys)),
            Kernel::Dependency(keys) => {
                format!("one value per key in {}", self.keys_in_words(*keys))
            }
            Kernel::Disjoint(keys) => format!("no overlap in {}", self.keys_in_words(*keys)),
            Kernel::References { child, parent } => {
                format!(
                    "each key of {} is in {}",
                    self.keys_in_words(*child),
                    self.keys_in_words(*parent)
                )
            }
            Kernel::Cardinality { parent, child, min, max } => {
                let (parent, child) = (self.keys_in_words(*parent), self.keys_in_words(*child));
                format!("each key of {parent} is {} times in {child}", between(*min, *max))
            }
        }
    }

    fn keys_in_words(&self, keys: Keys) -> String {
        let Some(plan) = self.tables.get(keys.set.table) else { return String::new() };
        let text =
            |it: &KeySet| plan.key_set_text(it, it.scopes.get(keys.scope).copied().flatten());
        let key_set = plan.key_sets.get(keys.set.index).map(text);
        format!("`{}` {}", plan.schema.name, key_set.unwrap_or_default())
    }
}

fn between(min: u64, max: u64) -> String {
    let most = if max == u64::MAX { "any number of".to_owned() } else { max.to_string() };
    format!("{min} to {most}")
}

impl TablePlan {
    fn names(&self, columns: impl IntoIterator<Item = usize>) -> String {
        let name = |it: usize| {
            let position = self.columns.get(it)?;
            self.schema.columns.get(*position).map(|it| it.name.as_str())
        };
        columns.into_iter().filter_map(name).collect::<Vec<_>>().join(", ")
    }

    fn key_set_text(&self, key_set: &KeySet, scope: Option<usize>) -> String {
        let mut text = format!("({})", self.names(key_set.columns.iter().copied()));
        if !key_set.to.is_empty() {
            text = format!("{text} → ({})", self.names(key_set.to.iter().copied()));
        }
        let form = key_set.form;
        let words = [
            (form.blank == Blank::IsIgnored, " ignoring blank"),
            (form.folds_case, " folding case"),
            (form.collapses_blanks, " collapsing blanks"),
        ];
        text.extend(words.into_iter().filter_map(|(is_so, words)| is_so.then_some(words)));
        text + &self.scope(scope)
    }

    fn scope(&self, filter: Option<usize>) -> String {
        let filter = filter.and_then(|it| self.filters.get(it));
        filter.map_or_else(String::new, |it| format!(" where {}", it.text))
    }
}
