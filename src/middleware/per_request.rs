use std::time::Duration;

use http::Extensions;

use crate::client::RequestBuilder;
use crate::operation::{IdempotencyKey, KeySupport};
use crate::retry::{Replay, RetryPolicy};

/// What one request sets differently; goes with it as an extension.
///
/// Given by `RequestBuilder::with_extension` of reqwest-middleware. An [`IdempotencyKey`], a [`RetryPolicy`], a
/// [`KeySupport`] or a [`Replay`] may also go there by itself, as with the tower layer; this one comes first. A value out of its range shows as the request's
/// error, before anything is sent.
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
/// use steadfast::IdempotencyKey;
/// use steadfast::middleware::{PerRequest, Resilience};
///
/// # async fn run() -> Result<(), reqwest_middleware::Error> {
/// let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
///     .with(Resilience::default())
///     .build();
/// let charge = PerRequest::new()
///     .idempotency_key(IdempotencyKey::derive(["charge", "order-42"]))
///     .total_timeout(Duration::from_secs(90));
/// let response = client
///     .post("https://api.example.com/charges")
///     .with_extension(charge)
///     .body("cents=1995")
///     .send()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PerRequest {
    key: Option<IdempotencyKey>,
    policy: Option<RetryPolicy>,
    attempt_timeout: Option<Duration>,
    total_timeout: Option<Duration>,
    key_support: Option<KeySupport>,
    replay: Option<Replay>,
    buffer: Option<usize>,
    times: Times,
}

/// How often it may be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Times {
    #[default]
    AsThePolicySays,
    Once,
}

impl PerRequest {
    /// Sets nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the key, on any method; a key header already on the request must then be the same.
    pub fn idempotency_key(mut self, key: IdempotencyKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Sets the retry policy; the middleware's own classifiers are still asked after its own.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Sets how long one attempt may take to its response head, or to the end of a buffered body: 1 ms to a day.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Sets how long the operation may take, waits included: 1 ms to 30 days.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = Some(timeout);
        self
    }

    /// Says whether the server honours the key.
    pub fn key_support(mut self, support: KeySupport) -> Self {
        self.key_support = Some(support);
        self
    }

    /// Says whether an attempt is repeated that may have been processed, where nothing protects from processing it
    /// twice.
    pub fn replay(mut self, replay: Replay) -> Self {
        self.replay = Some(replay);
        self
    }

    /// Reads the response body into memory, up to this many bytes, as part of the attempt.
    pub fn buffer(mut self, limit: usize) -> Self {
        self.buffer = Some(limit);
        self
    }

    /// Makes one attempt, whatever happens.
    pub fn send_once(mut self) -> Self {
        self.times = Times::Once;
        self
    }

    /// What a request's extensions say: this type, and beside it those that the tower layer takes there.
    ///
    /// A key that was put there and ignored would be another one, random, after a crash.
    pub(super) fn of(extensions: &Extensions) -> Self {
        let mut own = extensions.get::<Self>().cloned().unwrap_or_default();
        own.key = own.key.or_else(|| extensions.get().cloned());
        own.policy = own.policy.or_else(|| extensions.get().cloned());
        own.key_support = own.key_support.or_else(|| extensions.get().copied());
        own.replay = own.replay.or_else(|| extensions.get().copied());
        own
    }

    pub(super) fn key(&self) -> Option<&IdempotencyKey> {
        self.key.as_ref()
    }

    /// Hands everything to the operation's builder, which checks the ranges.
    pub(super) fn apply(self, mut request: RequestBuilder) -> RequestBuilder {
        if let Some(key) = self.key {
            request = request.idempotency_key(key);
        }
        if let Some(policy) = self.policy {
            request = request.retry(policy);
        }
        if let Some(timeout) = self.attempt_timeout {
            request = request.attempt_timeout(timeout);
        }
        if let Some(timeout) = self.total_timeout {
            request = request.total_timeout(timeout);
        }
        if let Some(support) = self.key_support {
            request = request.key_support(support);
        }
        if let Some(replay) = self.replay {
            request = request.replay(replay);
        }
        if let Some(limit) = self.buffer {
            request = request.buffer(limit);
        }
        match self.times {
            Times::AsThePolicySays => request,
            Times::Once => request.send_once(),
        }
    }
}
