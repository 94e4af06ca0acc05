//! Scans that do not come to their end.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::source::conformance::{
    Case, case_list, drained, ensure, expected, failure, scan_of, scanned, texts,
};
use crate::source::{Partition, Source};

case_list![
    a_scan_that_is_cancelled_before_it_begins_gives_nothing,
    a_scan_that_is_cancelled_midway_ends,
    a_cancelled_scan_cancels_no_other,
    a_dropped_partition_harms_no_other,
    partitions_may_be_dropped_unread,
];

async fn a_scan_that_is_cancelled_before_it_begins_gives_nothing(
    source: Arc<dyn Source>,
) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let scan = scan_of(&*snapshot, "visit", &["id", "note"], 2)?;
    scan.cancellation.cancel();
    let partitions = match snapshot.scan(&scan).await {
        Ok(partitions) => partitions,
        Err(error) => {
            ensure!(error.kind() == ErrorKind::Cancelled, "a cancelled scan is {error}");
            return Ok(());
        }
    };
    for partition in partitions {
        let read = drained(partition, 2).await;
        let kind = read.as_ref().err().map(Error::kind);
        ensure!(kind == Some(ErrorKind::Cancelled), "a cancelled partition is {kind:?}");
    }
    Ok(())
}

async fn a_scan_that_is_cancelled_midway_ends(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let scan = scan_of(&*snapshot, "visit", &["id", "note"], 2)?;
    let mut partitions = snapshot.scan(&scan).await?;
    let Some(first) = partitions.first_mut() else {
        return Err(failure("a scan has no partition".to_owned()));
    };
    let begun = first.next().await?.map_or(0, |it| it.rows());
    scan.cancellation.cancel();
    let all = expected("visit")?.rows.len();
    for partition in partitions {
        // What is already there may still be given.
        match drained(partition, 2).await {
            Ok(rows) => ensure!(begun + rows.len() <= all, "{} rows more", rows.len()),
            Err(error) => ensure!(error.kind() == ErrorKind::Cancelled, "it ends with {error}"),
        }
    }
    Ok(())
}

async fn a_cancelled_scan_cancels_no_other(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let scan = scan_of(&*snapshot, "visit", &["id"], 1)?;
    let partitions = snapshot.scan(&scan).await?;
    scan.cancellation.cancel();
    drop(partitions);
    let snapshot = source.snapshot().await?;
    let rows = scanned(&*snapshot, "visit", &["id"], 2).await?.concat().len();
    ensure!(rows == expected("visit")?.rows.len(), "{rows} rows after a cancelled scan");
    snapshot.finish().await
}

async fn a_dropped_partition_harms_no_other(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let scan = scan_of(&*snapshot, "visit", &["id"], 3)?;
    let mut partitions = snapshot.scan(&scan).await?;
    let mut dropped: Box<dyn Partition> = partitions.remove(0);
    let mut read = match dropped.next().await? {
        Some(batch) => texts(&batch, 1).collect(),
        None => Vec::new(),
    };
    drop(dropped);
    for partition in partitions {
        read.extend(drained(partition, 1).await?);
    }
    let rows = read.len();
    read.sort();
    read.dedup();
    ensure!(read.len() == rows, "{} rows came twice", rows - read.len());
    Ok(())
}

async fn partitions_may_be_dropped_unread(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    for _ in 0..5 {
        let scan = scan_of(&*snapshot, "visit", &["id", "name"], 3)?;
        drop(snapshot.scan(&scan).await?);
    }
    let rows = scanned(&*snapshot, "visit", &["id"], 3).await?.concat().len();
    ensure!(rows == expected("visit")?.rows.len(), "{rows} rows after unread partitions");
    Ok(())
}
