//! `sql`: a query in the database's own dialect, whose rows are the violations.
//!
//! ```yaml
//! - id: overlaps
//!   sql: |
//!     SELECT a.affiliation_id FROM provider_facility_affiliations a
//!     JOIN provider_facility_affiliations b ON a.provider_id = b.provider_id
//!     WHERE a.affiliation_id < b.affiliation_id AND a.start_date < b.end_date AND b.start_date < a.end_date
//! ```
//!
//! Not portable: it means what the database makes of it, and runs only where the source is a database.
//! Elsewhere the check is an error in the report, and all others run.
//!
//! Every row of the result is a violation; a share as `tolerance` is one of the rows of the rule's table.
//! A result that has the columns of the table's primary key, by their names, names the failing rows in
//! the report. The query sees the same moment as all other checks, and can only read: it is one `SELECT`,
//! `WITH … SELECT` or `VALUES`. It is prepared before anything runs, so that its errors are told with
//! those of the rule set. The rule's `where` cannot narrow it; its own `WHERE` does.

use std::path::Path;

use crate::document::Node;
use crate::rules::check::CheckKind;
use crate::rules::fields::Fields;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::schema::{self, CheckSchema};

/// A query in the database's own dialect, whose rows are the violations.
#[derive(Clone, Debug)]
pub struct Sql {
    query: String,
}

impl CheckKind for Sql {
    const NEEDS_OTHER_ROWS: bool = true;

    fn parse(argument: &Node, fields: &mut Fields<'_>, _: &Path) -> Option<Self> {
        let query = fields.text_of(argument, "sql")?;
        if query.trim().is_empty() {
            fields.problem(argument.place, "`sql` is empty");
            return None;
        }
        Some(Self { query })
    }

    fn schema() -> CheckSchema {
        CheckSchema::new(schema::defined("value"))
    }

    fn columns(&self) -> Vec<String> {
        Vec::new()
    }

    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
        if binder.is_narrowed() {
            let hint = "put the condition into the query, or the check into a rule of its own";
            binder.problem(format!("`where` cannot narrow a query of `sql`: {hint}"));
            return None;
        }
        Some(Kernel::Query(self.query.clone()))
    }
}
