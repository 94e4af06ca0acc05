//! Breakers that several nodes share, over an exchange that can be cut off.

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use dq_core::clock::{Clock, TestClock};
use dq_core::resilience::cluster::{
    BreakerCluster, BreakerDigest, BreakerExchange, ClusterConfig, ClusterView, Decision,
    NodeDigest, Order, StandingOrder, decide,
};
use dq_core::resilience::{CircuitBreaker, CircuitBreakerRegistry, CircuitState, Outcome, Switch};
use dq_core::{Error, ErrorKind, Result};
use proptest::prelude::*;

use crate::{SECOND, calls, small};

/// An exchange in memory, whose time is that of the test.
#[derive(Debug)]
struct Shelf {
    clock: TestClock,
    gone: AtomicBool,
    silent: AtomicBool,
    /// Views come 50 ms after they were taken.
    slow: AtomicBool,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    serial: u64,
    nodes: BTreeMap<String, (u128, NodeDigest)>,
    orders: BTreeMap<String, (Option<u128>, StandingOrder)>,
}

impl Shelf {
    fn new(clock: &TestClock) -> Arc<Self> {
        let [gone, silent, slow] = [false; 3].map(AtomicBool::new);
        Arc::new(Self { clock: clock.clone(), gone, silent, slow, inside: Mutex::default() })
    }

    async fn reach(&self) -> Result<u128> {
        if self.silent.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
        if self.gone.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Unavailable, "the exchange is gone"));
        }
        Ok(self.clock.elapsed().as_millis())
    }
}

impl Inside {
    fn exchange(&mut self, digest: &NodeDigest, now: u128) -> ClusterView {
        self.nodes.insert(digest.node.clone(), (now, digest.clone()));
        self.nodes.retain(|_, (at, _)| now - *at <= 2000);
        self.orders.retain(|_, (end, _)| end.is_none_or(|it| it > now));
        let left = |end: Option<u128>| end.map(|it| (it - now) as u64);
        let orders = self.orders.values().map(|(end, it)| {
            let order = Order { expires_in_ms: left(*end), ..it.order.clone() };
            StandingOrder { order, ..*it }
        });
        let nodes = self.nodes.values();
        let nodes = nodes.map(|(at, it)| NodeDigest { age_ms: (now - at) as u64, ..it.clone() });
        ClusterView { serial: self.serial, nodes: nodes.collect(), orders: orders.collect() }
    }
}

#[async_trait]
impl BreakerExchange for Shelf {
    async fn exchange(&self, digest: &NodeDigest) -> Result<ClusterView> {
        let now = self.reach().await?;
        let view = self.inside.lock().expect("no panic").exchange(digest, now);
        if self.slow.load(Ordering::Relaxed) {
            self.clock.sleep(SECOND / 20).await;
        }
        Ok(view)
    }

    async fn order(&self, order: &Order) -> Result<StandingOrder> {
        let now = self.reach().await?;
        let mut inside = self.inside.lock().expect("no panic");
        inside.serial += 1;
        let standing = StandingOrder { serial: inside.serial, order: order.clone() };
        let end = order.expires_in_ms.map(|it| now + u128::from(it));
        inside.orders.insert(order.breaker.clone(), (end, standing.clone()));
        Ok(standing)
    }

    async fn withdraw(&self, breaker: &str) -> Result<()> {
        self.reach().await?;
        let mut inside = self.inside.lock().expect("no panic");
        inside.serial += 1;
        inside.orders.remove(breaker);
        Ok(())
    }
}

struct Node {
    cluster: BreakerCluster,
    registry: Arc<CircuitBreakerRegistry>,
    breaker: Arc<dyn CircuitBreaker>,
}

fn node(number: usize, shelf: &Arc<Shelf>) -> Node {
    let clock = Arc::new(shelf.clock.clone());
    let registry = CircuitBreakerRegistry::new(small(), Arc::clone(&clock) as _).expect("valid");
    let registry = Arc::new(registry);
    let config = ClusterConfig { node: format!("node-{number}"), ..ClusterConfig::default() };
    let exchange = Arc::clone(shelf) as Arc<dyn BreakerExchange>;
    let cluster = BreakerCluster::new(&config, Arc::clone(&registry), exchange, clock);
    let breaker = registry.breaker("db").expect("there is room");
    Node { cluster: cluster.expect("valid"), registry, breaker }
}

