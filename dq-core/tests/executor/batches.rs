//! Many statements in one call.

use dq_core::ErrorKind;
use dq_core::database::Statement;
use dq_core::executor::{Call, ExecutorConfig, QueryExecutor};

use crate::bench::{Bench, limits, whole};

#[tokio::test]
async fn every_statement_has_its_result_in_its_place() {
    let bench = Bench::new(limits(4, 0)).await;
    let statement = |number: i64| match number % 7 {
        3 => Statement::new("SELECT a FROM nowhere"),
        _ => Statement::new("SELECT ?").bind(number),
    };
    let statements: Vec<_> = (0..200).map(statement).collect();
    let results = bench.executor.query_all(&statements, &Call::named("batch")).await;
    assert_eq!(results.len(), 200);
    for (number, result) in (0..).zip(results) {
        match result {
            Ok(it) => assert_eq!(whole(it.value.scalar()), number),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::QueryInvalid);
                assert_eq!(number % 7, 3);
            }
        }
    }
    let figures = &bench.executor.statistics().names["batch"];
    assert_eq!((figures.calls, figures.errors), (200, 29));
    bench.idle().await;
}

#[tokio::test]
async fn no_statements_have_no_results() {
    let bench = Bench::new(ExecutorConfig::default()).await;
    assert!(bench.executor.query_all(&[], &Call::default()).await.is_empty());
}
