//! The checks: one file each, and the one list that names them all.
//!
//! A check file holds a struct of the check's arguments and its `CheckKind`: how it is read from the
//! rule file, what it is about, and how it is bound to the columns of a table. To add a check, write
//! its file and add it to the list below.

mod aggregate;
mod between;
mod cardinality;
mod completeness;
mod custom;
mod distinct_count;
mod expression;
mod format;
mod freshness;
mod functional_dependency;
mod key_form;
mod length;
mod matches;
mod no_control_characters;
mod no_overlap;
mod not_blank;
mod not_null;
mod one_of;
mod references;
mod row_count;
mod sql;
mod trimmed;
mod typed;
mod unique;

use std::path::Path;

use crate::document::Node;
use crate::rules::fields::Fields;
use crate::rules::plan::{Binder, Kernel};
use crate::rules::schema::CheckSchema;

pub use custom::CustomCheck;
pub(crate) use typed::AsType;

/// What a check file provides.
trait CheckKind: Sized {
    /// Whether the check compares rows or counts them, so that it says nothing about one alone.
    const NEEDS_OTHER_ROWS: bool = false;

    /// Reads the arguments: `argument` stands under the name of the check, `fields` beside it.
    /// Gives nothing where the problems tell why.
    fn parse(argument: &Node, fields: &mut Fields<'_>, folder: &Path) -> Option<Self>;

    /// What stands under the name of the check and beside it, for editors.
    fn schema() -> CheckSchema;

    /// The columns that the check is about, for reports.
    fn columns(&self) -> Vec<String>;

    /// Finds the columns in the table and makes the kernel. Gives nothing where the problems tell why.
    fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel>;
}

macro_rules! checks {
    ($($name:literal => $kind:ident($module:ident::$type:ident),)*) => {
        /// What must hold, with its arguments.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum Check {
            $(
                #[doc = concat!("`", $name, "`")]
                $kind($module::$type),
            )*
        }

        $(pub use $module::$type;)*

        impl Check {
            /// The name of every check.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The fields of every check, by its name.
            pub(crate) fn schemas() -> Vec<(&'static str, CheckSchema)> {
                vec![$(($name, $module::$type::schema())),*]
            }

            /// The name of this check, such as `not_null`.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$kind(_) => $name,)* }
            }

            /// The columns that this check is about.
            pub fn columns(&self) -> Vec<String> {
                match self { $(Self::$kind(it) => CheckKind::columns(it),)* }
            }

            /// Whether this check compares rows or counts them, so that it says nothing about one alone.
            pub fn needs_other_rows(&self) -> bool {
                match self { $(Self::$kind(_) => $module::$type::NEEDS_OTHER_ROWS,)* }
            }

            pub(crate) fn name_of(text: &str) -> Option<&'static str> {
                Self::NAMES.iter().copied().find(|it| *it == text)
            }

            pub(crate) fn parse(
                name: &str,
                argument: &Node,
                fields: &mut Fields<'_>,
                folder: &Path,
            ) -> Option<Self> {
                match name {
                    $($name => CheckKind::parse(argument, fields, folder).map(Self::$kind),)*
                    _ => None,
                }
            }

            pub(crate) fn bind(&self, binder: &mut Binder<'_, '_>) -> Option<Kernel> {
                match self { $(Self::$kind(it) => it.bind(binder),)* }
            }
        }
    };
}

checks! {
    "not_null" => NotNull(not_null::NotNull),
    "not_blank" => NotBlank(not_blank::NotBlank),
    "matches" => Matches(matches::Matches),
    "one_of" => OneOf(one_of::OneOf),
    "between" => Between(between::Between),
    "length" => Length(length::Length),
    "type" => Typed(typed::Typed),
    "format" => Format(format::FormatCheck),
    "trimmed" => Trimmed(trimmed::Trimmed),
    "no_control_characters" => NoControlCharacters(no_control_characters::NoControlCharacters),
    "expression" => Expression(expression::ExpressionCheck),
    "unique" => Unique(unique::Unique),
    "functional_dependency" => FunctionalDependency(functional_dependency::FunctionalDependency),
    "no_overlap" => NoOverlap(no_overlap::NoOverlap),
    "row_count" => RowCount(row_count::RowCount),
    "references" => References(references::References),
    "referenced" => Referenced(cardinality::Referenced),
    "cardinality" => Cardinality(cardinality::Cardinality),
    "custom" => Custom(custom::Custom),
    "freshness" => Freshness(freshness::Freshness),
    "completeness" => Completeness(completeness::Completeness),
    "distinct_count" => DistinctCount(distinct_count::DistinctCount),
    "mean" => Mean(aggregate::Mean),
    "min" => Min(aggregate::Min),
    "max" => Max(aggregate::Max),
    "sum" => Sum(aggregate::Sum),
    "quantile" => Quantile(aggregate::Quantile),
    "sql" => Sql(sql::Sql),
}

impl Check {
    /// Another table that this check reads, if any.
    pub fn other_table(&self) -> Option<&str> {
        match self {
            Self::References(it) => Some(it.table()),
            Self::Referenced(it) => Some(it.table()),
            Self::Cardinality(it) => Some(it.table()),
            _ => None,
        }
    }

    /// The text of the file that this check has read, if any.
    pub fn file_text(&self) -> Option<&str> {
        match self {
            Self::OneOf(it) => it.file_text(),
            _ => None,
        }
    }

    /// The file that this check has read, if any.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::OneOf(it) => it.file(),
            _ => None,
        }
    }
}

/// Takes `column`, which must be there.
fn column(fields: &mut Fields<'_>) -> Option<String> {
    let node = fields.require("column")?;
    fields.text_of(node, "column")
}

/// Reads the argument of a check that is only switched on: `not_null: true`.
fn switched_on(argument: &Node, fields: &Fields<'_>) -> Option<()> {
    if argument.as_text() == Some("true") {
        return Some(());
    }
    fields.problem(argument.place, "expected `true`; leave the check out to switch it off");
    None
}
