use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::operation::Operation;
use super::shared::Shared;
use super::{BoxError, ByType, CloneBodies, PlaceError, ReplayBody, ResponseFuture};
use crate::engine::fault;
use crate::error::Error;
use crate::operation::{Delivery, Failure, FailureKind};

/// A service whose requests are operations; made by a [`ResilienceLayer`](super::ResilienceLayer).
///
/// Ready when the inner service is. An error of its readiness is passed on, as the `source` of [`Error`]'s failure: there
/// is no operation yet, so nothing is retried, and neither breaker nor budget is told.
pub struct Resilience<S, P = CloneBodies, E = ByType> {
    inner: S,
    shared: Arc<Shared<P, E>>,
}

impl<S, P, E> Resilience<S, P, E> {
    pub(super) fn new(inner: S, shared: Arc<Shared<P, E>>) -> Self {
        Self { inner, shared }
    }

    /// The service underneath.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service underneath, to change it.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Takes the service underneath out.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, R, P, E> Service<Request<B>> for Resilience<S, P, E>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    P: ReplayBody<B>,
    E: PlaceError<S::Error>,
{
    type Response = Response<R>;
    type Error = Error;
    type Future = ResponseFuture<S, B, P, E>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context).map_err(|error| {
            let failure = Failure::new(FailureKind::Unready, Delivery::NeverSent);
            Error::before_all(failure.caused_by(fault::without_url(error)))
        })
    }

    /// Takes the service that was readied along, and leaves a clone, which is not ready, in its place.
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        ResponseFuture::new(ready, Operation::new(&self.shared, request))
    }
}

impl<S: Clone, P, E> Clone for Resilience<S, P, E> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S: fmt::Debug, P, E> fmt::Debug for Resilience<S, P, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resilience")
            .field("inner", &self.inner)
            .field("shared", &self.shared.common)
            .finish()
    }
}
