//! Blocking work on behalf of one caller, off the threads that must not block.

use tokio::task::spawn_blocking;

use crate::database::fed::broken;
use crate::error::Result;
use crate::source::Cancellation;

/// Runs `work` on a thread that may block. If the future is dropped, the work is asked to stop and
/// ends by itself: what it owns, it gives back.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce(&Cancellation) -> Result<T> + Send + 'static,
) -> Result<T> {
    let stop = StopOnDrop::default();
    let token = stop.token();
    spawn_blocking(move || work(&token)).await.map_err(|it| broken(&it))?
}

/// Asks work to stop when its caller loses interest.
#[derive(Debug, Default)]
pub(crate) struct StopOnDrop(Cancellation);

impl StopOnDrop {
    /// The token that the work watches.
    pub(crate) fn token(&self) -> Cancellation {
        self.0.clone()
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[tokio::test]
    async fn a_panic_is_an_internal_error_and_keeps_its_message() {
        let error = blocking(|_| -> Result<()> { panic!("secret") }).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(!error.message().contains("secret"), "{error}");
    }
}
