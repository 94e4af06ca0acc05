//! What every database manager promises.

use std::sync::Arc;

use dq_core::database::conformance::{Bench, check};

use crate::bench::{few, open};
use crate::runtimes::hold_on_each_runtime;
use crate::servers::mariadb::MariaDbServer;

async fn check_all() -> dq_core::Result<()> {
    // A server of its own: the version of a table changes with whatever is written on the server.
    let Some(server) = MariaDbServer::start() else { return Ok(()) };
    let open = async || {
        let database = Arc::new(open(few(&server.url(&server.database()))).await);
        Ok(Bench { database, bytes_type: "BLOB", timestamp_type: "DATETIME(6)" })
    };
    check(open).await
}

hold_on_each_runtime!(check_all);
