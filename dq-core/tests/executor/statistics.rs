//! What calls took.

use dq_core::executor::{Call, ExecutorConfig, QueryExecutor};

use crate::bench::Bench;

#[tokio::test]
async fn a_call_tells_what_it_took() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    let executed = bench
        .executor
        .query(&"SELECT a, 'text' FROM t".into(), &Call::named("texts"))
        .await
        .unwrap();
    let statistics = &executed.statistics;
    assert_eq!((statistics.rows, statistics.attempts, statistics.cached), (1000, 1, false));
    assert!(statistics.bytes >= 1000 * (8 + 4), "{statistics:?}");
    assert_eq!(&*statistics.node, format!("sqlite:{}", bench.path().display()));
    let changed = "UPDATE t SET a = a + 5000 WHERE a <= 10".into();
    let changed = bench.executor.execute(&changed, &Call::named("change")).await.unwrap();
    assert_eq!((changed.value, changed.statistics.rows), (10, 10));
    assert!(bench.executor.query(&"SELECT".into(), &Call::named("texts")).await.is_err());

    let statistics = bench.executor.statistics();
    let texts = &statistics.names["texts"];
    assert_eq!((texts.calls, texts.errors, texts.rows), (2, 1, 1000));
    assert_eq!(statistics.names["change"].rows, 10);
    assert_eq!(statistics.total.calls, 3);
    let json = serde_json::to_value(&statistics).unwrap();
    assert_eq!(json["names"]["change"]["waited_seconds"], 0.0);
}
