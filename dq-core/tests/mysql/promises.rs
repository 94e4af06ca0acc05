//! What every database manager promises, as a manager and as a source.

use std::sync::Arc;

use dq_core::database::conformance::{Bench, check, fill};
use dq_core::source::{self, Source};

use crate::bench::{self, few};
use crate::runtimes::hold_on_each_runtime;
use crate::servers::mariadb::MariaDbServer;

async fn check_all() -> dq_core::Result<()> {
    // A server of its own: the version of a table changes with whatever is written on the server.
    let Some(server) = MariaDbServer::start() else { return Ok(()) };
    let open = async || {
        let database = Arc::new(bench::open(few(&server.url(&server.database()))).await);
        Ok(Bench { database, bytes_type: "BLOB", timestamp_type: "DATETIME(6)" })
    };
    check(open).await?;
    let database = bench::open(few(&server.url(&server.database()))).await;
    fill(&database).await?;
    let source: Arc<dyn Source> = Arc::new(database);
    source::conformance::check(async || Ok(Arc::clone(&source))).await
}

hold_on_each_runtime!(check_all);
