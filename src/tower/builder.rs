use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Method};

use super::body::BodiesBy;
use super::known::KnownOrigins;
use super::place::ErrorsBy;
use super::shared::{Common, Shared};
use super::{ByType, CloneBodies, EmptyBodies, Notes, ResilienceLayer};
use crate::breaker::CircuitBreaker;
use crate::budget::RetryBudget;
use crate::client::{Client, check_settings};
use crate::clock::Clock;
use crate::error::ConfigError;
use crate::event::{Event, FromFn, Observer};
use crate::operation::{Failure, KeyFormat, KeySupport, Origin};
use crate::preset::Preset;
use crate::retry::{Replay, RetryPolicy};
use crate::rng::Dice;

/// Builds a [`ResilienceLayer`]; every value is checked at [`build`](Self::build).
///
/// The settings are those of [`ClientBuilder`](crate::ClientBuilder), with the same defaults; what one request sets
/// differently stands in its extensions: see the [module](super).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast::tower::ResilienceLayer;
///
/// let layer = ResilienceLayer::builder().attempt_timeout(Duration::from_secs(5)).build()?;
///
/// let error = ResilienceLayer::builder().attempt_timeout(Duration::ZERO).build().unwrap_err();
/// assert_eq!(error.field(), "attempt_timeout");
/// # Ok::<(), steadfast::ConfigError>(())
/// ```
#[must_use]
pub struct ResilienceBuilder<P = CloneBodies, E = ByType> {
    common: Common,
    bodies: P,
    errors: E,
}

impl ResilienceBuilder {
    pub(super) fn new() -> Self {
        Self {
            common: Common::default(),
            bodies: CloneBodies,
            errors: ByType,
        }
    }
}

impl<P, E> ResilienceBuilder<P, E> {
    /// Takes everything of a client but its connections, breaker and budget included; what was set before is lost.
    pub fn sharing(mut self, client: &Client) -> Self {
        self.common = client.into();
        self
    }

