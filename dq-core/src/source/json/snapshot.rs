//! The tables of JSON Lines files at one moment.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use crate::error::Result;
use crate::source::files::scan::partitions;
use crate::source::files::{InputFile, Located};
use crate::source::json::JsonOptions;
use crate::source::json::blocks::Blocks;
use crate::source::json::feed::{self, Feed};
use crate::source::json::rows::JsonDecoder;
use crate::source::json::spool::Spool;
use crate::source::json::survey::Survey;
use crate::source::{Partition, Scan, Snapshot};
use crate::value::TableSchema;

/// Tables whose lines were all read once when the snapshot was opened.
#[derive(Debug)]
pub(crate) struct JsonSnapshot {
    schemas: Vec<TableSchema>,
    tables: Vec<TableFiles>,
    options: JsonOptions,
}

/// The files of one table.
#[derive(Debug)]
struct TableFiles {
    files: Vec<Spool>,
    scanned: AtomicBool,
}

impl JsonSnapshot {
    /// Surveys every file of every table.
    pub(crate) fn open(tables: Vec<Located<InputFile>>, options: &JsonOptions) -> Result<Self> {
        let options = options.clone();
        let mut snapshot = Self { schemas: Vec::new(), tables: Vec::new(), options };
        for Located { table, files } in tables {
            let mut survey = Survey::new(snapshot.options.columns_max);
            let mut spools = Vec::new();
            for file in files {
                let spool = Spool::new(file)?;
                snapshot.survey(&spool, &mut survey)?;
                spools.push(spool);
            }
            snapshot.schemas.push(TableSchema {
                name: table,
                columns: survey.columns(),
                primary_key: Vec::new(),
                rows_estimate: Some(survey.rows()),
            });
            snapshot.tables.push(TableFiles { files: spools, scanned: AtomicBool::new(false) });
        }
        Ok(snapshot)
    }

    fn survey(&self, spool: &Spool, survey: &mut Survey) -> Result<()> {
        let mut blocks = Blocks::new(spool.open()?, &self.options);
        while let Some(block) = feed::next(spool, &mut blocks)? {
            survey.read(&block, &spool.file)?;
        }
        Ok(())
    }
}

#[async_trait]
impl Snapshot for JsonSnapshot {
    fn tables(&self) -> &[TableSchema] {
        &self.schemas
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let (schema, table) = scan.table_of(&self.schemas, &self.tables)?;
        table.scanned.store(true, Ordering::Release);
        let feed = Feed::new(table.files.iter().cloned().collect(), self.options.clone());
        let names = schema.columns.iter().map(|it| it.name.clone()).collect();
        Ok(partitions(feed, JsonDecoder::new(names, &scan.columns), scan, usize::MAX))
    }

    async fn finish(&self) -> Result<()> {
        let scanned = self.tables.iter().filter(|it| it.scanned.load(Ordering::Acquire));
        scanned.flat_map(|it| &it.files).try_for_each(Spool::check_unchanged)
    }
}
