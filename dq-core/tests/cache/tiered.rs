//! Memory over a store: values, invalidations and leases between nodes.

use dq_core::cache::{CacheManager, CacheManagerExt, CacheOptions, Reach, Stored, Tag};
use dq_core::clock::Clock;
use dq_core::{ErrorKind, Result};

use crate::nodes::{Node, nodes, pass, two};
use crate::store::Fault;
use crate::support::{Origin, key, lookups, millis, minute, namespace, seconds, settle};

#[tokio::test]
async fn what_one_node_computes_the_other_finds() {
    let (_, a, b) = two().await;
    let origin = Origin::default();
    assert_eq!(a.compute(&minute(), &origin).await, 1);
    assert_eq!(b.compute(&minute(), &origin).await, 1);
    assert_eq!(b.compute(&minute(), &origin).await, 1);
    assert_eq!(origin.calls(), 1);
    let statistics = b.cache.statistics();
    assert_eq!((statistics.shared.hits, statistics.memory.hits, statistics.misses), (1, 1, 0));
    assert!(statistics.connected);
    assert_eq!((lookups(&a.cache), lookups(&b.cache)), ((0, 1), (2, 0)));
}

#[tokio::test]
async fn absence_is_shared_too() {
    let (_, a, b) = two().await;
    let absent = || async { Ok(None) };
    a.cache.get_or_find::<u64, _, _>(&key("a"), &minute(), absent).await.unwrap();
    let found = b.cache.get::<u64>(&key("a")).await;
    assert!(found.is_hit() && found.value().is_none());
}

#[tokio::test]
async fn many_keys_cost_one_round_trip() {
    let (_, a, b) = two().await;
    for number in 0..100_u64 {
        a.cache.set(&key(number), number, &minute()).await;
    }
    let keys: Vec<_> = (0..200_u64).map(key).collect();
    let found = b.cache.get_many::<u64>(&keys).await;
    assert!(found.iter().zip(0..200).all(|(it, number)| it.is_hit() == (number < 100)));
    assert_eq!(b.store.calls("get"), 1);
    assert_eq!(lookups(&b.cache), (100, 100));
}

#[tokio::test]
async fn whatever_one_node_invalidates_the_others_forget() {
    let tag = Tag::new(["table"]);
    let options = CacheOptions { tags: vec![tag], ..minute() };
    for case in ["key", "tag", "namespace", "everything", "set"] {
        let (_, a, b) = two().await;
        a.cache.set(&key("a"), 1_u64, &options).await;
        assert_eq!(b.get("a").await, Some(1));
        let reach = match case {
            "key" => a.cache.delete(&key("a")).await,
            "tag" => a.cache.invalidate_tag(tag).await,
            "namespace" => a.cache.invalidate_namespace(&namespace()).await,
            "everything" => a.cache.clear().await,
            _ => {
                assert_eq!(a.cache.set(&key("a"), 2_u64, &options).await, Stored::Everywhere);
                Reach::Everywhere
            }
        };
        assert_eq!(reach, Reach::Everywhere, "{case}");
        settle().await;
        assert!(!b.holds("a"), "{case}");
        let now = (case == "set").then_some(2);
        assert_eq!((a.get("a").await, b.get("a").await), (now, now), "{case}");
    }
}

#[tokio::test]
async fn age_is_the_stores_and_clocks_are_not_compared() {
    let (clock, a, b) = two().await;
    let options = CacheOptions { refresh_ahead: 1.0, ..minute() };
    a.cache.set(&key("a"), 1_u64, &options).await;
    pass(&clock, seconds(50)).await;
    assert_eq!(b.get("a").await, Some(1));
    clock.advance(seconds(9));
    settle().await;
    assert_eq!(b.get("a").await, Some(1));
    clock.advance(seconds(1));
    settle().await;
    assert_eq!(b.get("a").await, None, "it was 50 seconds old when it came");
}

/// What the test says, when it says it.
async fn told(receiver: tokio::sync::oneshot::Receiver<u64>) -> Result<u64> {
    Ok(receiver.await.unwrap_or(0))
}

/// Computes for `span` by the clock of the test.
async fn slowly(node: Node, clock: impl Clock + 'static, span: u64, origin: Origin) -> u64 {
    let compute = origin.next();
    let options = minute();
    let slow = move || async move {
        clock.sleep(seconds(span)).await;
        compute().await
    };
    *node.cache.get_or_compute(&key("a"), &options, slow).await.unwrap()
}

