//! Tables, columns and rows.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::{ErrorKind, Result};
use crate::source::conformance::{
    Case, Texts, case_list, drained, ensure, expected, failure, positions, scan_of, scanned,
    sorted, tables,
};
use crate::source::{Scan, Source};

case_list![
    the_name_stays_the_same,
    tables_and_columns_are_told_in_their_order,
    no_table_is_told_twice,
    a_scan_gives_every_row_once,
    more_partitions_give_the_same_rows,
    there_are_no_more_partitions_than_asked_for,
    columns_come_as_they_were_asked_for,
    a_scan_without_columns_counts_rows,
    an_empty_table_has_no_rows,
    null_and_blank_are_two_things,
    difficult_text_comes_whole,
    extreme_numbers_come_whole,
    columns_are_as_long_as_their_batch,
    batches_have_places_of_their_own,
    partitions_may_be_read_by_turns,
    partitions_may_be_read_by_threads,
    a_partition_that_has_ended_stays_ended,
    a_table_that_is_not_there_is_not_found,
];

/// The columns of the table of many rows.
const VISIT: [&str; 4] = ["id", "name", "amount", "note"];

async fn the_name_stays_the_same(source: Arc<dyn Source>) -> Result<()> {
    let name = source.name().to_owned();
    ensure!(!name.is_empty(), "the source has no name");
    source.snapshot().await?.finish().await?;
    ensure!(source.name() == name, "`{name}` is called `{}` now", source.name());
    Ok(())
}

async fn tables_and_columns_are_told_in_their_order(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    for table in tables().iter().filter(|it| !it.rows.is_empty()) {
        let found = positions(&*snapshot, table.name, &table.names())?;
        let order: Vec<_> = (0..table.columns.len()).collect();
        ensure!(found == order, "the columns of `{}` are in the order {found:?}", table.name);
        let schema = snapshot.tables().iter().find(|it| it.name == table.name);
        let columns = schema.map_or(0, |it| it.columns.len());
        ensure!(columns == table.columns.len(), "`{}` has {columns} columns", table.name);
    }
    snapshot.finish().await
}

async fn no_table_is_told_twice(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let mut names = HashSet::new();
    for table in snapshot.tables() {
        ensure!(names.insert(&table.name), "there are two tables `{}`", table.name);
        let mut columns = HashSet::new();
        let twice = table.columns.iter().find(|it| !columns.insert(&it.name));
        ensure!(twice.is_none(), "`{}` has two columns of one name: {twice:?}", table.name);
    }
    snapshot.finish().await
}

async fn a_scan_gives_every_row_once(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let found = sorted(&*snapshot, "visit", &VISIT, 1).await?;
    is_all(&found, &expected("visit")?.texts(&VISIT))?;
    snapshot.finish().await
}

async fn more_partitions_give_the_same_rows(source: Arc<dyn Source>) -> Result<()> {
    let right = expected("visit")?.texts(&VISIT);
    for partitions in [2, 3, 7, 64] {
        let snapshot = source.snapshot().await?;
        is_all(&sorted(&*snapshot, "visit", &VISIT, partitions).await?, &right)?;
        snapshot.finish().await?;
    }
    Ok(())
}

async fn there_are_no_more_partitions_than_asked_for(source: Arc<dyn Source>) -> Result<()> {
    for (table, partitions) in [("visit", 1), ("visit", 4), ("word", 4), ("vacant", 4)] {
        let snapshot = source.snapshot().await?;
        let scan = scan_of(&*snapshot, table, &[], partitions)?;
        let given = snapshot.scan(&scan).await?.len();
        ensure!((1..=partitions).contains(&given), "{given} partitions instead of {partitions}");
        snapshot.finish().await?;
    }
    Ok(())
}

async fn columns_come_as_they_were_asked_for(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let table = expected("visit")?;
    for columns in [&["note", "id"][..], &["amount"], &["name", "amount", "note", "id"]] {
        let found = sorted(&*snapshot, "visit", columns, 2).await?;
        is_all(&found, &table.texts(columns))?;
    }
    snapshot.finish().await
}

async fn a_scan_without_columns_counts_rows(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    for table in tables() {
        let found = scanned(&*snapshot, table.name, &[], 2).await?.concat().len();
        ensure!(found == table.rows.len(), "`{}` has {found} rows", table.name);
    }
    snapshot.finish().await
}

async fn an_empty_table_has_no_rows(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let schema = snapshot.tables().iter().find(|it| it.name == "vacant");
    let Some(schema) = schema else {
        return Err(failure("there is no table `vacant`".to_owned()));
    };
    let columns: Vec<_> = schema.columns.iter().map(|it| it.name.as_str()).collect();
    let found = sorted(&*snapshot, "vacant", &columns, 4).await?;
    ensure!(found.is_empty(), "an empty table has {} rows", found.len());
    snapshot.finish().await
}