fn nodes(count: usize) -> (TestClock, Arc<Shelf>, Vec<Node>) {
    let clock = TestClock::new();
    let shelf = Shelf::new(&clock);
    let nodes = (0..count).map(|it| node(it, &shelf)).collect();
    (clock, shelf, nodes)
}

/// A round of exchanges, and the time until the next.
async fn round(clock: &TestClock, nodes: &[Node]) {
    for node in nodes {
        node.cluster.tick().await.expect("the exchange works");
    }
    clock.advance(SECOND / 5);
}

fn states(nodes: &[Node]) -> Vec<CircuitState> {
    nodes.iter().map(|it| it.breaker.state()).collect()
}

fn fail(node: &Node) {
    calls(&*node.breaker, 4, Outcome::Failure).expect("it was closed");
    assert_eq!(node.breaker.state(), CircuitState::Open);
}

fn order(switch: Switch, expires_in_ms: Option<u64>) -> Order {
    let (actor, reason) = ("ada".to_owned(), "maintenance".to_owned());
    Order { breaker: "db".to_owned(), switch, actor, reason, expires_in_ms }
}

#[tokio::test]
async fn two_of_five_open_the_others_within_two_exchanges() {
    let (clock, _, nodes) = nodes(5);
    round(&clock, &nodes).await;
    nodes[..2].iter().for_each(fail);
    round(&clock, &nodes).await;
    round(&clock, &nodes).await;
    assert_eq!(states(&nodes), [CircuitState::Open; 5]);
}

#[tokio::test]
async fn one_of_five_is_an_outlier() {
    let (clock, _, nodes) = nodes(5);
    for _ in 0..100 {
        for healthy in &nodes[1..] {
            calls(&*healthy.breaker, 10, Outcome::Success).expect("it is closed");
        }
        // The broken one fails every call that it can make.
        let _ = calls(&*nodes[0].breaker, 10, Outcome::Failure);
        round(&clock, &nodes).await;
        assert_eq!(states(&nodes[1..]), [CircuitState::Closed; 4]);
    }
    let outlier = ("node-0".to_owned(), "db".to_owned());
    assert!(nodes.iter().all(|it| it.cluster.outliers() == [outlier.clone()]));
}

#[tokio::test]
async fn failures_too_few_for_each_are_enough_for_all_together() {
    let (clock, _, nodes) = nodes(5);
    for node in &nodes {
        calls(&*node.breaker, 1, Outcome::Failure).expect("it is closed");
    }
    round(&clock, &nodes).await;
    round(&clock, &nodes).await;
    assert_eq!(states(&nodes), [CircuitState::Open; 5]);
}

#[tokio::test]
async fn who_has_recovered_is_not_opened_again_by_old_news() {
    let (clock, _, nodes) = nodes(5);
    round(&clock, &nodes).await;
    clock.advance(SECOND * 5);
    nodes[..2].iter().for_each(fail);
    round(&clock, &nodes).await;
    round(&clock, &nodes).await;
    clock.advance(SECOND * 10);
    calls(&*nodes[4].breaker, 2, Outcome::Success).expect("probes");
    for _ in 0..50 {
        round(&clock, &nodes).await;
        assert_eq!(nodes[4].breaker.state(), CircuitState::Closed);
        assert_eq!(nodes[0].breaker.state(), CircuitState::Open, "nobody has called there");
    }
    for node in &nodes[..2] {
        calls(&*node.breaker, 2, Outcome::Success).expect("probes");
        fail(node);
    }
    round(&clock, &nodes).await;
    round(&clock, &nodes).await;
    assert_eq!(nodes[4].breaker.state(), CircuitState::Open, "these are new");
}

