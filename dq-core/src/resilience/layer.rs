//! A guard as a layer of `tower`.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::error::Error;
use crate::resilience::breaker::Outcome;
use crate::resilience::guard::{CallOptions, Guard};

/// Puts a [`Guard`] around a service: all of it in one layer, because layers of their own could be stacked
/// in a wrong order.
///
/// `options` says of a request whether it may be made again and until when its answer is of use; `judge`
/// says what a result tells of the service. A request is cloned for each attempt, and so is the service,
/// which becomes ready within the attempt: its waits count against the timeout, too.
///
/// ```
/// use std::sync::Arc;
///
/// use dq_core::clock::SystemClock;
/// use dq_core::resilience::{CallOptions, Guard, GuardConfig, GuardLayer, judge};
/// use tower::{ServiceBuilder, ServiceExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> dq_core::Result<()> {
/// let guard = Guard::new("doubler", &GuardConfig::default(), Arc::new(SystemClock))?;
/// let layer = GuardLayer::new(guard, |_: &i32| CallOptions::IDEMPOTENT, judge::<i32>);
/// let service = ServiceBuilder::new()
///     .layer(layer)
///     .service_fn(async |it: i32| dq_core::Result::Ok(2 * it));
/// assert_eq!(service.oneshot(4).await?, 8);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct GuardLayer<O, J> {
    guard: Guard,
    options: O,
    judge: J,
}

/// A service inside a guard; [`GuardLayer`] makes it.
#[derive(Clone)]
pub struct GuardService<S, O, J> {
    inner: S,
    layer: GuardLayer<O, J>,
}

impl<O, J> GuardLayer<O, J> {
    /// A layer whose services share `guard`.
    pub fn new(guard: Guard, options: O, judge: J) -> Self {
        Self { guard, options, judge }
    }
}

impl<S, O: Clone, J: Clone> Layer<S> for GuardLayer<O, J> {
    type Service = GuardService<S, O, J>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService { inner, layer: self.clone() }
    }
}

impl<S, R, O, J> Service<R> for GuardService<S, O, J>
where
    S: Service<R> + Clone + Send + 'static,
    S::Response: Send,
    S::Error: From<Error> + Send,
    S::Future: Send,
    R: Clone + Send + 'static,
    O: Fn(&R) -> CallOptions,
    J: Fn(&Result<S::Response, S::Error>) -> Outcome + Clone + Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    /// The guard takes every call, and refuses it afterwards if it must.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let options = (self.layer.options)(&request);
        let (guard, judge) = (self.layer.guard.clone(), self.layer.judge.clone());
        let inner = self.inner.clone();
        Box::pin(async move {
            guard.run(options, judge, move |_| attempt(inner.clone(), request.clone())).await
        })
    }
}

/// Waits until the service is ready, and calls it.
async fn attempt<S: Service<R>, R>(mut service: S, request: R) -> Result<S::Response, S::Error> {
    poll_fn(|context| service.poll_ready(context)).await?;
    service.call(request).await
}

impl<O, J> fmt::Debug for GuardLayer<O, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardLayer").field("guard", &self.guard).finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, O, J> fmt::Debug for GuardService<S, O, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut it = f.debug_struct("GuardService");
        it.field("inner", &self.inner).field("layer", &self.layer).finish()
    }
}
