//! Rules as SQL: a plan becomes statements that the database runs.
//!
//! ```text
//! Plan + dialect ─Pushdown::new─▶ a tally for each table:   rows, rows in scope, violations of each check
//!                                 a statement for each check by key: violations, groups
//!                                 doubts:                    rows of which SQL cannot tell
//!                                 refusals:                  checks that SQL cannot ask, each with its reason
//! ```
//!
//! Nothing here does I/O, and nothing is approximated. What SQL cannot say exactly as a scan judges it is
//! refused. Where only some values are beyond SQL (text that is not ASCII, where case does not matter; numbers
//! of hundreds of digits) the statement counts the rows that have one: if there is any, its answer does not
//! count either.

mod counts;
mod fragment;
mod joins;
mod keyed;
mod mariadb;
mod pattern;
mod postgres;
mod sample;
mod shards;
mod spans;
mod sqlite;
mod tally;
mod target;
mod typed;

use std::sync::{Arc, Mutex};

use crate::pushdown::counts::PlainTally;
use crate::pushdown::fragment::Fragment;
use crate::pushdown::keyed::Compiler;
use crate::pushdown::mariadb::MariaDb;
use crate::pushdown::postgres::Postgres;
pub(crate) use crate::pushdown::shards::SpreadTally;
use crate::pushdown::sqlite::Sqlite;
use crate::pushdown::target::{Reason, Writer};
use crate::pushdown::typed::Typed;
use crate::rules::{Kernel, Now, Plan, PlannedCheck, Summary};
use crate::source::{Dialect, Query, SqlTable};

/// What a plan is in SQL.
#[derive(Debug)]
pub(crate) struct Pushdown {
    /// The statements, in the order in which they are to run: doubts are known before keys are compared.
    pub(crate) statements: Vec<Statement>,
    /// Why each check of the plan is not asked in SQL; none if it is.
    pub(crate) refusals: Vec<Option<Reason>>,
}

/// A statement, and what its result says.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) query: Query,
    pub(crate) asks: Asks,
    pub(crate) spread: Spread,
}

/// Whether a statement is about parts of tables on other servers, and what else could be asked if it does not reach
/// them.
#[derive(Debug)]
pub(crate) enum Spread {
    /// It is not.
    No,
    /// It is not, and is a tally.
    Here(PlainTally),
    /// It is a tally, which can do without some of its counts.
    Tally(SpreadTally),
    /// It is about keys, and there may be another way to ask the same.
    Keys(Option<Box<Query>>),
}

impl Spread {
    /// Two statements that count what one of several counts does.
    pub(crate) fn halves(&self) -> Option<[Statement; 2]> {
        match self {
            Self::Here(tally) => halves(tally.counts(), |it| tally.of(it).statement()),
            Self::Tally(tally) => halves(tally.counts(), |it| tally.of(it).statement()),
            Self::No | Self::Keys(_) => None,
        }
    }
}

/// What the result of a statement says.
#[derive(Debug)]
pub(crate) enum Asks {
    /// One row of values; or one text of numbers, each before a comma. What functions of this process have
    /// measured meanwhile is in `summaries`.
    Tally { table: usize, counts: Vec<Count>, summaries: Summaries },
    /// One row: how many rows violate a check, and how many groups.
    Groups { check: usize, has_groups: bool },
}

/// What was measured in this process: the summary of each measure, and how many values could not be read.
pub(crate) type Summaries = Arc<Mutex<Vec<(usize, Summary, u64)>>>;

/// What a value of a tally is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Count {
    /// The rows of the table.
    Rows,
    /// The rows for which a filter holds.
    Scope(usize),
    /// The rows that violate a check.
    Violations(usize),
    /// The rows with a value, for a check of completeness.
    Present(usize),
    /// Something about the values of a measure, in the rows of its filter.
    Measured(usize, Quantity),
    /// The rows of which SQL cannot tell what these checks say.
    Doubts { checks: Vec<usize>, about: &'static str },
}

/// What is asked about the values of a measure. Numbers and days are numbers; a day is that of 1970 plus so many.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Quantity {
    /// How many there are.
    Values,
    Sum,
    Least,
    Greatest,
    /// The newest that does not lie in the future.
    Newest,
    /// How many lie in the future.
    Future,
    /// Everything, by a function of this process.
    Summary,
}

impl Statement {
    /// The checks that rest on the answer, of those that are not refused.
    pub(crate) fn answers<'a>(
        &'a self,
        plan: &'a Plan,
        refusals: &'a [Option<Reason>],
    ) -> impl Iterator<Item = usize> + 'a {
        let rests = move |position: usize, check: &PlannedCheck| match &self.asks {
            Asks::Groups { check, .. } => *check == position,
            Asks::Tally { table, .. } => {
                let of_keys = check.kernel.keys().iter().any(|it| it.set.table == *table);
                check.table == *table || of_keys
            }
        };
        let checks = plan.checks.iter().zip(refusals).enumerate();
        let checks = checks.filter(move |(position, (check, refusal))| {
            refusal.is_none() && rests(*position, check)
        });
        checks.map(|(position, _)| position)
    }
}

impl Pushdown {
    /// Writes a plan in a dialect, for a run at `now`. `table` tells what SQL calls a table.
    pub(crate) fn new(
        (plan, now): (&Plan, Now),
        dialect: Dialect,
        table: impl Fn(&str) -> Option<SqlTable>,
    ) -> Self {
        Compiler::new(plan, writer(dialect), table).compile(dialect, now)
    }

    /// A plan of which nothing is asked in SQL.
    pub(crate) fn refused(plan: &Plan, reason: &str) -> Self {
        let refusals = plan.checks.iter().map(|_| Some(reason.to_owned())).collect();
        Self { statements: Vec::new(), refusals }
    }

    /// A query for the lowest keys of `limit` rows that violate a check, behind which stand the values of
    /// its columns if `with_values`; none if the check is refused or the rows have no key.
    pub(crate) fn sample(
        (plan, check): (&Plan, usize),
        dialect: Dialect,
        table: impl Fn(&str) -> Option<SqlTable>,
        (limit, with_values): (usize, bool),
    ) -> Option<Query> {
        Compiler::new(plan, writer(dialect), table).sample(check, limit, with_values)
    }
}

fn writer(dialect: Dialect) -> Box<dyn Writer> {
    match dialect {
        Dialect::Sqlite => Box::<Sqlite>::default(),
        Dialect::Postgres => Box::new(Typed(&Postgres)),
        Dialect::MariaDb => Box::new(Typed(&MariaDb)),
    }
}

/// What `tally` makes of either half of several counts.
fn halves(
    counts: &[(Count, Fragment)],
    tally: impl Fn(Vec<(Count, Fragment)>) -> Statement,
) -> Option<[Statement; 2]> {
    let (one, other) = counts.split_at_checked(counts.len() / 2)?;
    let is_several = !one.is_empty();
    is_several.then(|| [one, other].map(|it| tally(it.to_vec())))
}

/// Why a kind of check is never asked in SQL.
fn refusal(kernel: &Kernel) -> Option<Reason> {
    let reason = match kernel {
        Kernel::Query(_) => "it is a query of its own",
        Kernel::Figure { figure, .. } if figure.quantile().is_some() => {
            "values of quantiles are counted natively"
        }
        _ => return None,
    };
    Some(reason.to_owned())
}
