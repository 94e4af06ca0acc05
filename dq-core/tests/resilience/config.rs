//! What configurations are refused.

use std::sync::Arc;

use dq_core::clock::TestClock;
use dq_core::resilience::{
    Bulkhead, BulkheadConfig, CircuitBreakerConfig, Guard, GuardConfig, Retry, RetryConfig,
    SlidingWindow, WindowedCircuitBreaker,
};
use dq_core::{Error, ErrorKind};

/// Checks that the error names `field`.
fn names(field: &str, error: Option<Error>) {
    let error = error.unwrap_or_else(|| panic!("`{field}` is refused"));
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(error.message().starts_with(&format!("`{field}` is ")), "{error}");
}

#[test]
fn every_field_of_a_breaker_has_its_range() {
    let refuse = |field: &str, change: &dyn Fn(&mut CircuitBreakerConfig)| {
        let mut config = CircuitBreakerConfig::default();
        change(&mut config);
        names(field, WindowedCircuitBreaker::new("db", &config, clock()).err());
    };
    refuse("failure_rate_threshold", &|it| it.failure_rate_threshold = 0.0);
    refuse("failure_rate_threshold", &|it| it.failure_rate_threshold = 100.1);
    refuse("failure_rate_threshold", &|it| it.failure_rate_threshold = f64::NAN);
    refuse("slow_call_rate_threshold", &|it| it.slow_call_rate_threshold = -1.0);
    refuse("sliding_window_size", &|it| it.sliding_window_size = 0);
    refuse("sliding_window_size", &|it| it.sliding_window_size = 10_001);
    refuse("sliding_window_ms", &|it| it.sliding_window_ms = 999);
    refuse("minimum_requests", &|it| it.minimum_requests = 0);
    refuse("minimum_requests", &|it| it.minimum_requests = it.sliding_window_size + 1);
    refuse("recovery_timeout_ms", &|it| it.recovery_timeout_ms = 0);
    refuse("recovery_timeout_max_ms", &|it| it.recovery_timeout_max_ms = 29_999);
    refuse("recovery_jitter_percent", &|it| it.recovery_jitter_percent = 101);
    refuse("half_open_permits", &|it| it.half_open_permits = 0);
    refuse("success_threshold", &|it| it.success_threshold = 0);
    refuse("half_open_max_ms", &|it| it.half_open_max_ms = 0);
}

#[test]
fn a_window_by_time_may_ask_for_more_calls_than_a_window_by_count_holds() {
    let config = CircuitBreakerConfig {
        sliding_window: SlidingWindow::Time,
        minimum_requests: 1000,
        ..CircuitBreakerConfig::default()
    };
    assert!(WindowedCircuitBreaker::new("db", &config, clock()).is_ok());
}

#[test]
fn every_field_around_the_breaker_has_its_range() {
    let retry = |config: RetryConfig| Retry::new(&config, clock()).err();
    names("attempts_max", retry(RetryConfig { attempts_max: 0, ..RetryConfig::default() }));
    names("delay_ms", retry(RetryConfig { delay_ms: 0, ..RetryConfig::default() }));
    names("delay_max_ms", retry(RetryConfig { delay_max_ms: 99, ..RetryConfig::default() }));
    names("budget_percent", retry(RetryConfig { budget_percent: 1001, ..RetryConfig::default() }));

    let bulkhead = |config: BulkheadConfig| Bulkhead::new("db", &config, clock()).err();
    let default = BulkheadConfig::default;
    names("concurrency_max", bulkhead(BulkheadConfig { concurrency_max: 0, ..default() }));
    names("queue_max", bulkhead(BulkheadConfig { queue_max: 1_000_001, ..default() }));
    names("wait_max_ms", bulkhead(BulkheadConfig { wait_max_ms: 3_600_001, ..default() }));

    let guard = |config: GuardConfig| Guard::new("db", &config, clock()).err();
    names("timeout_ms", guard(GuardConfig { timeout_ms: 0, ..GuardConfig::default() }));
    let default = GuardConfig::default;
    names("attempt_timeout_ms", guard(GuardConfig { attempt_timeout_ms: 0, ..default() }));
}

#[test]
fn unknown_fields_are_refused_and_missing_ones_have_defaults() {
    let read = |text: &str| serde_json::from_str::<CircuitBreakerConfig>(text);
    let config = read(r#"{"failure_threshold": 10, "sliding_window": "time"}"#).expect("valid");
    assert_eq!(config.failure_threshold, 10);
    assert_eq!(config.sliding_window, SlidingWindow::Time);
    assert_eq!(config.recovery_timeout_ms, 30_000);
    let error = read(r#"{"failure_treshold": 10}"#).expect_err("a misspelt field");
    assert!(error.to_string().contains("failure_treshold"), "{error}");
}

fn clock() -> Arc<TestClock> {
    Arc::default()
}
