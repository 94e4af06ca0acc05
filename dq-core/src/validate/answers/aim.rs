//! Which checks are asked in SQL, and which statements reach the servers of distributed tables.

use crate::error::Result;
use crate::pushdown::{Asks, Count, Pushdown, Spread, SpreadTally, Statement};
use crate::rules::{Kernel, Now, Plan};
use crate::source::{Cancellation, Dialect, Query, Reach, Snapshot};
use crate::validate::{Engine, ValidateOptions};

/// Why a check is streamed whose statement would fetch rows.
const FETCHES: &str = "`postgres_fdw` would send the rows, and not what is counted of them";

/// Which checks of a plan are asked in SQL.
#[derive(Debug)]
pub(crate) struct Aim {
    /// Why nothing is asked, in words.
    dialect: Result<Dialect, &'static str>,
    now: Now,
    /// Whether each check is to be asked.
    wanted: Vec<bool>,
    /// Whether the rows of each table lie on several servers.
    distributed: Vec<bool>,
}

impl Aim {
    /// What the engine that was chosen asks; none if it asks nothing.
    pub(crate) fn of(
        snapshot: &dyn Snapshot,
        (plan, now): (&Plan, Now),
        options: &ValidateOptions,
    ) -> Option<Self> {
        let dialect = match snapshot.dialect() {
            _ if options.violations.is_some() => Err("every failing row is wanted"),
            Some(dialect) => Ok(dialect),
            None => Err("no SQL is written for this source"),
        };
        let distributed = plan.tables.iter().map(|it| is_distributed(snapshot, &it.schema.name));
        let distributed: Vec<_> = distributed.collect();
        let concerns = |table: usize| distributed.get(table) == Some(&true);
        let wanted: Vec<_> = match options.engine {
            Engine::Native => return None,
            Engine::Sql => plan.checks.iter().map(|_| true).collect(),
            Engine::Auto => {
                let checks = plan.checks.iter().map(|check| {
                    let keys = check.kernel.keys().into_iter().map(|it| it.set.table);
                    let is_query = matches!(check.kernel, Kernel::Query(_));
                    !is_query && keys.chain([check.table]).any(concerns)
                });
                checks.collect()
            }
        };
        let is_idle =
            options.engine == Engine::Auto && (dialect.is_err() || !wanted.iter().any(|it| *it));
        (!is_idle).then_some(Self { dialect, now, wanted, distributed })
    }

    /// The dialect in which is asked.
    pub(crate) fn dialect(&self) -> Option<Dialect> {
        self.dialect.ok()
    }

    /// The moment against which ages are measured.
    pub(crate) fn now(&self) -> Now {
        self.now
    }

    /// Whether a check is to be asked.
    pub(crate) fn wants(&self, check: usize) -> bool {
        self.wanted.get(check) == Some(&true)
    }

    /// Whether the rows of a table lie on several servers.
    pub(crate) fn is_distributed(&self, table: usize) -> bool {
        self.distributed.get(table) == Some(&true)
    }

    /// What a plan is in SQL.
    pub(crate) fn pushdown(&self, snapshot: &dyn Snapshot, plan: &Plan) -> Pushdown {
        let mut pushdown = match self.dialect {
            Ok(dialect) => Pushdown::new((plan, self.now), dialect, |it| snapshot.sql_table(it)),
            Err(reason) => Pushdown::refused(plan, reason),
        };
        for (refusal, wanted) in pushdown.refusals.iter_mut().zip(&self.wanted) {
            if !wanted {
                *refusal = Some("its rows lie on one server".to_owned());
            }
        }
        let refusals = &pushdown.refusals;
        pushdown.statements.retain(|it| it.answers(plan, refusals).next().is_some());
        pushdown
    }
}

