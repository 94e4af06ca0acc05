//! What keeps a service running: catalog, version, health, statistics, scan, close.

use std::num::NonZeroUsize;

use crate::database::HealthStatus;
use crate::database::conformance::{
    Ability, Bench, Case, ENDLESS, case_list, ensure, error_of, failure, rows,
};
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Cancellation, Scan, Version};

case_list![
    the_catalog_tells_tables_columns_and_keys,
    a_version_changes_with_the_rows,
    a_version_stays_while_nothing_changes,
    a_scan_is_of_one_moment needs SharedMoment,
    statistics_add_up,
    health_tells_whether_the_database_answers,
    optimizing_changes_no_row,
    a_closed_manager_does_nothing_more,
    closing_waits_for_what_runs,
];

async fn the_catalog_tells_tables_columns_and_keys(bench: Bench) -> Result<()> {
    ensure!(bench.database.catalog().await?.is_empty(), "an empty database has tables");
    bench.person(3).await?;
    bench.execute("CREATE TABLE visit (day INTEGER NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (person, day))").await?;
    bench.execute("CREATE VIEW adult AS SELECT name FROM person WHERE age >= 18").await?;
    let tables = bench.database.catalog().await?;
    let find = |name: &str| {
        let table = tables.iter().find(|it| it.name == name);
        table.ok_or_else(|| failure(format!("there is no `{name}`")))
    };
    let (person, visit, adult) = (find("person")?, find("visit")?, find("adult")?);
    let columns: Vec<_> = person.columns.iter().map(|it| (it.name.as_str(), it.nullable)).collect();
    ensure!(
        columns == [("id", false), ("name", false), ("age", true)],
        "the columns are {columns:?}"
    );
    ensure!(person.primary_key == ["id"], "the key is {:?}", person.primary_key);
    ensure!(visit.primary_key == ["person", "day"], "the key is {:?}", visit.primary_key);
    ensure!(adult.primary_key.is_empty() && adult.columns.len() == 1, "the view is {adult:?}");
    Ok(())
}

async fn a_version_changes_with_the_rows(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    let mut seen = Vec::new();
    for age in 0..5 {
        let Some(version) = bench.database.version("person").await? else { return Ok(()) };
        ensure!(!seen.contains(&version), "the version did not change with a row");
        if let Some(shared) = version.shared() {
            let is_new = seen.iter().all(|it| it.shared() != Some(shared));
            ensure!(is_new, "the shared version did not change with a row");
        }
        seen.push(version);
        let mut transaction = bench.database.begin().await?;
        transaction.execute(&format!("UPDATE person SET age = {age}").as_str().into()).await?;
        transaction.commit().await?;
    }
    error_of(
        bench.database.version("nobody").await,
        ErrorKind::NotFound,
        "the version of no table",
    )?;
    Ok(())
}

async fn a_version_stays_while_nothing_changes(bench: Bench) -> Result<()> {
    bench.person(3).await?;
    let first = bench.database.version("person").await?;
    for _ in 0..5 {
        bench.count().await?;
        let next = bench.database.version("person").await?;
        let local = |it: &Option<Version>| it.as_ref().map(|it| it.local().to_owned());
        ensure!(local(&next) == local(&first), "the version changed and no row did");
    }
    Ok(())
}

async fn a_scan_is_of_one_moment(bench: Bench) -> Result<()> {
    bench.person(1_000).await?;
    let snapshot = bench.database.snapshot().await?;
    bench.execute("DELETE FROM person WHERE id > 10").await?;
    let scan = Scan {
        table: "person".to_owned(),
        columns: vec![0],
        partitions: NonZeroUsize::MIN,
        cancellation: Cancellation::new(),
    };
    let mut found = 0;
    for mut partition in snapshot.scan(&scan).await? {
        while let Some(batch) = partition.next().await? {
            found += batch.rows();
        }
    }
    snapshot.finish().await?;
    ensure!(found == 1_000, "the scan found {found} of 1000 rows");
    ensure!(bench.count().await? == 10, "the rows are not deleted");
    Ok(())
}