#[tokio::test]
async fn who_closes_first_stays_closed_though_most_are_still_open() {
    let (clock, _, nodes) = nodes(3);
    for node in &nodes {
        fail(node);
        clock.advance(SECOND / 100);
    }
    round(&clock, &nodes).await;
    clock.advance(SECOND * 10);
    calls(&*nodes[0].breaker, 2, Outcome::Success).expect("probes");
    for _ in 0..50 {
        round(&clock, &nodes).await;
        assert_eq!(states(&nodes), [CircuitState::Closed, CircuitState::Open, CircuitState::Open]);
    }
}

#[tokio::test]
async fn without_the_exchange_every_node_goes_on_alone() {
    let (clock, shelf, nodes) = nodes(3);
    round(&clock, &nodes).await;
    shelf.gone.store(true, Ordering::Relaxed);
    nodes[..2].iter().for_each(fail);
    for node in &nodes {
        let error = node.cluster.tick().await.expect_err("it is gone");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(!node.cluster.is_connected());
    }
    assert_eq!(nodes[2].breaker.state(), CircuitState::Closed);

    shelf.gone.store(false, Ordering::Relaxed);
    shelf.silent.store(true, Ordering::Relaxed);
    let tick = crate::hurry(&clock, nodes[2].cluster.tick());
    assert_eq!(tick.await.expect_err("it hangs").kind(), ErrorKind::Timeout);

    shelf.silent.store(false, Ordering::Relaxed);
    round(&clock, &nodes).await;
    round(&clock, &nodes).await;
    assert!(nodes.iter().all(|it| it.cluster.is_connected()));
    assert_eq!(nodes[2].breaker.state(), CircuitState::Open);
}

#[tokio::test]
async fn orders_reach_every_node_and_who_starts_later() {
    let (clock, shelf, mut nodes) = nodes(3);
    round(&clock, &nodes).await;
    nodes[0].cluster.order(&order(Switch::ForceOpen, None)).await.expect("it works");
    assert_eq!(nodes[0].breaker.state(), CircuitState::ForcedOpen, "at once");
    round(&clock, &nodes).await;
    nodes[1] = node(1, &shelf);
    round(&clock, &nodes).await;
    assert_eq!(states(&nodes), [CircuitState::ForcedOpen; 3]);
    let standing = nodes[1].cluster.orders();
    assert_eq!((&*standing[0].order.actor, &*standing[0].order.reason), ("ada", "maintenance"));

    nodes[2].cluster.order(&order(Switch::Disable, None)).await.expect("it works");
    round(&clock, &nodes).await;
    assert_eq!(states(&nodes), [CircuitState::Disabled; 3]);
    nodes[1].cluster.withdraw("db").await.expect("it works");
    assert_eq!(nodes[1].breaker.state(), CircuitState::Closed, "at once");
    round(&clock, &nodes).await;
    assert_eq!(states(&nodes), [CircuitState::Closed; 3]);
    assert!(nodes.iter().all(|it| it.cluster.orders().is_empty()));
}

#[tokio::test]
async fn an_order_ends_when_its_time_is_over_even_while_nobody_can_be_asked() {
    let (clock, shelf, nodes) = nodes(3);
    nodes[0].cluster.order(&order(Switch::ForceOpen, Some(1000))).await.expect("it works");
    round(&clock, &nodes).await;
    shelf.gone.store(true, Ordering::Relaxed);
    clock.advance(SECOND * 3 / 4);
    for node in &nodes {
        node.cluster.tick().await.expect_err("it is gone");
    }
    assert_eq!(states(&nodes), [CircuitState::ForcedOpen; 3]);
    clock.advance(SECOND / 4);
    for node in &nodes {
        node.cluster.tick().await.expect_err("it is gone");
    }
    assert_eq!(states(&nodes), [CircuitState::Closed; 3]);
}