/// Keeps of what is asked of distributed tables what is counted where the rows are. Whether all servers do so
/// at once.
///
/// # Errors
///
/// `Cancelled`. That a plan cannot be made is told when the statement runs.
pub(crate) async fn settle(
    snapshot: &dyn Snapshot,
    plan: &Plan,
    pushdown: &mut Pushdown,
    cancellation: &Cancellation,
) -> Result<bool> {
    let mut settling = Settling { snapshot, plan, cancellation, is_concurrent: true };
    let mut settled = Vec::new();
    for statement in std::mem::take(&mut pushdown.statements) {
        match statement.spread {
            Spread::No | Spread::Here(_) => settled.push(statement),
            Spread::Tally(tally) => {
                settled.extend(settling.tally(tally, &mut pushdown.refusals).await?);
            }
            Spread::Keys(_) => {
                settled.extend(settling.keys(statement, &mut pushdown.refusals).await?);
            }
        }
    }
    pushdown.statements = settled;
    Ok(settling.is_concurrent)
}

fn is_distributed(snapshot: &dyn Snapshot, table: &str) -> bool {
    snapshot.sql_table(table).is_some_and(|it| it.shards.is_some())
}

/// Asks for the plans of statements.
struct Settling<'a> {
    snapshot: &'a dyn Snapshot,
    plan: &'a Plan,
    cancellation: &'a Cancellation,
    is_concurrent: bool,
}

impl Settling<'_> {
    async fn is_remote(&mut self, query: &Query) -> Result<bool> {
        let query = Query { cancellation: self.cancellation.clone(), ..query.clone() };
        let reach = self.snapshot.reach(&query).await;
        self.cancellation.check()?;
        let Ok(Some(Reach { is_remote, is_concurrent })) = reach else { return Ok(true) };
        if is_remote {
            self.is_concurrent &= is_concurrent;
        }
        Ok(is_remote)
    }

    async fn keys(
        &mut self,
        statement: Statement,
        refusals: &mut [Option<String>],
    ) -> Result<Option<Statement>> {
        if self.is_remote(&statement.query).await? {
            return Ok(Some(statement));
        }
        let Statement { asks, spread: Spread::Keys(fallback), .. } = statement else {
            return Ok(Some(statement));
        };
        if let Some(query) = fallback
            && self.is_remote(&query).await?
        {
            return Ok(Some(Statement { query: *query, asks, spread: Spread::Keys(None) }));
        }
        if let Asks::Groups { check, .. } = asks {
            refuse(refusals, &[check]);
        }
        Ok(None)
    }

    /// A tally without the counts that would make it fetch rows: they are found by halves.
    async fn tally(
        &mut self,
        tally: SpreadTally,
        refusals: &mut [Option<String>],
    ) -> Result<Option<Statement>> {
        let mut open = vec![tally.counts().to_vec()];
        let mut kept = Vec::new();
        while let Some(mut counts) = open.pop() {
            let statement = tally.of(counts.clone()).statement();
            if self.is_remote(&statement.query).await? {
                kept.extend(counts);
            } else if let [(count, _)] = &counts[..] {
                refuse(refusals, &resting_on(self.plan, tally.table(), count));
            } else {
                let rest = counts.split_off(counts.len() / 2);
                open.extend([rest, counts]);
            }
        }
        let is_asked = |check: &usize| refusals.get(*check).is_some_and(Option::is_none);
        kept.retain(|(count, _)| {
            *count == Count::Rows
                || resting_on(self.plan, tally.table(), count).iter().any(is_asked)
        });
        Ok((!kept.is_empty()).then(|| tally.of(kept).statement()))
    }
}

/// The checks that rest on a count of a table.
pub(crate) fn resting_on(plan: &Plan, table: usize, count: &Count) -> Vec<usize> {
    let checks = plan.checks.iter().enumerate();
    match count {
        Count::Violations(check) | Count::Present(check) => vec![*check],
        Count::Doubts { checks, .. } => checks.clone(),
        Count::Scope(filter) => {
            let checks = checks.filter(|(_, it)| it.table == table && it.filter == Some(*filter));
            checks.map(|it| it.0).collect()
        }
        Count::Measured(measure, _) => {
            let checks = checks.filter(|(_, it)| match &it.kernel {
                Kernel::Figure { measure: of, .. } => of.table == table && of.index == *measure,
                _ => false,
            });
            checks.map(|it| it.0).collect()
        }
        Count::Rows => Vec::new(),
    }
}

fn refuse(refusals: &mut [Option<String>], checks: &[usize]) {
    for check in checks {
        if let Some(refusal) = refusals.get_mut(*check) {
            refusal.get_or_insert_with(|| FETCHES.to_owned());
        }
    }
}
