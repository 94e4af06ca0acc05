//! One table after its scan: what is told of it, and what is still needed to compare it with others.

use crate::error::Result;
use crate::profile::ProfileOptions;
use crate::profile::dependency::{self, Measured};
use crate::profile::describe;
use crate::profile::document::{ColumnProfile, TableProfile};
use crate::profile::keys::{self, Candidate};
use crate::profile::suggest::{self, Evidence};
use crate::profile::suggestion::Draft;
use crate::profile::survey::Survey;
use crate::source::Cancellation;

/// One table after its scan.
#[derive(Debug)]
pub(crate) struct Examined {
    /// Without what only this table needed.
    pub(crate) survey: Survey,
    pub(crate) keys: Vec<Candidate>,
    pub(crate) dependencies: Vec<Measured>,
    columns: Vec<ColumnProfile>,
    /// The checks that its columns suggest, each by itself.
    pub(crate) drafts: Vec<Draft>,
}

impl Examined {
    /// Describes the columns of a table, and looks for keys and dependencies in what the scan has kept.
    ///
    /// # Errors
    ///
    /// `Cancelled`.
    pub(crate) fn of(
        mut survey: Survey,
        options: &ProfileOptions,
        cancellation: &Cancellation,
    ) -> Result<Self> {
        let keys = keys::find(&survey);
        let dependencies = dependency::find(&survey.sample, cancellation)?;
        let columns = describe::columns(&survey, options);
        let evidence = Evidence { survey: &survey, keys: &keys, dependencies: &dependencies };
        let drafts =
            if options.suggest { suggest::by_columns(&evidence, options) } else { Vec::new() };
        survey.lighten();
        Ok(Self { survey, keys, dependencies, columns, drafts })
    }

    /// Describes the table.
    pub(crate) fn describe(&self) -> TableProfile {
        describe::table(&self.survey, &self.columns, &self.keys, &self.dependencies)
    }

    /// What was found about it, as evidence for what its columns suggest together.
    pub(crate) fn evidence(&self) -> Evidence<'_> {
        let (survey, keys, dependencies) = (&self.survey, &self.keys, &self.dependencies);
        Evidence { survey, keys, dependencies }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.survey.schema.name
    }
}