#[tokio::test]
async fn a_view_from_before_an_order_does_not_undo_it() {
    let (clock, shelf, nodes) = nodes(2);
    let node = &nodes[0];
    let tick_meanwhile = async |change: &mut (dyn Future<Output = Result<()>> + Unpin)| {
        let tick = async {
            node.cluster.tick().await.expect("the exchange works");
        };
        let change = async {
            clock.sleepers(2).await;
            change.await.expect("the exchange works");
            clock.advance(SECOND / 20);
        };
        tokio::join!(tick, change);
    };
    shelf.slow.store(true, Ordering::Relaxed);
    for switch in [Switch::ForceOpen, Switch::Disable] {
        let order = order(switch, None);
        tick_meanwhile(&mut pin!(node.cluster.order(&order))).await;
        let ordered = node.breaker.state();
        assert_ne!(ordered, CircuitState::Closed);
        tick_meanwhile(&mut pin!(node.cluster.withdraw("db"))).await;
        assert_eq!(node.breaker.state(), CircuitState::Closed, "no view revives it");
    }
}

#[tokio::test]
async fn a_breaker_made_anew_gets_the_order_of_its_name() {
    let (clock, _, nodes) = nodes(2);
    nodes[0].cluster.order(&order(Switch::ForceOpen, None)).await.expect("it works");
    round(&clock, &nodes).await;
    nodes[1].registry.remove("db").expect("it was there");
    let new = nodes[1].registry.breaker("db").expect("there is room");
    assert_eq!(new.state(), CircuitState::Closed);
    round(&clock, &nodes).await;
    assert_eq!(new.state(), CircuitState::ForcedOpen);
}

#[tokio::test]
async fn closing_by_order_leaves_the_breaker_working() {
    let (clock, _, nodes) = nodes(3);
    nodes.iter().for_each(fail);
    nodes[0].cluster.order(&order(Switch::ForceClose, None)).await.expect("it works");
    round(&clock, &nodes).await;
    round(&clock, &nodes).await;
    assert_eq!(states(&nodes), [CircuitState::Closed; 3]);
    fail(&nodes[0]);
    round(&clock, &nodes).await;
    assert_eq!(nodes[0].breaker.state(), CircuitState::Open, "an order is carried out once");
}

#[tokio::test]
async fn it_runs_until_it_is_dropped() {
    let (clock, _, nodes) = nodes(2);
    let [first, second] = &nodes[..] else { panic!("two nodes") };
    fail(first);
    fail(second);
    let run = async { tokio::join!(first.cluster.run(), second.cluster.run()) };
    tokio::select! {
        biased;
        _ = run => panic!("it never ends"),
        () = clock.sleepers(2) => {}
    }
    assert_eq!(clock.sleeping(), 0);
    assert!(first.cluster.is_connected() && second.cluster.is_connected());
}

#[test]
fn a_node_needs_a_name() {
    let clock = TestClock::new();
    let registry = CircuitBreakerRegistry::new(small(), Arc::new(clock.clone())).expect("valid");
    let shelf = Shelf::new(&clock);
    let config = ClusterConfig::default();
    let cluster = BreakerCluster::new(&config, Arc::new(registry), shelf, Arc::new(clock));
    assert_eq!(cluster.expect_err("it has none").kind(), ErrorKind::ConfigInvalid);
}

fn digest(calls: u64, failures: u64, open_for_ms: Option<u64>) -> BreakerDigest {
    BreakerDigest { breaker: "db".to_owned(), calls, failures: failures.min(calls), open_for_ms }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_single_node_opens_the_others(
        healthy in proptest::collection::vec((0u64..10_000, 0u64..40), 1..9),
        broken in (any::<u32>(), any::<u32>(), proptest::option::of(any::<u64>())),
        place in any::<usize>(),
    ) {
        let healthy = healthy.iter().map(|(calls, percent)| digest(*calls, calls * percent / 100, None));
        let mut digests: Vec<_> = healthy.collect();
        let broken = digest(broken.0.into(), broken.1.into(), broken.2);
        digests.insert(place % (digests.len() + 1), broken);
        let digests: Vec<_> = digests.iter().collect();
        prop_assert_eq!(decide(&small(), &digests, None), Decision::Stay);
    }
}