#[tokio::test]
async fn ten_nodes_with_a_hundred_callers_each_compute_once_however_long_it_takes() {
    let (clock, nodes) = nodes(10).await;
    let origin = Origin::default();
    let callers: Vec<_> = (0..1000)
        .map(|it| tokio::spawn(slowly(nodes[it % 10].clone(), clock.clone(), 5, origin.clone())))
        .collect();
    settle().await;
    pass(&clock, seconds(6)).await;
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 1);
    }
    assert_eq!(origin.calls(), 1);
}

#[tokio::test]
async fn another_node_takes_over_within_two_seconds_when_the_one_that_computes_dies() {
    let (clock, a, b) = two().await;
    let origin = Origin::default();
    let dying = tokio::spawn(slowly(a.clone(), clock.clone(), 3600, origin.clone()));
    pass(&clock, seconds(2)).await;
    let waiting = tokio::spawn(slowly(b, clock.clone(), 0, origin.clone()));
    pass(&clock, seconds(2)).await;
    assert!(!waiting.is_finished(), "the lease is renewed");
    // No call of it arrives any more.
    a.store.fault(Fault::Hang);
    pass(&clock, seconds(2)).await;
    assert_eq!(waiting.await.unwrap(), 1);
    dying.abort();
}

#[tokio::test]
async fn what_a_holder_writes_after_it_slept_through_its_lease_is_refused() {
    let (clock, a, b) = two().await;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let sleeper = tokio::spawn({
        let a = a.clone();
        async move {
            a.cache.get_or_compute(&key("a"), &minute(), || told(receiver)).await.map(|it| *it)
        }
    });
    settle().await;
    a.store.fault(Fault::Hang);
    pass(&clock, seconds(2)).await;
    let origin = Origin::default();
    assert_eq!(b.compute(&minute(), &origin).await, 1);
    a.store.fault(Fault::None);
    pass(&clock, seconds(3)).await;
    sender.send(99).unwrap();
    assert_eq!(sleeper.await.unwrap().unwrap(), 99, "who has waited gets what it waited for");
    assert_eq!(a.cache.statistics().refused_fenced, 1);
    assert_eq!((a.get("a").await, b.get("a").await), (Some(1), Some(1)));
}

#[tokio::test]
async fn a_failed_computation_gives_its_lease_back() {
    let (_, a, b) = two().await;
    let origin = Origin::default();
    let fail = origin.fail(ErrorKind::NotFound);
    a.cache.get_or_compute(&key("a"), &minute(), fail).await.unwrap_err();
    settle().await;
    assert_eq!(b.compute(&minute(), &origin).await, 2, "without waiting");
}

#[tokio::test]
async fn what_was_computed_before_an_invalidation_elsewhere_is_kept_nowhere() {
    let (_, a, b) = two().await;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let computing = tokio::spawn({
        let a = a.clone();
        async move {
            a.cache.get_or_compute(&key("a"), &minute(), || told(receiver)).await.map(|it| *it)
        }
    });
    settle().await;
    // The node that computes does not hear of it: the store itself must refuse.
    a.store.disconnect();
    b.cache.delete(&key("a")).await;
    sender.send(1).unwrap();
    assert_eq!(computing.await.unwrap().unwrap(), 1);
    assert!(!a.holds("a"));
    assert_eq!(b.get("a").await, None);
    assert_eq!(a.cache.statistics().refused_invalidated, 1);
}

#[tokio::test]
async fn what_was_on_its_way_from_the_store_during_an_invalidation_is_not_kept() {
    let (clock, a, b) = two().await;
    a.cache.set(&key("a"), 1_u64, &minute()).await;
    b.store.fault(Fault::SlowAfter(40));
    let reading = tokio::spawn({
        let b = b.clone();
        async move { b.get("a").await }
    });
    settle().await;
    a.cache.delete(&key("a")).await;
    settle().await;
    clock.advance(millis(40));
    reading.await.unwrap();
    assert!(!b.holds("a"));
    b.store.fault(Fault::None);
    assert_eq!(b.get("a").await, None);
}

#[tokio::test]
async fn what_was_read_while_the_store_was_being_told_is_not_kept() {
    let (clock, a, _) = two().await;
    a.cache.set(&key("a"), 1_u64, &minute()).await;
    a.store.fault(Fault::SlowBefore(20));
    let telling = tokio::spawn({
        let a = a.clone();
        async move { a.cache.delete(&key("a")).await }
    });
    settle().await;
    // The store does not know yet, and its answer comes when it does.
    a.store.fault(Fault::SlowAfter(30));
    let reading = tokio::spawn({
        let a = a.clone();
        async move { a.get("a").await }
    });
    settle().await;
    clock.advance(millis(20));
    assert_eq!(telling.await.unwrap(), Reach::Everywhere);
    clock.advance(millis(10));
    reading.await.unwrap();
    assert!(!a.holds("a"));
}

