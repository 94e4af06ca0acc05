//! The store slow, gone, or silent.

use dq_core::ErrorKind;
use dq_core::cache::{
    CacheManager, CacheManagerExt, CacheOptions, Reach, Scope, Stored, TieredConfig,
};
use dq_core::clock::TestClock;
use dq_core::resilience::CircuitState;

use crate::nodes::{Node, node, nodes, pass, two};
use crate::store::{Fault, TestStore};
use crate::support::{Origin, key, millis, minute, namespace, seconds, settle};

#[tokio::test]
async fn without_a_word_from_the_store_memory_is_served_for_a_second_and_no_longer() {
    let (clock, a, b) = two().await;
    a.cache.set(&key("a"), 1_u64, &minute()).await;
    settle().await;
    assert_eq!(b.get("a").await, Some(1));
    pass(&clock, seconds(20)).await;
    assert!(b.holds("a"), "connected, it lives on");
    b.store.disconnect();
    settle().await;
    a.cache.delete(&key("a")).await;
    pass(&clock, millis(890)).await;
    assert!(b.holds("a"), "less than a second ago it was right");
    pass(&clock, millis(120)).await;
    assert!(!b.holds("a"));
    assert_eq!(b.get("a").await, None, "the store knows better");
}

#[tokio::test]
async fn what_was_missed_is_made_up_for_and_what_was_not_lives_on() {
    let (clock, a, b) = two().await;
    for part in ["a", "b"] {
        a.cache.set(&key(part), 1_u64, &minute()).await;
        settle().await;
        b.get(part).await;
    }
    b.store.disconnect();
    settle().await;
    assert!(!b.cache.statistics().connected);
    a.cache.delete(&key("a")).await;
    pass(&clock, seconds(5)).await;
    assert!(!b.holds("b"));
    b.store.reconnect(true);
    settle().await;
    assert!(!b.holds("a"));
    assert!(b.holds("b"), "nothing was missed about it");
}

#[tokio::test]
async fn after_a_gap_everything_in_memory_is_forgotten() {
    let (_, a, b) = two().await;
    a.cache.set(&key("a"), 1_u64, &minute()).await;
    b.get("a").await;
    b.store.disconnect();
    settle().await;
    a.cache.delete(&key("a")).await;
    b.store.reconnect(false);
    settle().await;
    assert!(!b.holds("a"));
    assert_eq!(b.get("a").await, None);
}

#[tokio::test]
async fn a_store_that_hangs_costs_its_deadline_until_the_breaker_opens_and_then_nothing() {
    let (clock, nodes) = nodes(1).await;
    let [a] = &nodes[..] else { panic!("there is one") };
    a.cache.set(&key("kept"), 1_u64, &minute()).await;
    a.store.fault(Fault::Hang);
    let before = clock.elapsed();
    assert!(a.holds("kept"), "without waiting");
    let origin = Origin::default();
    let mut waits = Vec::new();
    for number in 0..20 {
        let (cache, compute) = (a.cache.clone(), origin.next());
        let began = clock.elapsed();
        let caller = tokio::spawn(async move {
            *cache.get_or_compute(&key(number), &minute(), compute).await.unwrap()
        });
        settle().await;
        while !caller.is_finished() {
            clock.advance(millis(10));
            settle().await;
        }
        assert_eq!(caller.await.unwrap(), number + 1);
        waits.push(clock.elapsed().saturating_sub(began).as_millis());
    }
    let until_open = waits.iter().take_while(|it| **it == 50).count();
    assert!((1..=5).contains(&until_open), "{waits:?}");
    assert!(waits[until_open..].iter().all(|it| *it == 0), "{waits:?}");
    assert!(clock.elapsed().saturating_sub(before).as_millis() <= 250);
    assert_eq!(a.cache.breaker().unwrap().state(), CircuitState::Open);
    let statistics = a.cache.statistics();
    assert_eq!((statistics.shared.errors, statistics.computations), (until_open as u64, 20));
    assert!(statistics.shared.skipped >= 15);
}

