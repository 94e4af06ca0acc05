//! `microservices`: services that depend on each other.

use crate::config::key::Key;
use crate::config::kind::{DAY_MS, HOUR_MS, Kind};

const DISCOVERY: &str = "service discovery";
const HEALTH: &str = "health checks";

const DURATION: Kind = Kind::seconds(1, DAY_MS);
const PERCENT: Kind = Kind::Decimal(0.01, 100.0);

pub(crate) const KEYS: &[Key] = &[
    Key::new(
        "microservices.circuit_breakers.*.failure_threshold",
        Kind::Whole(0, 1_000_000),
        "How many failures in a row open the breaker; 0: however many.",
    )
    .sets("guards.*.breaker.failure_threshold"),
    Key::new(
        "microservices.circuit_breakers.*.failure_rate_threshold",
        PERCENT,
        "How many percent of the calls in the window must fail to open the breaker.",
    )
    .sets("guards.*.breaker.failure_rate_threshold"),
    Key::new(
        "microservices.circuit_breakers.*.slow_call_duration",
        Kind::seconds(0, DAY_MS),
        "From when on a call is slow; 0: none is.",
    )
    .sets("guards.*.breaker.slow_call_duration_ms"),
    Key::new(
        "microservices.circuit_breakers.*.slow_call_rate_threshold",
        PERCENT,
        "How many percent of the calls in the window must be slow to open the breaker.",
    )
    .sets("guards.*.breaker.slow_call_rate_threshold"),
    Key::new(
        "microservices.circuit_breakers.*.sliding_window",
        Kind::Word(&["count", "time"]),
        "Whether the window holds the last calls or those of the last time.",
    )
    .sets("guards.*.breaker.sliding_window"),
    Key::new(
        "microservices.circuit_breakers.*.sliding_window_size",
        Kind::Whole(1, 10_000),
        "How many calls a window by count holds.",
    )
    .sets("guards.*.breaker.sliding_window_size"),
    Key::new(
        "microservices.circuit_breakers.*.sliding_window_time",
        Kind::seconds(1_000, HOUR_MS),
        "How long a window by time is.",
    )
    .sets("guards.*.breaker.sliding_window_ms"),
    Key::new(
        "microservices.circuit_breakers.*.minimum_requests",
        Kind::Whole(1, 10_000),
        "How many calls the window must hold before the breaker may open. Without being set, no more than the window holds.",
    )
    .sets("guards.*.breaker.minimum_requests"),
    Key::new(
        "microservices.circuit_breakers.*.recovery_timeout",
        DURATION,
        "How long the breaker stays open at first.",
    )
    .sets("guards.*.breaker.recovery_timeout_ms"),
    Key::new(
        "microservices.circuit_breakers.*.recovery_timeout_max",
        DURATION,
        "The longest that it stays open. Without being set, no shorter than `recovery_timeout`.",
    )
    .sets("guards.*.breaker.recovery_timeout_max_ms"),
    Key::new(
        "microservices.circuit_breakers.*.recovery_jitter",
        Kind::Whole(0, 100),
        "By how many percent the time open varies.",
    )
    .sets("guards.*.breaker.recovery_jitter_percent"),
    Key::new(
        "microservices.circuit_breakers.*.half_open_permits",
        Kind::Whole(1, 10_000),
        "How many probes may be out at a time.",
    )
    .sets("guards.*.breaker.half_open_permits"),
    Key::new(
        "microservices.circuit_breakers.*.success_threshold",
        Kind::Whole(1, 10_000),
        "How many probes must succeed to close the breaker.",
    )
    .sets("guards.*.breaker.success_threshold"),
    Key::new(
        "microservices.circuit_breakers.*.half_open_max",
        DURATION,
        "How long all probes may be out without one coming back.",
    )
    .sets("guards.*.breaker.half_open_max_ms"),
    Key::new(
        "microservices.circuit_breakers.*.dropped_call_min",
        Kind::seconds(0, DAY_MS),
        "How long a call must have run for its being dropped to count as a failure.",
    )
    .sets("guards.*.breaker.dropped_call_min_ms"),
    Key::new(
        "microservices.circuit_breakers.*.timeout",
        DURATION,
        "How long one attempt of a call may take.",
    )
    .sets("guards.*.attempt_timeout_ms"),
    Key::new(
        "microservices.circuit_breakers.*.timeout_total",
        DURATION,
        "How long a call may take with all its waits and attempts.",
    )
    .sets("guards.*.timeout_ms"),
    Key::new(
        "microservices.circuit_breakers.*.retry.attempts_max",
        Kind::Whole(1, 100),
        "How often a call is made at most.",
    )
    .sets("guards.*.retry.attempts_max"),
    Key::new(
        "microservices.circuit_breakers.*.retry.delay",
        Kind::seconds(1, HOUR_MS),
        "The longest delay before the second attempt; it doubles with each attempt.",
    )
    .sets("guards.*.retry.delay_ms"),
    Key::new(
        "microservices.circuit_breakers.*.retry.delay_max",
        Kind::seconds(1, HOUR_MS),
        "The longest delay of all. Without being set, no shorter than `delay`.",
    )
    .sets("guards.*.retry.delay_max_ms"),
    Key::new(
        "microservices.circuit_breakers.*.retry.budget",
        Kind::Whole(0, 1_000),
        "How many percent of the calls of a second may be made again in it.",
    )
    .sets("guards.*.retry.budget_percent"),
    Key::new(
        "microservices.circuit_breakers.*.retry.budget_min",
        Kind::Whole(0, 1_000_000),
        "How many may be made again in a second if that share is less.",
    )
    .sets("guards.*.retry.budget_min_per_second"),
    Key::new(
        "microservices.circuit_breakers.*.bulkhead.concurrency_max",
        Kind::Whole(1, 100_000),
        "How many calls may be under way.",
    )
    .sets("guards.*.bulkhead.concurrency_max"),
    Key::new(
        "microservices.circuit_breakers.*.bulkhead.queue_max",
        Kind::Whole(0, 1_000_000),
        "How many calls may wait for one of those to end.",
    )
    .sets("guards.*.bulkhead.queue_max"),
    Key::new(
        "microservices.circuit_breakers.*.bulkhead.wait_max",
        Kind::seconds(0, HOUR_MS),
        "How long a call waits.",
    )
    .sets("guards.*.bulkhead.wait_max_ms"),
    Key::new(
        "microservices.circuit_breakers.*.hedge.delay",
        Kind::seconds(0, HOUR_MS),
        "How long a read may take before it is begun a second time beside the first; 0: never.",
    )
    .sets("guards.*.hedge.delay_ms"),
    Key::new(
        "microservices.circuit_breakers.*.hedge.delay_quantile",
        Kind::Decimal(0.0, 0.999),
        "The share of calls that were done within the delay lately, such as `0.95`; then `delay` is the least.",
    )
    .sets("guards.*.hedge.delay_quantile"),
    Key::new(
        "microservices.circuit_breakers.*.hedge.budget",
        Kind::Whole(0, 100),
        "How many percent of the calls of a second may be begun twice in it.",
    )
    .sets("guards.*.hedge.budget_percent"),
    Key::new(
        "microservices.breaker_cluster.node",
        Kind::Text,
        "The name of this node among those that share the state of their breakers; the same after a restart.",
    )
    .set_by(&["DQ_NODE"])
    .sets("breaker_cluster.node"),
    Key::new(
        "microservices.breaker_cluster.interval",
        Kind::milliseconds(10, 60_000),
        "How often they exchange it.",
    )
    .sets("breaker_cluster.interval_ms"),
    Key::new(
        "microservices.service_discovery.enabled",
        Kind::Flag,
        "Whether services are looked up in a registry.",
    )
    .default("false")
    .awaits(DISCOVERY),
    Key::new(
        "microservices.service_discovery.registry_type",
        Kind::Word(&["redis", "consul", "etcd"]),
        "What keeps the registry.",
    )
    .awaits(DISCOVERY),
    Key::new(
        "microservices.service_discovery.registry_url",
        Kind::Url(&["redis", "rediss", "http", "https"]),
        "Where the registry is.",
    )
    .awaits(DISCOVERY),
    Key::new(
        "microservices.health_checks.interval",
        DURATION,
        "How often a service is asked how it is.",
    )
    .default("30")
    .awaits(HEALTH),
    Key::new("microservices.health_checks.timeout", DURATION, "How long to wait for its answer.")
        .default("10")
        .awaits(HEALTH),
    Key::new(
        "microservices.health_checks.healthy_threshold",
        Kind::Whole(1, 100),
        "How many good answers make a service healthy.",
    )
    .default("2")
    .awaits(HEALTH),
    Key::new(
        "microservices.health_checks.unhealthy_threshold",
        Kind::Whole(1, 100),
        "How many bad answers make it unhealthy.",
    )
    .default("3")
    .awaits(HEALTH),
];
