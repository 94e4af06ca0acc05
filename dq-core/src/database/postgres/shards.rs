//! Tables whose rows lie on other servers: partitions that are tables of `postgres_fdw`, and tables that Citus
//! distributes.

use std::collections::HashMap;

use serde_json::Value as Json;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::database::postgres::catalog::{Kind, Table, rows};
use crate::database::postgres::connection::Lease;
use crate::database::postgres::error::from_sqlx;
use crate::error::Result;
use crate::source::{Reach, SqlShards};

/// What a transaction is told that counts where the rows are. Without the ways by which rows would be grouped here,
/// the planner groups them there, whatever it takes their number for. Its estimates then say nothing of the
/// worth of compiling a statement.
pub(crate) const SETTINGS: &str = "SET LOCAL enable_partitionwise_aggregate = on; SET LOCAL enable_partitionwise_join = on; \
     SET LOCAL enable_hashagg = off; SET LOCAL enable_sort = off; SET LOCAL jit = off";

/// How the comment on a part begins that tells its primary key: a table with parts on other servers can declare none.
pub(crate) const KEY_COMMENT: &str = "dq: primary key ";

/// Whether there may be such tables.
const ANY: &str =
    "SELECT EXISTS (SELECT FROM pg_foreign_table), to_regclass('pg_dist_partition') IS NOT NULL";

/// The parts of the tables all of whose parts are tables here or of `postgres_fdw`, at least one of the latter. Text
/// whose collation finds different texts equal would be grouped in another way than a scan does.
const PARTS: &str = "\
SELECT i.inhparent::int8, quote_ident(n.nspname) || '.' || quote_ident(c.relname), \
       coalesce(s.srvname::text, ''), coalesce(pg_get_expr(c.relpartbound, c.oid), ''), \
       CASE WHEN p.partexprs IS NULL THEN p.partattrs::text ELSE '' END, \
       concat_ws(' ', p.partstrat, p.partclass::text, p.partcollation::text), \
       coalesce(obj_description(c.oid, 'pg_class'), '') \
FROM pg_inherits i JOIN pg_partitioned_table p ON p.partrelid = i.inhparent \
JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver \
WHERE i.inhparent IN ( \
    SELECT i.inhparent FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
    LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver \
    LEFT JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw \
    GROUP BY i.inhparent HAVING bool_and(c.relkind = 'r' OR coalesce(w.fdwname = 'postgres_fdw', false)) AND bool_or(c.relkind = 'f')) \
  AND NOT EXISTS (SELECT FROM pg_attribute a JOIN pg_collation l ON l.oid = a.attcollation \
                  WHERE a.attrelid = i.inhparent AND NOT a.attisdropped AND NOT l.collisdeterministic) \
ORDER BY 1, 4, 2";

/// The tables that Citus distributes by the value of a column, and on how many servers they lie.
const CITUS: &str = "\
SELECT d.logicalrelid::oid::int8, (SELECT count(DISTINCT p.groupid) FROM pg_dist_shard s \
       JOIN pg_dist_placement p ON p.shardid = s.shardid WHERE s.logicalrelid = d.logicalrelid)::int8 \
FROM pg_dist_partition d WHERE d.partmethod <> 'n'";

/// A part of a table.
struct Part {
    table: String,
    server: String,
    bound: String,
    /// The numbers of columns, before blanks.
    key: String,
    method: String,
    comment: String,
}

