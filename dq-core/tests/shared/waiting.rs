//! Waits for servers, which go by their own clock.
//!
//! Included by the test binaries that need it with `#[path = "../shared/waiting.rs"] mod waiting;`.

use std::time::Duration;

/// Lets the server do something by its own clock, and fails after 20 seconds.
pub(crate) async fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited 20 s until {what}");
}
