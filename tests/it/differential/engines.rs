//! The engines that must agree: to add one, add a line.

#![expect(clippy::unnecessary_wraps, reason = "all are opened in one way, and some have no server")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dq_core::clock::SystemClock;
use dq_core::database::mysql::{MySqlConfig, MySqlSource};
use dq_core::database::postgres::{DistributeOptions, PostgresConfig, PostgresSource, distribute};
use dq_core::source::Source;
use dq_core::validate::Engine;

use crate::naive::Table;
use crate::property::mysql::as_mysql;
use crate::property::postgres::as_postgres;
use crate::property::sources::{self, Databases};
use crate::property::tables::{KeyShape, Shape};
use crate::property::{mysql as in_mysql, postgres as in_postgres};
use crate::run::wait;
use crate::servers::mariadb::MariaDbServer;
use crate::servers::postgres::PostgresServer;
use crate::servers::shards::{Servers, Shards};

/// Opens a source of tables.
type Open = fn(&Stage, &[Table]) -> Option<Box<dyn Source>>;

/// An engine over a source.
pub(crate) struct Candidate {
    pub(crate) name: &'static str,
    /// The values that it can hold.
    holds: fn(&[Table]) -> Vec<Table>,
    /// A source of them; none where its server is left out.
    open: Open,
    pub(crate) engine: Engine,
}

#[rustfmt::skip]
pub(crate) const ENGINES: &[Candidate] = &[
    Candidate { name: "SQLite", holds: sources::as_sqlite, open: sqlite, engine: Engine::Native },
    Candidate { name: "SQL on SQLite", holds: sources::as_sqlite, open: sqlite, engine: Engine::Sql },
    Candidate { name: "PostgreSQL", holds: as_postgres, open: postgres, engine: Engine::Native },
    Candidate { name: "SQL on PostgreSQL", holds: as_postgres, open: postgres, engine: Engine::Sql },
    Candidate { name: "shards", holds: as_postgres, open: shards, engine: Engine::Sql },
    Candidate { name: "MariaDB", holds: as_mysql, open: mariadb, engine: Engine::Native },
    Candidate { name: "SQL on MariaDB", holds: as_mysql, open: mariadb, engine: Engine::Sql },
    Candidate { name: "CSV", holds: sources::as_text, open: csv, engine: Engine::Native },
    Candidate { name: "Parquet", holds: sources::as_arrays, open: parquet, engine: Engine::Native },
];

/// Where the sources of one test are.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
    postgres: Option<PostgresServer>,
    shards: Option<Arc<Servers>>,
    mariadb: Option<MariaDbServer>,
    opened: AtomicUsize,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            postgres: PostgresServer::start(),
            shards: Servers::start_with("").map(Arc::new),
            mariadb: MariaDbServer::start(),
            opened: AtomicUsize::new(0),
        }
    }

    /// A source of the tables, and what of them it holds.
    pub(crate) fn open(
        &self,
        candidate: &Candidate,
        tables: &[Table],
    ) -> Option<(Box<dyn Source>, Vec<Table>)> {
        let held = (candidate.holds)(tables);
        (candidate.open)(self, &held).map(|it| (it, held))
    }

    fn place(&self) -> PathBuf {
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        self.folder.path().join(format!("{number}"))
    }
}

pub(crate) fn shape() -> Shape {
    Shape {
        key: KeyShape::Integer,
        batches: vec![7, 40, 3],
        arrow: vec![3; 13],
        block_bytes: 500,
        page_bytes: 4096,
    }
}

fn sqlite(stage: &Stage, tables: &[Table]) -> Option<Box<dyn Source>> {
    Some(Box::new(Databases::new(tables, &shape(), &stage.place()).by_pages))
}

fn postgres(stage: &Stage, tables: &[Table]) -> Option<Box<dyn Source>> {
    let server = stage.postgres.as_ref()?;
    let config = PostgresConfig::new(server.url(&server.database()));
    wait(in_postgres::put(&config, tables)).unwrap();
    Some(Box::new(PostgresSource::new(&config, Arc::new(SystemClock)).unwrap()))
}

/// Two servers, over which the tables are spread by their first column.
fn shards(stage: &Stage, tables: &[Table]) -> Option<Box<dyn Source>> {
    let shards = Shards::of(Arc::clone(stage.shards.as_ref()?));
    let config = PostgresConfig::new(shards.url());
    wait(in_postgres::put(&config, tables)).unwrap();
    for table in tables {
        let first = table.columns.first()?.name.to_owned();
        let options = DistributeOptions {
            table: table.name.to_owned(),
            columns: table.key.is_empty().then_some(first).into_iter().collect(),
            shards: shards.shard_urls().into_iter().map(Into::into).collect(),
            ..DistributeOptions::default()
        };
        wait(distribute(&config, &options, Arc::new(SystemClock))).unwrap();
    }
    Some(Box::new(PostgresSource::new(&config, Arc::new(SystemClock)).unwrap()))
}

fn mariadb(stage: &Stage, tables: &[Table]) -> Option<Box<dyn Source>> {
    let server = stage.mariadb.as_ref()?;
    let config = MySqlConfig::new(server.socket_url(&server.database()));
    wait(in_mysql::put(&config, tables)).unwrap();
    Some(Box::new(MySqlSource::new(&config, Arc::new(SystemClock)).unwrap()))
}

fn csv(stage: &Stage, tables: &[Table]) -> Option<Box<dyn Source>> {
    Some(Box::new(sources::csv(tables, &shape(), &stage.place())))
}

fn parquet(stage: &Stage, tables: &[Table]) -> Option<Box<dyn Source>> {
    Some(Box::new(sources::parquet(tables, &shape(), &stage.place())))
}