#[tokio::test]
async fn a_store_that_is_back_is_used_again_within_three_seconds() {
    let (clock, a, b) = two().await;
    a.store.fault(Fault::Down);
    let origin = Origin::default();
    for number in 0..20_u64 {
        a.cache.get_or_compute(&key(number), &minute(), origin.next()).await.unwrap();
    }
    pass(&clock, seconds(60)).await;
    a.store.fault(Fault::None);
    pass(&clock, seconds(3)).await;
    for number in 100..103_u64 {
        a.cache.get_or_compute(&key(number), &minute(), origin.next()).await.unwrap();
    }
    assert!(b.get(102).await.is_some());
}

#[tokio::test]
async fn with_the_store_gone_memory_goes_on_for_as_long_as_it_may_be_trusted() {
    let (clock, a, _) = two().await;
    a.store.disconnect();
    a.store.fault(Fault::Down);
    pass(&clock, seconds(10)).await;
    let origin = Origin::default();
    for _ in 0..100 {
        a.compute(&minute(), &origin).await;
        clock.advance(millis(100));
    }
    // Ten seconds: each value is served for one.
    assert!((9..=11).contains(&origin.calls()), "{}", origin.calls());
}

#[tokio::test]
async fn an_invalidation_that_the_store_misses_holds_here_and_reaches_all_when_it_is_back() {
    let (clock, a, b) = two().await;
    a.cache.set(&key("a"), 1_u64, &minute()).await;
    b.get("a").await;
    a.store.fault(Fault::Down);
    assert_eq!(a.cache.delete(&key("a")).await, Reach::Here);
    assert_eq!(a.cache.statistics().invalidations_pending, 1);
    a.store.fault(Fault::None);
    assert_eq!(a.get("a").await, None, "the store still has it, but this node knows better");
    assert_eq!(b.get("a").await, Some(1));
    pass(&clock, seconds(3)).await;
    assert_eq!(a.cache.statistics().invalidations_pending, 0);
    assert_eq!((a.get("a").await, b.get("a").await), (None, None));
}

#[tokio::test]
async fn an_invalidation_whose_reply_was_lost_or_not_awaited_is_told_again() {
    for fault in [Fault::LostReply, Fault::Hang] {
        let (clock, a, b) = two().await;
        a.cache.set(&key("a"), 1_u64, &minute()).await;
        a.store.fault(fault);
        let telling = tokio::spawn(delete(a.clone()));
        settle().await;
        telling.abort();
        assert_eq!(a.cache.statistics().invalidations_pending, 1, "{fault:?}");
        a.store.fault(Fault::None);
        assert_eq!(a.get("a").await, None, "{fault:?}");
        pass(&clock, seconds(3)).await;
        assert_eq!(a.cache.statistics().invalidations_pending, 0, "{fault:?}");
        assert_eq!(b.get("a").await, None, "{fault:?}");
    }
}

async fn delete(node: Node) -> Reach {
    node.cache.delete(&key("a")).await
}

#[tokio::test]
async fn an_invalidation_that_the_store_lost_after_it_said_that_it_knows_is_told_again() {
    let (clock, a, b) = two().await;
    a.cache.set(&key("a"), 1_u64, &minute()).await;
    pass(&clock, seconds(3)).await;
    assert_eq!(a.cache.delete(&key("a")).await, Reach::Everywhere);
    settle().await;
    a.store.lose_invalidations();
    assert_eq!(a.get("a").await, None, "the store has it again, but this node knows better");
    assert_eq!(b.get("a").await, Some(1));
    pass(&clock, seconds(3)).await;
    assert_eq!((a.get("a").await, b.get("a").await), (None, None));
    let told = a.store.calls("invalidate");
    a.store.lose_invalidations();
    pass(&clock, seconds(3)).await;
    assert_eq!(a.store.calls("invalidate"), told, "what the store had for long is not told again");
}

#[tokio::test]
async fn too_many_pending_invalidations_become_one_of_everything() {
    let clock = TestClock::new();
    let store = TestStore::new(&clock);
    let config = TieredConfig { pending_max: 10, ..Default::default() };
    let (a, b) = (node(&clock, &store, &config, None), node(&clock, &store, &config, None));
    settle().await;
    for number in 0..20_u64 {
        a.cache.set(&key(number), number, &minute()).await;
        b.get(number).await;
    }
    a.store.fault(Fault::Down);
    for number in 0..11 {
        a.cache.delete(&key(number)).await;
    }
    let statistics = a.cache.statistics();
    assert_eq!((statistics.invalidations_pending, statistics.invalidations_overflowed), (1, 1));
    a.store.fault(Fault::None);
    pass(&clock, seconds(3)).await;
    for number in 0..20 {
        assert_eq!(b.get(number).await, None);
    }
}