async fn null_and_blank_are_two_things(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let found = scanned(&*snapshot, "visit", &["note"], 2).await?.concat();
    let right = expected("visit")?.texts(&["note"]);
    let count = |rows: &[Texts], what: Option<&[u8]>| {
        rows.iter().flatten().filter(|it| it.as_deref() == what).count()
    };
    for what in [None, Some(&b""[..])] {
        let (found, right) = (count(&found, what), count(&right, what));
        ensure!(found == right, "{found} instead of {right} notes are {what:?}");
    }
    snapshot.finish().await
}

async fn difficult_text_comes_whole(source: Arc<dyn Source>) -> Result<()> {
    words_come_whole(&*source, &["id", "word"]).await
}

async fn extreme_numbers_come_whole(source: Arc<dyn Source>) -> Result<()> {
    words_come_whole(&*source, &["id", "number"]).await
}

async fn words_come_whole(source: &dyn Source, columns: &[&str]) -> Result<()> {
    let snapshot = source.snapshot().await?;
    for partitions in [1, 5] {
        let found = sorted(&*snapshot, "word", columns, partitions).await?;
        is_all(&found, &expected("word")?.texts(columns))?;
    }
    snapshot.finish().await
}

async fn columns_are_as_long_as_their_batch(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let scan = scan_of(&*snapshot, "visit", &VISIT, 2)?;
    for mut partition in snapshot.scan(&scan).await? {
        while let Some(batch) = partition.next().await? {
            let columns = batch.columns();
            ensure!(columns.len() == VISIT.len(), "a batch has {} columns", columns.len());
            let is_long = columns.iter().all(|it| it.len() == batch.rows());
            ensure!(is_long, "a column is not as long as its batch of {} rows", batch.rows());
        }
    }
    snapshot.finish().await
}

async fn batches_have_places_of_their_own(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let scan = scan_of(&*snapshot, "visit", &["id"], 3)?;
    let mut places = HashSet::new();
    for mut partition in snapshot.scan(&scan).await? {
        let mut last = None;
        while let Some(batch) = partition.next().await? {
            let place = batch.sequence();
            ensure!(places.insert(place), "two batches have the place {place}");
            ensure!(last < Some(place), "a partition gives batch {place} after {last:?}");
            last = Some(place);
        }
    }
    snapshot.finish().await
}

async fn partitions_may_be_read_by_turns(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let scan = scan_of(&*snapshot, "visit", &["id"], 3)?;
    let mut partitions = snapshot.scan(&scan).await?;
    let mut rows = 0;
    while !partitions.is_empty() {
        let mut going_on = Vec::new();
        for mut partition in partitions {
            if let Some(batch) = partition.next().await? {
                rows += batch.rows();
                going_on.push(partition);
            }
        }
        partitions = going_on;
    }
    ensure!(rows == expected("visit")?.rows.len(), "{rows} rows");
    snapshot.finish().await
}

async fn partitions_may_be_read_by_threads(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let scan = scan_of(&*snapshot, "visit", &VISIT, 4)?;
    let mut workers = Vec::new();
    for partition in snapshot.scan(&scan).await? {
        let runtime = tokio::runtime::Handle::current();
        workers.push(tokio::task::spawn_blocking(move || {
            runtime.block_on(drained(partition, VISIT.len()))
        }));
    }
    let mut found = Vec::new();
    for worker in workers {
        found.extend(worker.await.map_err(|it| failure(it.to_string()))??);
    }
    found.sort();
    is_all(&found, &expected("visit")?.texts(&VISIT))?;
    snapshot.finish().await
}

async fn a_partition_that_has_ended_stays_ended(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let scan = scan_of(&*snapshot, "word", &["id"], 1)?;
    for mut partition in snapshot.scan(&scan).await? {
        while partition.next().await?.is_some() {}
        ensure!(partition.next().await?.is_none(), "a partition goes on after its end");
    }
    snapshot.finish().await
}

async fn a_table_that_is_not_there_is_not_found(source: Arc<dyn Source>) -> Result<()> {
    let snapshot = source.snapshot().await?;
    let scan = Scan { table: "nobody".to_owned(), ..scan_of(&*snapshot, "word", &[], 1)? };
    let refused = snapshot.scan(&scan).await.err();
    let is_told = refused.as_ref().is_some_and(|it| it.kind() == ErrorKind::NotFound);
    ensure!(is_told, "the scan of no table gives {refused:?}");
    Ok(())
}

fn is_all(found: &[Texts], right: &[Texts]) -> Result<()> {
    let (rows, all) = (found.len(), right.len());
    ensure!(rows == all, "{rows} of {all} rows");
    let differs = found.iter().zip(right).find(|(one, other)| one != other);
    let show = |row: &Texts| -> Vec<_> {
        row.iter()
            .map(|it| it.as_ref().map(|it| String::from_utf8_lossy(it).into_owned()))
            .collect()
    };
    ensure!(
        differs.is_none(),
        "a row is not what it was: {:?}",
        differs.map(|(one, other)| (show(one), show(other)))
    );
    Ok(())
}
