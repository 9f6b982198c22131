use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use url::Url;

use super::{Attempt, Effect, Few, IdempotencyKey, Nanos, NotReplayable, Problem, Short, StopReason};

/// The report on one operation: every attempt, every wait, and why it stopped.
///
/// Every success carries one ([`ResponseExt::receipt`](crate::ResponseExt::receipt)) and every error too
/// ([`Error::receipt`](crate::Error::receipt)). Its `Display` is a short table for a log; it holds no secret: the key
/// shows as a [fingerprint](IdempotencyKey::fingerprint), the address as an origin.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Receipt {
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialise::as_text"))]
    pub(super) method: Method,
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialise::as_str"))]
    pub(super) origin: Short,
    pub(super) key: Option<IdempotencyKey>,
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialise::as_name"))]
    pub(super) preset: Option<Arc<str>>,
    pub(super) attempts: Few<Attempt>,
    pub(super) elapsed: Nanos,
    pub(super) stop: StopReason,
    pub(super) unsafe_to_repeat: Option<NotReplayable>,
    pub(super) effect: Effect,
    pub(super) replayed: bool,
    pub(super) possible_duplicates: u32,
    pub(super) queued: Nanos,
    pub(super) retry_after: Option<Duration>,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(super) ended: Option<Instant>,
}

impl Receipt {
    pub(crate) fn new(method: Method, origin: Short, key: Option<IdempotencyKey>) -> Self {
        Self {
            method,
            origin,
            key,
            preset: None,
            attempts: Few::None,
            elapsed: Nanos::ZERO,
            stop: StopReason::Accepted,
            unsafe_to_repeat: None,
            effect: Effect::NotApplied,
            replayed: false,
            possible_duplicates: 0,
            queued: Nanos::ZERO,
            retry_after: None,
            ended: None,
        }
    }

    /// The request's method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Scheme, host and port of the first request, without path or query.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The key that every attempt carried; `None` if the method carries none.
    #[must_use]
    pub fn key(&self) -> Option<&IdempotencyKey> {
        self.key.as_ref()
    }

    /// All attempts, the first one first; empty if nothing was sent.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        self.attempts.as_slice()
    }

    /// From the start of the operation to its end, waits included, a body read later excluded.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed.into()
    }

    /// Why it was not attempted again.
    #[must_use]
    pub fn stop(&self) -> StopReason {
        self.stop
    }

    /// What made the operation unsafe to repeat, if anything, whether or not that mattered.
    #[must_use]
    pub fn unsafe_to_repeat(&self) -> Option<NotReplayable> {
        self.unsafe_to_repeat
    }

    /// What the far side may have done because of the operation.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// True if the answer was stored by the server under this key earlier.
    #[must_use]
    pub fn replayed(&self) -> bool {
        self.replayed
    }

    /// The name of the preset that applied; `None` if this origin has none.
    #[must_use]
    pub fn preset(&self) -> Option<&str> {
        self.preset.as_deref()
    }

    /// The ids that the server gave its answers, in order, for its support; empty where no preset names their header.
    pub fn request_ids(&self) -> impl Iterator<Item = &str> {
        self.attempts().iter().filter_map(Attempt::request_id)
    }

    /// How many attempts were sent although an earlier one may have been processed and no key protects from a second
    /// processing: zero unless [`Replay::AtLeastOnce`](crate::Replay::AtLeastOnce) was asked for.
    #[must_use]
    pub fn possible_duplicates(&self) -> u32 {
        self.possible_duplicates
    }

    /// How long it waited for a place under the [concurrency limit](crate::ConcurrencyLimit), all attempts together.
    #[must_use]
    pub fn queued(&self) -> Duration {
        self.queued.into()
    }

    /// What the provider said was wrong at the last attempt.
    #[must_use]
    pub fn problem(&self) -> Option<Problem> {
        self.attempts().last()?.problem()
    }

    /// How long to wait, from the operation's end, before trying again; where the server or the breaker said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The instant from which trying again makes sense; `None` without a hint, or beyond what an `Instant` can hold.
    #[must_use]
    pub fn retry_at(&self) -> Option<Instant> {
        self.ended?.checked_add(self.retry_after?)
    }

    #[inline]
    pub(crate) fn add(&mut self, attempt: Attempt) {
        self.replayed = attempt.replayed;
        self.attempts.push(attempt);
    }

    /// Where the key stands, from the moment that it is given.
    pub(crate) fn key_mut(&mut self) -> &mut Option<IdempotencyKey> {
        &mut self.key
    }

    pub(crate) fn of_preset(&mut self, name: Arc<str>) {
        self.preset = Some(name);
    }

    pub(crate) fn queued_for(&mut self, wait: Duration) {
        self.queued = self.queued().saturating_add(wait).into();
    }

    pub(crate) fn may_have_duplicated(&mut self, times: u32) {
        self.possible_duplicates = times;
    }

    pub(crate) fn waits(&mut self, wait: Duration) {
        if let Some(last) = self.attempts.last_mut() {
            last.wait = Some(wait.into());
        }
    }

    /// Notes what a lookup after the last attempt found.
    pub(crate) fn looked_up(&mut self, effect: Effect) {
        if let Some(last) = self.attempts.last_mut() {
            last.looked_up = Some(effect);
        }
    }

    /// Notes what the far side may have done because of the attempts so far.
    pub(crate) fn has_effect(&mut self, effect: Effect) {
        self.effect = effect;
    }

    pub(crate) fn stopped(&mut self, stop: StopReason, retry_after: Option<Duration>, elapsed: Duration, now: Instant) {
        self.stop = stop;
        self.retry_after = retry_after;
        self.elapsed = elapsed.into();
        self.ended = Some(now);
    }

    pub(crate) fn is_unsafe_to_repeat(&mut self, why: NotReplayable) {
        self.unsafe_to_repeat = Some(why);
    }
}

/// Scheme, host and port, without credentials.
pub(crate) fn origin_of(url: &Url) -> Short {
    let origin = &url[..url::Position::BeforePath];
    match origin.rsplit_once('@') {
        None => origin.into(),
        Some((_, host)) => (&*format!("{}://{host}", url.scheme())).into(),
    }
}