#[tokio::test]
async fn pending_invalidations_of_one_key_are_told_once() {
    let (clock, a, _) = two().await;
    a.store.fault(Fault::Down);
    for _ in 0..1000 {
        a.cache.delete(&key("a")).await;
    }
    a.cache.invalidate(&[Scope::Namespace(namespace()), Scope::Key(key("a"))]).await;
    assert_eq!(a.cache.statistics().invalidations_pending, 2);
    a.store.fault(Fault::None);
    let before = a.store.calls("invalidate");
    pass(&clock, seconds(3)).await;
    assert_eq!(a.store.calls("invalidate") - before, 1);
}

#[tokio::test]
async fn a_value_that_the_store_did_not_get_replaces_the_old_one_everywhere() {
    let (clock, a, b) = two().await;
    a.cache.set(&key("a"), 1_u64, &minute()).await;
    b.get("a").await;
    a.store.fault(Fault::Down);
    assert_eq!(a.cache.set(&key("a"), 2_u64, &minute()).await, Stored::Here);
    assert_eq!(a.get("a").await, Some(2));
    a.store.fault(Fault::None);
    pass(&clock, seconds(3)).await;
    assert_ne!(b.get("a").await, Some(1));
}

#[tokio::test]
async fn closing_tells_what_is_pending() {
    let (_, a, b) = two().await;
    a.cache.set(&key("a"), 1_u64, &minute()).await;
    a.store.fault(Fault::Down);
    a.cache.delete(&key("a")).await;
    a.store.fault(Fault::None);
    a.cache.close().await;
    assert_eq!(b.get("a").await, None);
    assert_eq!(a.get("a").await, None);
}

/// What is in memory, how the store is, and what a caller then gets: nobody waits longer than the store's
/// deadline, and nothing is lost that is there.
#[tokio::test]
async fn every_state_of_memory_and_store_has_its_answer() {
    for memory in ["fresh", "stale", "absent"] {
        for fault in
            [Fault::None, Fault::SlowBefore(30), Fault::SlowBefore(500), Fault::Down, Fault::Hang]
        {
            answers(memory, fault).await;
        }
    }
}

async fn answers(memory: &str, fault: Fault) {
    let (clock, a, _) = two().await;
    let options = CacheOptions { refresh_ahead: 1.0, ..minute() };
    let origin = Origin::default();
    if memory != "absent" {
        a.compute(&options, &origin).await;
    }
    if memory == "stale" {
        pass(&clock, seconds(60)).await;
    }
    a.store.fault(fault);
    let caller = |_| {
        let (a, options, origin, clock) =
            (a.clone(), options.clone(), origin.clone(), clock.clone());
        tokio::spawn(async move {
            let began = clock.elapsed();
            (a.compute(&options, &origin).await, clock.elapsed().saturating_sub(began))
        })
    };
    let callers: Vec<_> = (0..5).map(caller).collect();
    settle().await;
    pass(&clock, seconds(1)).await;
    let expected = if memory == "stale" { 2 } else { 1 };
    for caller in callers {
        let (value, waited) = caller.await.unwrap();
        assert_eq!(value, expected, "{memory}, {fault:?}");
        assert!(waited <= millis(100), "{memory}, {fault:?}: {waited:?}");
    }
}

#[tokio::test]
async fn who_has_an_expired_value_gets_it_when_neither_store_nor_origin_answers() {
    let (clock, a, _) = two().await;
    let origin = Origin::default();
    a.compute(&minute(), &origin).await;
    pass(&clock, seconds(60)).await;
    a.store.fault(Fault::Down);
    let fail = origin.fail(ErrorKind::Unavailable);
    let served = a.cache.get_or_compute(&key("a"), &minute(), fail).await;
    assert_eq!(*served.unwrap(), 1);
    // But not when others may have invalidated it unheard.
    a.store.disconnect();
    pass(&clock, seconds(31)).await;
    let fail = origin.fail(ErrorKind::Unavailable);
    assert!(a.cache.get_or_compute(&key("a"), &minute(), fail).await.is_err());
}