    /// Sets the retry policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.common.setup.settings.policy = policy;
        self
    }

    /// Sets how long one attempt may take to its response head, readying the service included: 1 ms to a day.
    ///
    /// Default 30 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.common.setup.settings.attempt_timeout = Some(timeout);
        self
    }

    /// Sets how long an operation may take to its response head, waits included: 1 ms to 30 days. Default none.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.common.setup.settings.total_timeout = Some(timeout);
        self
    }

    /// Sets the header that carries the key. Default `Idempotency-Key`.
    pub fn key_header(mut self, name: HeaderName) -> Self {
        let header = std::mem::take(&mut self.common.setup.settings.key.header);
        self.common.setup.settings.key.header = header.name_as(name);
        self
    }

    /// Sets the key's form in its header. Default the raw token.
    pub fn key_format(mut self, format: KeyFormat) -> Self {
        let header = std::mem::take(&mut self.common.setup.settings.key.header);
        self.common.setup.settings.key.header = header.format(format);
        self
    }

    /// Sets the methods whose requests carry a key unasked. Default POST and PATCH.
    pub fn key_methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.common.setup.settings.key.methods = methods.into_iter().collect();
        self
    }

    /// Says whether the servers behind this layer honour keys. Default [`KeySupport::Honored`].
    pub fn key_support(mut self, support: KeySupport) -> Self {
        self.common.setup.settings.key.support = support;
        self
    }

    /// Says how long the servers remember a key, from the first attempt: 1 s or more. Default: for ever.
    pub fn key_lifetime(mut self, lifetime: Duration) -> Self {
        self.common.setup.settings.key.lifetime = Some(lifetime);
        self
    }

    /// Adds what is known of a provider, for the origins that it is bound to; of several, the last one added wins.
    pub fn preset(mut self, preset: Preset) -> Self {
        self.common.presets.add(preset);
        self
    }

    /// Forgets the built-in table of providers.
    pub fn without_builtin_presets(mut self) -> Self {
        self.common.presets.forget_builtin();
        self
    }

    /// Says whether an attempt is repeated that may have been processed, where nothing protects from processing it
    /// twice. Default [`Replay::WhenUntouched`].
    pub fn replay(mut self, replay: Replay) -> Self {
        self.common.setup.settings.replay = replay;
        self
    }

    /// Sets the circuit breaker; whoever is given a clone shares it. Default [`CircuitBreaker::default`].
    pub fn circuit_breaker(mut self, breaker: CircuitBreaker) -> Self {
        self.common.setup.breaker = Some(breaker);
        self
    }

    /// Sends whatever the state of the origin.
    pub fn without_circuit_breaker(mut self) -> Self {
        self.common.setup.breaker = None;
        self
    }

    /// Sets the retry budget; whoever is given a clone shares it. Default [`RetryBudget::default`].
    pub fn retry_budget(mut self, budget: RetryBudget) -> Self {
        self.common.setup.budget = budget;
        self
    }

    /// Names the origin of requests whose URI has no authority, such as `/v1/charges`.
    ///
    /// Without it, they have neither breaker, budget nor preset: nobody knows whom they would share them with.
    pub fn origin(mut self, origin: Origin) -> Self {
        self.common.origin = Some(origin);
        self
    }

    /// Adds an observer; they are told in the order in which they were added.
    pub fn observe(mut self, observer: impl Observer) -> Self {
        self.common.setup.observers.push(Arc::new(observer));
        self
    }

    /// Adds a closure as an observer.
    pub fn on_event(self, tell: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.observe(FromFn(tell))
    }

    /// Sets when the attempt's number and the receipt are written into extensions. Default [`Notes::Always`].
    pub fn notes(mut self, notes: Notes) -> Self {
        self.common.notes = notes;
        self
    }

    /// Sets the clock; [`Clock::skipping`] makes waits end at once, for tests over real sockets.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.common.setup.clock = clock;
        self
    }

    /// Draws jitter from this seed, for tests that need the same waits on each run. Keys stay random.
    pub fn jitter_seed(mut self, seed: u64) -> Self {
        self.common.setup.dice = Dice::seeded(seed);
        self
    }

    /// Says how a body is had again for a retry; `None` for one that can be sent only once.
    ///
    /// That it yields the same bytes is the caller's contract.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast::tower::ResilienceLayer;
    ///
    /// /// A body that cannot be cloned, unless it is text.
    /// enum Payload {
    ///     Text(String),
    ///     Stream(std::fs::File),
    /// }
    ///
    /// let layer = ResilienceLayer::builder()
    ///     .replay_bodies(|body: &Payload| match body {
    ///         Payload::Text(text) => Some(Payload::Text(text.clone())),
    ///         Payload::Stream(_) => None, // sent once; the receipt says so
    ///     })
    ///     .build()?;
    /// # Ok::<(), steadfast::ConfigError>(())
    /// ```
    pub fn replay_bodies<B, F>(self, again: F) -> ResilienceBuilder<BodiesBy<F, B>, E>
    where
        F: Fn(&B) -> Option<B> + Send + Sync + 'static,
    {
        ResilienceBuilder {
            common: self.common,
            bodies: BodiesBy::new(again),
            errors: self.errors,
        }
    }

    /// Sends bodies once, but those that are known to be empty: for boxed bodies, as in tonic and axum.
    pub fn replay_empty_bodies(self) -> ResilienceBuilder<EmptyBodies, E> {
        ResilienceBuilder {
            common: self.common,
            bodies: EmptyBodies,
            errors: self.errors,
        }
    }

    /// Says what an error of the service underneath means, in place of [`ByType`]; the error becomes its source.
    ///
    /// [`Delivery`](crate::Delivery) decides whether a request without an honoured key is repeated: call nothing
    /// untouched that the server may have seen.
    pub fn place_errors<X, F>(self, place: F) -> ResilienceBuilder<P, ErrorsBy<F, X>>
    where
        F: Fn(&X) -> Failure + Send + Sync + 'static,
    {
        ResilienceBuilder {
            common: self.common,
            bodies: self.bodies,
            errors: ErrorsBy::new(place),
        }
    }

    /// Checks every value and builds the layer.
    ///
    /// # Errors
    ///
    /// Names the first field that is out of its range, and the range.
    pub fn build(self) -> Result<ResilienceLayer<P, E>, ConfigError> {
        check_settings(&self.common.setup.settings, &self.common.presets)?;
        Ok(ResilienceLayer(Arc::new(Shared {
            common: self.common,
            known: KnownOrigins::default(),
            bodies: self.bodies,
            errors: self.errors,
        })))
    }
}

impl<P, E> fmt::Debug for ResilienceBuilder<P, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResilienceBuilder").field(&self.common).finish()
    }
}
