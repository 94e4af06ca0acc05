//! What the user of a connection may do with each table.
//!
//! The catalog does not tell what comes by a role, and names databases by patterns. So the server is asked to prepare a
//! statement of each kind: it looks at privileges before all else, and then refuses to write on a connection that only
//! reads. Nothing is run.

use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};

use crate::database::TablePrivileges;
use crate::database::mysql::catalog::{Table, quoted};
use crate::database::mysql::connection::Lease;
use crate::database::mysql::error::{from_sqlx, is_lost, number_of};
use crate::error::ErrorKind::{Busy, Cancelled, Timeout};
use crate::error::Result;

/// That a statement would write where nothing may be written: it would be allowed elsewhere.
const READ_ONLY: u16 = 1792;

/// What may be done with `table`, asked on `lease`, which only reads.
pub(crate) async fn privileges(
    lease: &mut Lease,
    table: &Table,
    doing: &str,
) -> Result<TablePrivileges> {
    let name = quoted(&table.schema.name);
    let columns: Vec<_> = table.schema.columns.iter().map(|it| quoted(&it.name)).collect();
    let to_null: Vec<_> = columns.iter().map(|it| format!("{it} = NULL")).collect();
    let update = format!("UPDATE {name} SET {}", to_null.join(", "));
    Ok(TablePrivileges {
        select: may(lease, select(table), doing).await?,
        insert: may(lease, format!("INSERT INTO {name} () VALUES ()"), doing).await?,
        update: !columns.is_empty() && may(lease, update, doing).await?,
        delete: may(lease, format!("DELETE FROM {name}"), doing).await?,
        ..TablePrivileges::none(&table.schema.name)
    })
}

/// A query of no row of `table`, and of all columns that the user is told of, as a scan would ask for them.
pub(crate) fn select(table: &Table) -> String {
    let columns: Vec<_> = table.schema.columns.iter().map(|it| quoted(&it.name)).collect();
    let columns = if columns.is_empty() { "1".to_owned() } else { columns.join(", ") };
    format!("SELECT {columns} FROM {} LIMIT 0", quoted(&table.schema.name))
}

/// Whether the server would run `sql` on a connection that may write.
async fn may(lease: &mut Lease, sql: String, doing: &str) -> Result<bool> {
    let state = lease.state();
    let prepared = lease.start()?.prepare(AssertSqlSafe(sql).into_sql_str()).await.map(drop);
    lease.settle(&prepared, state);
    match prepared {
        Ok(()) => Ok(true),
        Err(error) if number_of(&error) == Some(READ_ONLY) => Ok(true),
        Err(error) => {
            let told = from_sqlx(doing, &error);
            let is_of_others = matches!(told.kind(), Busy | Timeout | Cancelled);
            // That says nothing of privileges.
            if is_lost(&error) || is_of_others { Err(told) } else { Ok(false) }
        }
    }
}
