//! What a dialect is asked to write: tests, conditions and keys of the rows of one table.

use crate::pushdown::Quantity;
use crate::pushdown::fragment::Fragment;
use crate::rules::{Figure, KeyForm, Measure, Now, RowKernel, TablePlan};
use crate::source::{SqlColumn, SqlFunction, SqlTable};

/// Why something cannot be said in SQL, in words that follow a colon.
pub(crate) type Reason = String;

/// A table of the plan, and what SQL calls it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) plan: &'a TablePlan,
    pub(crate) table: &'a SqlTable,
}

impl<'a> Target<'a> {
    /// Whether statements about the table are run on the servers of its parts.
    pub(crate) fn is_spread(&self) -> bool {
        self.table.shards.as_ref().is_some_and(|it| !it.parts.is_empty())
    }

    /// The column at a position of the batches.
    pub(crate) fn column(&self, position: usize) -> Result<&'a SqlColumn, Reason> {
        let position = self.plan.columns.get(position);
        let column = position.and_then(|it| self.table.columns.get(*it));
        column.ok_or_else(|| "a column has no name in SQL".to_owned())
    }
}

/// A condition, and the rows of which SQL cannot tell whether it holds. If there is any such row the
/// answer does not count.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) condition: Fragment,
    pub(crate) doubts: Vec<Doubt>,
    /// The functions that it calls.
    pub(crate) functions: Vec<SqlFunction>,
}

/// Rows of which SQL cannot tell.
#[derive(Clone, Debug)]
pub(crate) struct Doubt {
    pub(crate) rows: Fragment,
    /// What about them, such as "text that is not ASCII".
    pub(crate) about: &'static str,
}

impl Asked {
    /// A condition that SQL can always tell.
    pub(crate) fn certain(condition: Fragment) -> Self {
        Self { condition, doubts: Vec::new(), functions: Vec::new() }
    }
}

/// What is asked about the values of a column: each an aggregate of an expression, which is NULL where there is
/// nothing to aggregate.
#[derive(Clone, Debug, Default)]
pub(crate) struct AskedFigure {
    pub(crate) quantities: Vec<(Quantity, &'static str, Fragment)>,
    pub(crate) doubts: Vec<Doubt>,
}

/// The key of the rows of a table.
#[derive(Clone, Debug)]
pub(crate) struct WrittenKey {
    /// Expressions that are equal where the keys are.
    pub(crate) parts: Vec<Fragment>,
    /// What the parts can be compared with: parts of two tables are compared if these are equal.
    pub(crate) forms: Vec<&'static str>,
    /// Whether the key of a row is compared.
    pub(crate) compared: Asked,
}

/// Writes tests, conditions and keys in a dialect.
pub(crate) trait Writer {
    /// The rows that violate the check of a kernel, which is about some columns.
    fn violations(
        &mut self,
        target: Target<'_>,
        check: (&dyn RowKernel, &[usize]),
    ) -> Result<Asked, Reason>;

    /// The rows for which a filter holds.
    fn scope(&mut self, target: Target<'_>, filter: usize) -> Result<Asked, Reason>;

    /// The keys of the rows; with `as_text`, such that they can be compared with any other.
    fn key(
        &mut self,
        target: Target<'_>,
        columns: &[usize],
        form: KeyForm,
        as_text: bool,
    ) -> Result<WrittenKey, Reason>;

    /// The rows with a value that is there: not NULL, and not blank if that is ignored.
    fn presence(
        &mut self,
        target: Target<'_>,
        column: usize,
        form: KeyForm,
    ) -> Result<Asked, Reason>;

    /// The first and the last day of spans, both of which belong to them, and which spans are compared.
    fn span(&mut self, target: Target<'_>, days: &[usize]) -> Result<WrittenKey, Reason> {
        let _ = (target, days);
        Err("spans are sorted natively".to_owned())
    }

    /// What a check wants to know of the values of a measure, in a run at `now`.
    fn measure(
        &mut self,
        target: Target<'_>,
        measure: (&Measure, &Figure),
        now: Now,
    ) -> Result<AskedFigure, Reason>;

    /// How to order by a value such that text is in the order of its bytes, and NULL comes first.
    fn ordered(&self, value: &str) -> String;

    /// How many rows meet a condition.
    fn counted(&self, condition: &Fragment) -> Fragment {
        Fragment::new("count(*) FILTER (WHERE ").and(condition).text(")")
    }

    /// The type of whole numbers of 64 bits, in a cast.
    fn whole_type(&self) -> &'static str {
        "bigint"
    }

    /// How many regular expressions a statement may have.
    fn patterns_max(&self) -> usize {
        usize::MAX
    }
}