async fn statistics_add_up(bench: Bench) -> Result<()> {
    bench.person(10).await?;
    let before = bench.database.statistics();
    for _ in 0..10 {
        bench.count().await?;
    }
    ensure!(bench.query("SELECT nane FROM person").await.is_err(), "a wrong query is no error");
    bench.execute("DELETE FROM person WHERE id = 1").await?;
    bench.database.begin().await?.commit().await?;
    let after = bench.database.statistics();
    let reads = after.readers.acquisitions - before.readers.acquisitions;
    ensure!(reads == 11, "{reads} acquisitions for 11 queries");
    let writes = after.writers.acquisitions - before.writers.acquisitions;
    ensure!(writes == 2, "{writes} acquisitions for a statement and a transaction");
    let statements = after.statements - before.statements;
    ensure!(
        statements == 14,
        "{statements} statements instead of 11 queries, 1 change, BEGIN and COMMIT"
    );
    ensure!(
        after.errors - before.errors == 1,
        "{} errors instead of 1",
        after.errors - before.errors
    );
    for pool in [after.readers, after.writers] {
        ensure!(pool.in_use == 0 && pool.waiting == 0, "something is in use: {pool:?}");
        ensure!(pool.idle <= pool.size && pool.idle > 0, "{pool:?}");
    }
    let stream = bench.database.stream(&ENDLESS.into()).await?;
    let during = bench.database.statistics().readers;
    ensure!(
        during.in_use == 1 && during.utilisation() > 0.0,
        "a stream is not counted: {during:?}"
    );
    drop(stream);
    bench.settle().await
}

async fn health_tells_whether_the_database_answers(bench: Bench) -> Result<()> {
    let health = bench.database.health().await;
    ensure!(health.status == HealthStatus::Healthy && health.error.is_none(), "{health:?}");
    ensure!(health.details.contains_key("engine_version"), "{health:?}");
    bench.database.close().await;
    let health = bench.database.health().await;
    ensure!(health.status == HealthStatus::Unhealthy && health.error.is_some(), "{health:?}");
    Ok(())
}

async fn optimizing_changes_no_row(bench: Bench) -> Result<()> {
    bench.person(1_000).await?;
    bench.database.optimize().await?;
    ensure!(bench.count().await? == 1_000, "rows are missing");
    Ok(())
}

async fn a_closed_manager_does_nothing_more(bench: Bench) -> Result<()> {
    bench.person(1).await?;
    let database = &bench.database;
    database.close().await;
    database.close().await;
    let is_closed = |result: Result<()>, what| error_of(result, ErrorKind::Unavailable, what);
    is_closed(bench.count().await.map(drop), "query")?;
    is_closed(database.stream(&"SELECT 1".into()).await.map(drop), "stream")?;
    is_closed(bench.execute("DELETE FROM person").await.map(drop), "execute")?;
    is_closed(database.begin().await.map(drop), "begin")?;
    is_closed(database.catalog().await.map(drop), "catalog")?;
    is_closed(database.version("person").await.map(drop), "version")?;
    is_closed(database.snapshot().await.map(drop), "snapshot")?;
    is_closed(database.optimize().await, "optimize")?;
    let statistics = database.statistics();
    ensure!(
        statistics.readers.idle + statistics.writers.idle == 0,
        "connections are open: {statistics:?}"
    );
    Ok(())
}

async fn closing_waits_for_what_runs(bench: Bench) -> Result<()> {
    bench.person(100_000).await?;
    let mut transaction = bench.database.begin().await?;
    transaction.execute(&"DELETE FROM person WHERE id = 1".into()).await?;
    let mut stream = bench.database.stream(&"SELECT id FROM person".into()).await?;
    stream.next().await?;
    let work = async {
        let read = rows(stream).await?;
        transaction.commit().await?;
        Ok::<_, Error>(read)
    };
    let ((), read) = tokio::join!(bench.database.close(), work);
    ensure!(read? > 0, "the stream ended when the manager closed");
    Ok(())
}
