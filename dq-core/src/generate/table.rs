//! The tables: their columns, and how rows become columns of values.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};

use crate::error::{Error, ErrorKind, Result};

/// One of the three tables.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Table {
    /// `healthcare_facilities`
    Facilities,
    /// `healthcare_providers`
    Providers,
    /// `provider_facility_affiliations`
    Affiliations,
}

impl Table {
    /// Every table, those that others point to first.
    pub const ALL: [Self; 3] = [Self::Facilities, Self::Providers, Self::Affiliations];

    /// The name of the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Facilities => "healthcare_facilities",
            Self::Providers => "healthcare_providers",
            Self::Affiliations => "provider_facility_affiliations",
        }
    }

    /// The column of the primary key.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Facilities => "facility_id",
            Self::Providers => "provider_id",
            Self::Affiliations => "affiliation_id",
        }
    }
}

/// A column of a table whose rows are `R`.
#[derive(Debug)]
pub(super) struct Column<R> {
    pub(super) name: &'static str,
    /// Its type in SQL, with what else is declared.
    pub(super) sql: &'static str,
    cells: Cells<R>,
}

/// How a row gives the value of a column.
#[derive(Debug)]
enum Cells<R> {
    Text(fn(&R) -> Option<&str>),
    Integer(fn(&R) -> Option<i64>),
    Decimal(fn(&R) -> Option<f64>),
    Boolean(fn(&R) -> Option<bool>),
}

impl<R> Column<R> {
    pub(super) const fn text(
        name: &'static str,
        sql: &'static str,
        cell: fn(&R) -> Option<&str>,
    ) -> Self {
        Self { name, sql, cells: Cells::Text(cell) }
    }

    pub(super) const fn integer(
        name: &'static str,
        sql: &'static str,
        cell: fn(&R) -> Option<i64>,
    ) -> Self {
        Self { name, sql, cells: Cells::Integer(cell) }
    }

    pub(super) const fn decimal(
        name: &'static str,
        sql: &'static str,
        cell: fn(&R) -> Option<f64>,
    ) -> Self {
        Self { name, sql, cells: Cells::Decimal(cell) }
    }

    pub(super) const fn boolean(
        name: &'static str,
        sql: &'static str,
        cell: fn(&R) -> Option<bool>,
    ) -> Self {
        Self { name, sql, cells: Cells::Boolean(cell) }
    }

    fn field(&self) -> Field {
        let data_type = match self.cells {
            Cells::Text(_) => DataType::Utf8,
            Cells::Integer(_) => DataType::Int64,
            Cells::Decimal(_) => DataType::Float64,
            Cells::Boolean(_) => DataType::Boolean,
        };
        Field::new(self.name, data_type, true)
    }

    fn array(&self, rows: &[R]) -> ArrayRef {
        match self.cells {
            Cells::Text(cell) => Arc::new(rows.iter().map(cell).collect::<StringArray>()),
            Cells::Integer(cell) => Arc::new(rows.iter().map(cell).collect::<Int64Array>()),
            Cells::Decimal(cell) => Arc::new(rows.iter().map(cell).collect::<Float64Array>()),
            Cells::Boolean(cell) => Arc::new(rows.iter().map(cell).collect::<BooleanArray>()),
        }
    }
}

/// The schema of a table with these columns.
pub(super) fn schema<R>(columns: &[Column<R>]) -> Arc<Schema> {
    Arc::new(Schema::new(columns.iter().map(Column::field).collect::<Vec<_>>()))
}

/// Rows as columns of values.
pub(super) fn batch<R>(columns: &[Column<R>], rows: &[R]) -> Result<RecordBatch> {
    let arrays = columns.iter().map(|it| it.array(rows)).collect();
    RecordBatch::try_new(schema(columns), arrays).map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot make a batch of rows").with_source(error)
    })
}