/// Finds out which of the tables lie on other servers; whether there is one with parts.
pub(crate) async fn find(lease: &mut Lease, tables: &mut [Table], doing: &str) -> Result<bool> {
    let failed = |it| from_sqlx(doing, &it);
    let any = rows(lease, ANY, doing).await?;
    let Some(any) = any.first() else { return Ok(false) };
    let (has_foreign, has_citus): (bool, bool) =
        (any.try_get(0).map_err(failed)?, any.try_get(1).map_err(failed)?);
    if has_citus {
        for row in rows(lease, CITUS, doing).await? {
            let (oid, servers): (i64, i64) =
                (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
            if let Some(table) = tables.iter_mut().find(|it| it.oid == oid) {
                // Its own pages hold nothing.
                table.kind = Kind::Other;
                let servers = usize::try_from(servers).unwrap_or_default();
                table.shards = Some(SqlShards { servers, ..SqlShards::default() });
            }
        }
    }
    if !has_foreign {
        return Ok(false);
    }
    let mut parts: HashMap<i64, Vec<Part>> = HashMap::new();
    for row in rows(lease, PARTS, doing).await? {
        let (oid, part) = part(&row).map_err(failed)?;
        parts.entry(oid).or_default().push(part);
    }
    let mut found = false;
    for table in tables.iter_mut().filter(|it| it.kind == Kind::Partitioned) {
        if let Some(parts) = parts.remove(&table.oid) {
            found = true;
            adopt(table, parts);
        }
    }
    Ok(found)
}

fn part(row: &PgRow) -> sqlx::Result<(i64, Part)> {
    let part = Part {
        table: row.try_get(1)?,
        server: row.try_get(2)?,
        bound: row.try_get(3)?,
        key: row.try_get(4)?,
        method: row.try_get(5)?,
        comment: row.try_get(6)?,
    };
    Ok((row.try_get(0)?, part))
}

/// Notes the parts of a table, and the primary key that they have in common.
fn adopt(table: &mut Table, parts: Vec<Part>) {
    let mut servers: Vec<_> = parts.iter().map(|it| it.server.as_str()).collect();
    servers.sort_unstable();
    servers.dedup();
    let servers = servers.len();
    let key = parts.first().map_or("", |it| &it.key).split_whitespace();
    let position = |number: &str| table.numbers.iter().position(|it| it.to_string() == number);
    let key: Vec<_> = key.map(position).collect::<Option<_>>().unwrap_or_default();
    let types = key.iter().filter_map(|it| table.selected.get(*it)).map(|it| it.type_oid);
    let types: Vec<_> = types.map(|it| it.to_string()).collect();
    let method = parts.first().map_or("", |it| &it.method);
    let places = parts.iter().map(|it| format!("{} on {:?}", it.bound, it.server));
    let places: Vec<_> = places.collect();
    let layout = format!("{method} of {}: {}", types.join(", "), places.join(", "));
    if let Some(names) = common_key(&parts)
        && names.iter().all(|name| table.schema.columns.iter().any(|it| it.name == *name))
    {
        table.schema.primary_key = names;
    }
    let parts = parts.into_iter().map(|it| it.table).collect();
    table.shards = Some(SqlShards { parts, key, layout, servers });
}

/// The primary key that the comments of all parts tell.
fn common_key(parts: &[Part]) -> Option<Vec<String>> {
    let keys = parts.iter().map(|it| it.comment.strip_prefix(KEY_COMMENT));
    let first = keys.clone().next().flatten()?;
    let is_common = keys.clone().all(|it| it == Some(first));
    let names: Vec<String> = serde_json::from_str(first).ok()?;
    is_common.then_some(names)
}

/// Reads the plan of a query: whether every server aggregates, and whether they do so at once.
pub(crate) fn reach(plan: &str) -> Option<Reach> {
    let plan: Json = serde_json::from_str(plan).ok()?;
    let mut scans = Vec::new();
    foreign_scans(&plan, &mut scans);
    let text = |scan: &Json, key: &str| scan.get(key).and_then(Json::as_str).map(str::to_owned);
    let aggregates =
        |scan: &&Json| text(scan, "Relations").is_some_and(|it| it.starts_with("Aggregate on "));
    let is_async = |scan: &&Json| scan.get("Async Capable").and_then(Json::as_bool) == Some(true);
    Some(Reach {
        is_remote: scans.iter().all(aggregates),
        is_concurrent: scans.len() < 2 || scans.iter().all(is_async),
    })
}

fn foreign_scans<'a>(plan: &'a Json, scans: &mut Vec<&'a Json>) {
    match plan {
        Json::Array(them) => them.iter().for_each(|it| foreign_scans(it, scans)),
        Json::Object(fields) => {
            if fields.get("Node Type").and_then(Json::as_str) == Some("Foreign Scan") {
                scans.push(plan);
            }
            fields.values().for_each(|it| foreign_scans(it, scans));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reaches_its_servers_if_all_of_them_aggregate() {
        let scan = |relations: &str, is_async: bool| {
            format!(
                r#"{{"Node Type": "Foreign Scan", "Async Capable": {is_async}, "Relations": "{relations}"}}"#
            )
        };
        let plan = |scans: &[String]| {
            let scans = scans.join(", ");
            let plan = format!(
                r#"[{{"Plan": {{"Node Type": "Aggregate", "Plans": [{{"Node Type": "Append", "Plans": [{scans}]}}]}}}}]"#
            );
            reach(&plan).unwrap()
        };
        let both = |is_remote, is_concurrent| Reach { is_remote, is_concurrent };
        let aggregate = || scan("Aggregate on (public.a)", true);
        assert_eq!(plan(&[aggregate(), aggregate()]), both(true, true));
        assert_eq!(plan(&[aggregate(), scan("(a) LEFT JOIN (b)", true)]), both(false, true));
        let one = scan("Aggregate on (public.b)", false);
        assert_eq!(plan(&[aggregate(), one.clone()]), both(true, false));
        assert_eq!(plan(&[one]), both(true, true));
        assert!(reach("no plan").is_none());
    }
}
