//! Verdicts that several ask for at once.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use dq_core::rules::RuleSet;
use dq_core::validate::{Report, VerdictCacheConfig};
use tokio::task::JoinHandle;

use crate::bench::until;
use crate::court::{Court, recent, rules, rules_with, violations};

/// Rules whose verdicts are kept by their age only.
fn query() -> RuleSet {
    rules_with("sql: 'SELECT a FROM t WHERE a < 11'")
}

async fn court() -> Arc<Court> {
    Arc::new(Court::new(VerdictCacheConfig::default()).await)
}

async fn judge(court: &Court) -> Report {
    court.judge_with(&query(), &court.options(), &recent()).await
}

/// Asks in a task of its own.
fn ask(court: &Arc<Court>) -> JoinHandle<bool> {
    let court = Arc::clone(court);
    tokio::spawn(async move { judge(&court).await.cached })
}

/// Polls `asking` until it waits for another, and not again.
async fn board(court: &Court, asking: Pin<&mut impl Future<Output = Report>>) {
    let before = court.clock.sleeping();
    tokio::select! {
        biased;
        _ = asking => panic!("nothing to wait for"),
        () = until("it waits", || court.clock.sleeping() > before) => {}
    }
}

#[tokio::test]
async fn who_waits_and_is_never_polled_again_stalls_nobody() {
    let court = court().await;
    let door = court.source.door.lock().await;
    let first = ask(&court);
    until("it runs", || court.read() == 1).await;
    let mut stuck = pin!(judge(&court));
    board(&court, stuck.as_mut()).await;
    let last = ask(&court);
    drop(door);
    assert!(!first.await.unwrap());
    until("the last has its verdict", || last.is_finished()).await;
    assert!(last.await.unwrap());
    assert!(stuck.await.cached);
    assert_eq!(court.read(), 1);
}

#[tokio::test]
async fn who_overlaps_with_others_gets_nothing_older_than_it_allows() {
    let court = court().await;
    let door = court.source.door.lock().await;
    let first = ask(&court);
    until("it runs", || court.read() == 1).await;
    let mut second = pin!(judge(&court));
    board(&court, second.as_mut()).await;
    drop(door);
    assert!(!first.await.unwrap());
    court.clock.advance(Duration::from_secs(61));
    let third = ask(&court);
    until("it waits or has run", || court.clock.sleeping() > 1 || third.is_finished()).await;
    assert!(second.await.cached);
    assert!(!third.await.unwrap(), "the verdict is 61 seconds old, and one minute is allowed");
}

#[tokio::test]
async fn who_overlaps_with_others_gets_nothing_that_was_forgotten() {
    let court = court().await;
    let door = court.source.door.lock().await;
    let first = ask(&court);
    until("it runs", || court.read() == 1).await;
    let mut second = pin!(judge(&court));
    board(&court, second.as_mut()).await;
    court.verdicts.forget(dq_core::source::Source::name(&*court.source)).await;
    // What is being read when it is forgotten is for those who asked before.
    let third = ask(&court);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    drop(door);
    assert!(!first.await.unwrap());
    assert!(second.await.cached);
    assert!(!third.await.unwrap(), "the verdict was forgotten");
    assert_eq!(court.read(), 2);
    assert!(judge(&court).await.cached);
}

#[tokio::test]
async fn one_run_is_enough_for_all_who_ask_while_data_change() {
    let court = Arc::new(Court::new(VerdictCacheConfig::default()).await);
    let door = court.source.door.lock().await;
    let ask = || {
        let court = Arc::clone(&court);
        tokio::spawn(async move { court.judge(&rules()).await })
    };
    let first = ask();
    until("it runs", || court.read() == 1).await;
    let mut others: Vec<JoinHandle<Report>> = Vec::new();
    for _ in 0..10 {
        let before = court.clock.sleeping();
        others.push(ask());
        until("it waits", || court.clock.sleeping() > before).await;
    }
    let delete = (court.bench.path(), "DELETE FROM t WHERE a = 1".to_owned());
    *court.source.writer.lock().unwrap() = Some(delete);
    drop(door);
    assert_eq!(violations(&first.await.unwrap()), [9]);
    for other in others {
        let report = other.await.unwrap();
        assert_eq!((violations(&report), report.cached), (vec![9], true));
        assert!(
            report.notes.iter().any(|it| it.contains("may have changed")),
            "{:?}",
            report.notes
        );
    }
    assert_eq!(court.read(), 1);
    assert!(!court.judge(&rules()).await.cached, "it was not kept");
}
