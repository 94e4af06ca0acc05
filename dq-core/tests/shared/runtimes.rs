//! Tests of what must hold on every kind of runtime.
//!
//! Included by the test binaries that need it with `#[path = "../shared/runtimes.rs"] mod runtimes;`.

/// Makes two tests of an async function that gives a `Result`: on a runtime of one thread, and on one of many.
macro_rules! hold_on_each_runtime {
    ($check:ident) => {
        #[tokio::test]
        async fn promises_hold_on_a_current_thread_runtime() {
            if let Err(error) = $check().await {
                panic!("{error}");
            }
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn promises_hold_on_many_threads() {
            if let Err(error) = $check().await {
                panic!("{error}");
            }
        }
    };
}
pub(crate) use hold_on_each_runtime;
