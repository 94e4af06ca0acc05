//! What can be asked of `dq generate`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use dq_core::generate::{Defect, Recipe, Size};
use dq_core::value::Date;

use crate::arguments::date;

/// What is made, and where it is written.
#[derive(Args, Debug)]
pub(crate) struct GenerateArguments {
    /// Where to write: `sqlite:FILE`, `csv:FOLDER` or `parquet:FOLDER`; with --verify, a JSON report
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    #[command(flatten)]
    recipe: RecipeArguments,
    /// Where to write the manifest [default: TARGET.manifest.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
    /// How many keys of failing rows the manifest holds for each check at most
    #[arg(long = "keys", value_name = "N", default_value_t = 100)]
    pub(crate) keys_max: usize,
    /// Replace what is there already
    #[arg(long)]
    pub(crate) force: bool,
    /// Do not show progress
    #[arg(long)]
    pub(crate) no_progress: bool,
    /// Make nothing; compare the report TARGET with this manifest
    #[arg(long, value_name = "MANIFEST", conflicts_with_all = ["RecipeArguments", "manifest", "keys_max", "force"])]
    pub(crate) verify: Option<PathBuf>,
}

/// What is made.
#[derive(Args, Debug)]
struct RecipeArguments {
    /// How many providers; facilities and affiliations go with them
    #[arg(long, value_name = "N", conflicts_with = "rows")]
    providers: Option<u64>,
    /// How many rows all tables have together [default: 125531]
    #[arg(long, value_name = "N")]
    rows: Option<u64>,
    /// Chooses among all data that look alike; the same seed makes the same rows
    #[arg(long, value_name = "N", default_value_t = Recipe::default().seed)]
    seed: u64,
    /// "Today" of the data, as YYYY-MM-DD
    #[arg(long, value_name = "DATE", default_value_t = Recipe::default().as_of, value_parser = date)]
    as_of: Date,
    /// Of each kind, one defect for so many of the rows of its table, rounded up; 0 for none
    #[arg(long = "defects", value_name = "RATE", default_value_t = Recipe::default().defect_rate)]
    rate: f64,
    /// How many defects of a kind there are, whatever the rate; may be repeated
    #[arg(long = "defect", value_name = "KIND=N", value_parser = defect)]
    defects: Vec<(Defect, u64)>,
}

impl GenerateArguments {
    /// What is to be made.
    pub(crate) fn recipe(&self) -> Recipe {
        let asked = &self.recipe;
        let providers = asked.providers.map(Size::Providers);
        Recipe {
            seed: asked.seed,
            size: providers.or(asked.rows.map(Size::Rows)).unwrap_or_default(),
            as_of: asked.as_of,
            defect_rate: asked.rate,
            defects: asked.defects.iter().copied().collect::<BTreeMap<_, _>>(),
        }
    }
}

fn defect(text: &str) -> Result<(Defect, u64), String> {
    let (kind, count) = text.split_once('=').ok_or("write KIND=N")?;
    let count = count.parse().map_err(|_| format!("`{count}` is no number of defects"))?;
    Ok((kind.parse()?, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_has_a_kind_and_a_number() {
        assert_eq!(defect("npi_missing=3"), Ok((Defect::NpiMissing, 3)));
        assert_eq!(defect("npi_missing"), Err("write KIND=N".to_owned()));
        assert_eq!(defect("npi_missing=-1"), Err("`-1` is no number of defects".to_owned()));
        assert!(defect("npi=3").unwrap_err().starts_with("there is no defect `npi`; "));
    }
}
