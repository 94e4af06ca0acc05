//! `microservices`: services that depend on each other.

use crate::config::key::Key;
use crate::config::kind::{DAY_MS, Kind};

const BREAKERS: &str = "circuit breakers";
const DISCOVERY: &str = "service discovery";
const HEALTH: &str = "health checks";

pub(crate) const KEYS: &[Key] = &[
    Key::new(
        "microservices.circuit_breakers.*.failure_threshold",
        Kind::Whole(1, 1_000),
        "How many failures in a row open the breaker.",
    )
    .awaits(BREAKERS),
    Key::new(
        "microservices.circuit_breakers.*.recovery_timeout",
        Kind::seconds(1, DAY_MS),
        "How long the breaker stays open before it probes.",
    )
    .awaits(BREAKERS),
    Key::new(
        "microservices.circuit_breakers.*.success_threshold",
        Kind::Whole(1, 1_000),
        "How many successful probes close the breaker.",
    )
    .awaits(BREAKERS),
    Key::new(
        "microservices.circuit_breakers.*.timeout",
        Kind::seconds(1, DAY_MS),
        "How long a call may take.",
    )
    .awaits(BREAKERS),
    Key::new(
        "microservices.circuit_breakers.*.sliding_window_size",
        Kind::Whole(1, 100_000),
        "Over how many calls rates are measured.",
    )
    .awaits(BREAKERS),
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
        Kind::seconds(1, DAY_MS),
        "How often a service is asked how it is.",
    )
    .default("30")
    .awaits(HEALTH),
    Key::new(
        "microservices.health_checks.timeout",
        Kind::seconds(1, DAY_MS),
        "How long to wait for its answer.",
    )
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
