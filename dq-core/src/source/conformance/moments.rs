//! Snapshots, versions and queries.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::source::conformance::{Case, case_list, ensure, expected, scan_of, scanned, sorted};
use crate::source::{Cancellation, Query, Snapshot, Source, Version};

case_list![
    a_snapshot_that_reads_nothing_ends,
    a_table_may_be_scanned_again,
    a_snapshot_may_be_dropped_before_its_end,
    snapshots_stand_side_by_side,
    the_version_stays_while_nothing_changes,
    no_table_has_no_version,
    a_query_counts_or_is_refused,
    a_query_that_is_wrong_does_not_run,
    a_query_never_writes,
];

async fn a_snapshot_that_reads_nothing_ends(source: Arc<dyn Source>) -> Result<()> {
    for _ in 0..3 {
        source.snapshot().await?.finish().await?;
    }
    Ok(())
}

async fn a_table_may_be_scanned_again(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let first = sorted(&*snapshot, "visit", &["id", "amount"], 2).await?;
    let word = scanned(&*snapshot, "word", &["id"], 2).await?.concat().len();
    let second = sorted(&*snapshot, "visit", &["id", "amount"], 3).await?;
    ensure!(first == second, "two scans of one moment differ");
    ensure!(word == expected("word")?.rows.len(), "between them, another table has {word} rows");
    snapshot.finish().await
}

async fn a_snapshot_may_be_dropped_before_its_end(source: Arc<dyn Source>) -> Result<()> {
    for columns in [&[][..], &["id"], &["id", "note"]] {
        let snapshot = source.snapshot().await?;
        let scan = scan_of(&*snapshot, "visit", columns, 2)?;
        let mut partitions = snapshot.scan(&scan).await?;
        if let (false, Some(partition)) = (columns.is_empty(), partitions.first_mut()) {
            partition.next().await?;
        }
        drop(partitions);
        drop(snapshot);
    }
    let snapshot = source.snapshot().await?;
    let rows = scanned(&*snapshot, "visit", &[], 2).await?.concat().len();
    ensure!(rows == expected("visit")?.rows.len(), "after three dropped snapshots, {rows} rows");
    snapshot.finish().await
}

async fn snapshots_stand_side_by_side(source: Arc<dyn Source>) -> Result<()> {
    let one = source.snapshot().await?;
    let other = source.snapshot().await?;
    let rows = scanned(&*one, "visit", &["id"], 1).await?.concat().len();
    one.finish().await?;
    let same = scanned(&*other, "visit", &["id"], 1).await?.concat().len();
    ensure!(rows == same && rows > 0, "{rows} and {same} rows");
    other.finish().await
}

async fn the_version_stays_while_nothing_changes(source: Arc<dyn Source>) -> Result<()> {
    let first = source.version("visit").await?;
    let snapshot = source.snapshot().await?;
    scanned(&*snapshot, "visit", &["id"], 2).await?;
    snapshot.finish().await?;
    let second = source.version("visit").await?;
    let local = |version: &Option<Version>| version.as_ref().map(|it| it.local().to_owned());
    ensure!(local(&first) == local(&second), "a scan changed the version of what it read");
    Ok(())
}

async fn no_table_has_no_version(source: Arc<dyn Source>) -> Result<()> {
    match source.version("nobody").await {
        Ok(version) => ensure!(version.is_none(), "no table has the version {version:?}"),
        Err(error) => ensure!(error.kind() == ErrorKind::NotFound, "it is {error}"),
    }
    Ok(())
}

async fn a_query_counts_or_is_refused(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    match snapshot.query(&query("SELECT count(*) AS n FROM visit")).await {
        Ok(mut result) => {
            let batch = result.rows.next().await?;
            let counted = batch.map(|it| it.column(0).value(0).to_string());
            let rows = expected("visit")?.rows.len().to_string();
            ensure!(counted.as_deref() == Some(&rows), "a query counts {counted:?} rows");
            ensure!(result.rows.next().await?.is_none(), "a count has two rows");
        }
        Err(error) => ensure!(error.kind() == ErrorKind::Unsupported, "{error}"),
    }
    snapshot.finish().await
}

async fn a_query_that_is_wrong_does_not_run(source: Arc<dyn Source>) -> Result<()> {
    for sql in ["SELEC 1", "SELECT nane FROM visit", "SELECT id FROM nobody", ""] {
        is_refused(&*source, sql).await?;
    }
    Ok(())
}

async fn a_query_never_writes(source: Arc<dyn Source>) -> Result<()> {
    for sql in ["DELETE FROM visit", "DROP TABLE visit", "UPDATE visit SET amount = 0"] {
        is_refused(&*source, sql).await?;
    }
    let snapshot = source.snapshot().await?;
    let found = sorted(&*snapshot, "visit", &["id", "amount"], 1).await?;
    let right = expected("visit")?.texts(&["id", "amount"]);
    ensure!(found == right, "a query has written");
    snapshot.finish().await
}

async fn is_refused(source: &dyn Source, sql: &str) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let refused = run(&*snapshot, sql).await.err();
    let kind = refused.as_ref().map(Error::kind);
    let is_told = matches!(kind, Some(ErrorKind::QueryInvalid | ErrorKind::Unsupported));
    ensure!(is_told, "`{sql}` gives {refused:?}");
    Ok(())
}

async fn run(snapshot: &dyn Snapshot, sql: &str) -> Result<()> {
    let mut result = snapshot.query(&query(sql)).await?;
    while result.rows.next().await?.is_some() {}
    Ok(())
}

fn query(sql: &str) -> Query {
    let cancellation = Cancellation::new();
    Query { table: "visit".to_owned(), sql: sql.to_owned(), cancellation, ..Query::default() }
}
