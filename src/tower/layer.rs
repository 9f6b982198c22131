use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::known::KnownOrigins;
use super::shared::{Common, Shared};
use super::{ByType, CloneBodies, Resilience, ResilienceBuilder};
use crate::breaker::CircuitBreaker;
use crate::budget::RetryBudget;
use crate::client::Client;

/// Makes operations of the requests to a service: keys, retries, budget and breaker.
///
/// Cloning shares, and so do all services that one layer makes; make one and keep it. See the [module](super).
pub struct ResilienceLayer<P = CloneBodies, E = ByType>(pub(super) Arc<Shared<P, E>>);

impl ResilienceLayer {
    /// A layer with all defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Common::default())
    }

    /// Starts from the defaults.
    pub fn builder() -> ResilienceBuilder {
        ResilienceBuilder::new()
    }

    fn of(common: Common) -> Self {
        Self(Arc::new(Shared {
            common,
            known: KnownOrigins::default(),
            bodies: CloneBodies,
            errors: ByType,
        }))
    }
}

impl<P, E> ResilienceLayer<P, E> {
    /// The circuit breaker, the one in use; `None` if it was turned off.
    #[must_use]
    pub fn circuit_breaker(&self) -> Option<&CircuitBreaker> {
        self.0.common.setup.breaker.as_ref()
    }

    /// The retry budget, the one in use.
    #[must_use]
    pub fn retry_budget(&self) -> &RetryBudget {
        &self.0.common.setup.budget
    }
}

/// Shares everything of a client but its connections: policy, limits, key settings, presets, observers, breaker and budget.
///
/// A hook before attempts, a lookup of doubts, redirects, buffering, default headers, hedging and a concurrency limit
/// stay the client's.
impl From<&Client> for ResilienceLayer {
    fn from(client: &Client) -> Self {
        Self::of(client.into())
    }
}

impl Default for ResilienceLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S, P, E> Layer<S> for ResilienceLayer<P, E> {
    type Service = Resilience<S, P, E>;

    fn layer(&self, inner: S) -> Self::Service {
        Resilience::new(inner, Arc::clone(&self.0))
    }
}

impl<P, E> Clone for ResilienceLayer<P, E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P, E> fmt::Debug for ResilienceLayer<P, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResilienceLayer").field(&self.0.common).finish()
    }
}