#[tokio::test]
async fn a_value_that_its_caller_read_is_refused_by_the_store_too() {
    let (_, a, b) = two().await;
    let reading = a.cache.reading(&key("a")).await;
    a.store.disconnect();
    b.cache.delete(&key("a")).await;
    let stored = a.cache.set_read(&key("a"), 1_u64, &minute(), reading).await;
    assert_eq!(stored, Stored::Invalidated);
    assert_eq!((a.get("a").await, b.get("a").await), (None, None));
}

#[tokio::test]
async fn a_node_that_renews_takes_what_another_has_renewed_already() {
    let (clock, a, b) = two().await;
    let origin = Origin::default();
    a.compute(&minute(), &origin).await;
    b.compute(&minute(), &origin).await;
    pass(&clock, seconds(50)).await;
    assert_eq!(a.compute(&minute(), &origin).await, 1);
    settle().await;
    assert_eq!(b.compute(&minute(), &origin).await, 1, "served as it is, and renewed behind");
    settle().await;
    assert_eq!((a.compute(&minute(), &origin).await, b.compute(&minute(), &origin).await), (2, 2));
    assert_eq!(origin.calls(), 2);
}

#[tokio::test]
async fn an_expired_value_of_the_store_is_served_by_a_node_that_never_had_it() {
    let (clock, a, b) = two().await;
    let origin = Origin::default();
    a.compute(&minute(), &origin).await;
    pass(&clock, seconds(61)).await;
    for _ in 0..3 {
        let fail = origin.fail(ErrorKind::Unavailable);
        let served = b.cache.get_or_compute(&key("a"), &minute(), fail).await;
        assert_eq!(*served.unwrap(), 1);
    }
    assert_eq!(origin.calls(), 2, "and tried once");
    assert_eq!(b.get("a").await, None, "but only where it cannot be renewed");
}

/// A caller that finds the origin gone.
async fn in_vain(node: &Node, origin: &Origin) -> Result<u64> {
    let fail = origin.fail(ErrorKind::Unavailable);
    let value = node.cache.get_or_compute(&key("a"), &minute(), fail).await;
    // Callers are answered first, and the lease has its rest then.
    settle().await;
    value.map(|it| *it)
}

#[tokio::test]
async fn one_node_of_several_tries_to_renew_what_cannot_be_renewed() {
    let (clock, nodes) = nodes(3).await;
    let origin = Origin::default();
    for node in &nodes {
        assert_eq!(node.compute(&minute(), &origin).await, 1);
    }
    pass(&clock, seconds(61)).await;
    // For a minute and a half each node is asked every two seconds.
    for _ in 0..45 {
        for node in &nodes {
            assert_eq!(in_vain(node, &origin).await.unwrap(), 1);
        }
        pass(&clock, seconds(2)).await;
    }
    assert_eq!(origin.calls() - 1, 3, "once in each span of `retry_ms`, which is half a minute");
    let renewed = nodes[2].compute(&minute(), &origin).await;
    assert_eq!(renewed, origin.calls(), "what can be renewed is");
    // Who still has the old one takes it over as soon as it may try.
    pass(&clock, seconds(30)).await;
    for node in &nodes {
        assert_eq!(node.compute(&minute(), &origin).await, renewed);
    }
}

#[tokio::test]
async fn who_has_nothing_to_serve_does_not_wait_for_who_has_failed() {
    let (clock, a, b) = two().await;
    let origin = Origin::default();
    assert_eq!(a.compute(&minute(), &origin).await, 1);
    pass(&clock, seconds(61)).await;
    assert_eq!(in_vain(&a, &origin).await.unwrap(), 1, "the old one");
    // The store forgets it, and b never had it.
    a.cache.delete(&key("a")).await;
    // A value must be known to be younger than that for this node to take it over, and ages are whole milliseconds.
    pass(&clock, millis(2)).await;
    let began = clock.elapsed();
    assert_eq!(b.compute(&minute(), &origin).await, 3);
    assert_eq!(clock.elapsed(), began, "at once");
    assert_eq!(a.compute(&minute(), &origin).await, 3, "and it is shared");
}
