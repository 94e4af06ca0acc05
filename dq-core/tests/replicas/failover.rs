//! The primary is gone, and a replica takes its place.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dq_core::ErrorKind;
use dq_core::database::replicas::ReplicatedDatabaseManager;
use dq_core::database::{DatabaseManager, NodeRole, NodeState, Statement};
use tokio::time::timeout;

use crate::bench::{are_used, number, open, port_of, states, wait_for};
use crate::servers::replicas::Replicated;

/// How long writes may take to go on. The benchmark has the bar of 3 s; a machine that is busy with other tests may
/// need longer, and a manager that does not look for the new primary needs for ever.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_resume_after_a_promotion_and_the_old_primary_never_gets_one() {
    let Some(mut servers) = Replicated::start() else { return };
    let manager = open(&servers).await;
    manager.execute(&"CREATE TABLE t (a int)".into()).await.unwrap();
    let mut transaction = manager.begin().await.unwrap();
    transaction.execute(&"INSERT INTO t VALUES (-1)".into()).await.unwrap();
    wait_for("the replicas have the table", || async {
        servers.servers.iter().all(|it| it.run("SELECT to_regclass('t') IS NOT NULL") == "t")
    })
    .await;
    servers.servers[0].kill();
    let new = servers.most_advanced(&[1, 2]);
    let other = 3 - new;
    let waiting = tokio::spawn({
        let manager = manager.clone();
        async move { manager.execute(&"INSERT INTO t VALUES (1)".into()).await }
    });
    servers.servers[new].promote();
    // A write that waited, and one that comes now. The first may have been under way to the old primary.
    let resumed = async {
        while let Err(error) = manager.execute(&"INSERT INTO t VALUES (2)".into()).await {
            assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
        }
    };
    timeout(PATIENCE, resumed).await.expect("writes resume");
    if let Err(error) = timeout(PATIENCE, waiting).await.expect("it ends").unwrap() {
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
    }
    let error = transaction.commit().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Busy | ErrorKind::Conflict), "{error}");
    assert!(number(&manager, "SELECT count(*) FROM t WHERE a = 2").await >= 1);

    // The old primary comes back and thinks that it still is one. Nobody follows it any more: its log goes on
    // where that of the new one branched off, and who had it could not follow the new one.
    servers.servers[other].follow(&servers.servers[new]);
    wait_for("the other follows", || async { servers.servers[new].followers() == 1 }).await;
    servers.servers[0].restart();
    wait_for("it is seen", || async { states(&manager).await[0] == NodeState::Apart }).await;
    for value in 0..50 {
        let insert = Statement::new("INSERT INTO t VALUES (?)").bind(100 + value);
        manager.execute(&insert).await.unwrap();
    }
    assert_eq!(servers.servers[0].run("SELECT count(*) FROM t WHERE a >= 1"), "0");
    assert_eq!(servers.servers[new].run("SELECT count(*) FROM t WHERE a >= 100"), "50");
    assert_eq!(servers.servers[new].run("SELECT count(*) FROM t WHERE a = -1"), "0");

    // It follows the new one, too, and takes reads again.
    let (old, others) = servers.servers.split_at_mut(1);
    old[0].copy_anew(&others[new - 1]);
    wait_for("all are used", || async { are_used(&states(&manager).await) }).await;
    let nodes = manager.nodes().await.unwrap();
    let primary = nodes.iter().position(|it| it.role == NodeRole::Primary);
    assert_eq!(primary, Some(new), "{nodes:?}");
    let mut was_old = false;
    for _ in 0..2_000 {
        let port = port_of(&manager).await;
        assert_ne!(port, servers.servers[new].port);
        was_old |= port == servers.servers[0].port;
    }
    assert!(was_old, "the old primary takes reads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_is_lost_where_commits_wait_for_replicas() {
    let Some(mut servers) = Replicated::durable() else { return };
    let manager = open(&servers).await;
    manager.execute(&"CREATE TABLE t (a int PRIMARY KEY)".into()).await.unwrap();
    let writing = Arc::new(Writing::default());
    let writers: Vec<_> =
        (0..4).map(|_| tokio::spawn(write(manager.clone(), Arc::clone(&writing)))).collect();
    let count = || writing.acknowledged.lock().unwrap().len();
    wait_for("there are writes", || async { count() > 50 }).await;
    servers.servers[0].kill();
    let at_death = count();
    servers.servers[1].promote();
    wait_for("there are more writes", || async { count() > at_death + 8 }).await;
    writing.is_over.store(true, Ordering::Relaxed);
    for writer in writers {
        timeout(PATIENCE, writer).await.expect("it ends").unwrap();
    }
    let acknowledged = writing.acknowledged.lock().unwrap().clone();
    let found = servers.servers[1].run("SELECT a FROM t");
    let found: HashSet<i64> = found.lines().map(|it| it.parse().unwrap()).collect();
    let lost: Vec<_> = acknowledged.iter().filter(|it| !found.contains(it)).collect();
    assert_eq!(lost, Vec::<&i64>::new(), "of {} acknowledged", acknowledged.len());
    println!("{} writes acknowledged, none lost; {at_death} before the kill", acknowledged.len());
}

/// What writers share.
#[derive(Debug, Default)]
struct Writing {
    next: AtomicI64,
    acknowledged: Mutex<Vec<i64>>,
    is_over: AtomicBool,
}

/// Writes one number after the other.
async fn write(manager: ReplicatedDatabaseManager, writing: Arc<Writing>) {
    while !writing.is_over.load(Ordering::Relaxed) {
        let value = writing.next.fetch_add(1, Ordering::Relaxed);
        let insert = Statement::new("INSERT INTO t VALUES (?)").bind(value);
        match manager.execute(&insert).await {
            Ok(_) => writing.acknowledged.lock().unwrap().push(value),
            Err(error) => assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}"),
        }
    }
}
