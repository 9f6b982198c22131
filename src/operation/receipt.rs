use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderValue, Method, StatusCode};
use url::Url;

use super::{Delivery, Effect, FailureKind, Few, IdempotencyKey, NotReplayable, Outcome, Problem, StopReason};

/// The report on one operation: every attempt, every wait, and why it stopped.
///
/// Every success carries one ([`ResponseExt::receipt`](crate::ResponseExt::receipt)) and every error too
/// ([`Error::receipt`](crate::Error::receipt)). Its `Display` is a short table for a log; it holds no secret: the key
/// shows as a [fingerprint](IdempotencyKey::fingerprint), the address as an origin.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Receipt {
    #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
    pub(super) method: Method,
    pub(super) origin: Box<str>,
    pub(super) key: Option<IdempotencyKey>,
    #[cfg_attr(feature = "serde", serde(serialize_with = "as_name"))]
    pub(super) preset: Option<Arc<str>>,
    pub(super) attempts: Few<Attempt>,
    pub(super) elapsed: Duration,
    pub(super) stop: StopReason,
    pub(super) unsafe_to_repeat: Option<NotReplayable>,
    pub(super) effect: Effect,
    pub(super) replayed: bool,
    pub(super) possible_duplicates: u32,
    pub(super) retry_after: Option<Duration>,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(super) ended: Option<Instant>,
}

/// One attempt of an operation, as the receipt keeps it.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Attempt {
    number: u32,
    started: Duration,
    took: Duration,
    ending: Ending,
    effect: Effect,
    replayed: bool,
    problem: Option<Problem>,
    #[cfg_attr(feature = "serde", serde(serialize_with = "as_id"))]
    request_id: Option<HeaderValue>,
    wait: Option<Duration>,
    hops: Vec<Hop>,
    unseen_redirect: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Ending {
    /// A response head arrived.
    #[non_exhaustive]
    Response {
        /// Its status.
        #[cfg_attr(feature = "serde", serde(serialize_with = "as_number"))]
        status: StatusCode,
    },
    /// No (whole) response arrived.
    #[non_exhaustive]
    Failure {
        /// What happened.
        kind: FailureKind,
        /// Whether the server may have acted.
        delivery: Delivery,
    },
}

/// One redirect that was followed within an attempt.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Hop {
    #[cfg_attr(feature = "serde", serde(serialize_with = "as_number"))]
    status: StatusCode,
    #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
    method: Method,
    origin: Box<str>,
}

impl Receipt {
    pub(crate) fn new(method: Method, url: &Url, key: Option<IdempotencyKey>) -> Self {
        Self {
            method,
            origin: origin_of(url),
            key,
            preset: None,
            attempts: Few::None,
            elapsed: Duration::ZERO,
            stop: StopReason::Accepted,
            unsafe_to_repeat: None,
            effect: Effect::NotApplied,
            replayed: false,
            possible_duplicates: 0,
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
        self.elapsed
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

    pub(crate) fn add(&mut self, attempt: Attempt) {
        self.replayed = attempt.replayed;
        self.attempts.push(attempt);
    }

    pub(crate) fn of_preset(&mut self, name: Arc<str>) {
        self.preset = Some(name);
    }

    pub(crate) fn may_have_duplicated(&mut self, times: u32) {
        self.possible_duplicates = times;
    }

    pub(crate) fn waits(&mut self, wait: Duration) {
        if let Some(last) = self.attempts.last_mut() {
            last.wait = Some(wait);
        }
    }

    /// Notes what the far side may have done because of the attempts so far.
    pub(crate) fn has_effect(&mut self, effect: Effect) {
        self.effect = effect;
    }

    pub(crate) fn stopped(&mut self, stop: StopReason, retry_after: Option<Duration>, elapsed: Duration, now: Instant) {
        self.stop = stop;
        self.retry_after = retry_after;
        self.elapsed = elapsed;
        self.ended = Some(now);
    }

    pub(crate) fn is_unsafe_to_repeat(&mut self, why: NotReplayable) {
        self.unsafe_to_repeat = Some(why);
    }
}

impl Attempt {
    pub(crate) fn new(
        outcome: &Outcome<'_>,
        effect: Effect,
        (started, took): (Duration, Duration),
        hops: Vec<Hop>,
    ) -> Self {
        Self {
            number: outcome.attempt(),
            started,
            took,
            ending: Ending::of(outcome),
            effect,
            replayed: outcome.is_replayed(),
            problem: None,
            request_id: None,
            wait: None,
            hops,
            unseen_redirect: outcome.is_after_unseen_redirect(),
        }
    }

    pub(crate) fn with_problem(mut self, problem: Option<Problem>) -> Self {
        self.problem = problem;
        self
    }

    /// Notes the server's id; one that is not short visible ASCII is no id, and would not belong in a log.
    pub(crate) fn with_request_id(mut self, id: Option<&HeaderValue>) -> Self {
        let is_id = |id: &&HeaderValue| {
            let bytes = id.as_bytes();
            (1..=LONGEST_ID).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
        };
        self.request_id = id.filter(is_id).cloned();
        self
    }

    /// Its number; the first is 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// When it began, from the operation's start.
    #[must_use]
    pub fn started(&self) -> Duration {
        self.started
    }

    /// How long it took, to the response head, or to the end of the body if that was buffered.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// How it ended.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// What the far side may have done because of this attempt alone.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// True if the server says that it had stored this answer earlier under the same key.
    #[must_use]
    pub fn replayed(&self) -> bool {
        self.replayed
    }

    /// What the provider said was wrong, where it is one of the [known problems](Problem).
    #[must_use]
    pub fn problem(&self) -> Option<Problem> {
        self.problem
    }

    /// The server's id of its answer, for its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_ref()?.to_str().ok()
    }

    /// How long was waited after it; `None` if it was the last.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.wait
    }

    /// True if the client given to [`Client::from_reqwest`](crate::Client::from_reqwest) followed redirects by itself.
    #[must_use]
    pub fn unseen_redirect(&self) -> bool {
        self.unseen_redirect
    }

    /// The redirects followed within it: as many requests more than one.
    #[must_use]
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }
}

impl Ending {
    /// The status, if a response head arrived.
    #[must_use]
    pub fn status(self) -> Option<StatusCode> {
        match self {
            Self::Response { status } => Some(status),
            Self::Failure { .. } => None,
        }
    }

    fn of(outcome: &Outcome<'_>) -> Self {
        match (outcome.status(), outcome.error()) {
            (_, Some(failure)) => Self::Failure {
                kind: failure.kind(),
                delivery: failure.delivery(),
            },
            (Some(status), None) => Self::Response { status },
            (None, None) => Self::Failure {
                kind: FailureKind::Other,
                delivery: Delivery::Unknown,
            },
        }
    }
}

impl Hop {
    pub(crate) fn new(status: StatusCode, method: Method, to: &Url) -> Self {
        Self {
            status,
            method,
            origin: origin_of(to),
        }
    }

    /// The redirect's status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The method of the request that followed.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Scheme, host and port it led to, without path or query.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

/// Longer than any provider's request id by far.
const LONGEST_ID: usize = 128;

fn origin_of(url: &Url) -> Box<str> {
    url[..url::Position::BeforePath].rsplit_once('@').map_or_else(
        || url[..url::Position::BeforePath].into(),
        |(_, host)| format!("{}://{host}", url.scheme()).into(),
    )
}

#[cfg(feature = "serde")]
fn as_text<S: serde::Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(method.as_str())
}

#[cfg(feature = "serde")]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

#[cfg(feature = "serde")]
#[expect(clippy::ref_option, reason = "serde's signature")]
fn as_name<S: serde::Serializer>(name: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&name.as_deref(), serializer)
}

#[cfg(feature = "serde")]
#[expect(clippy::ref_option, reason = "serde's signature")]
fn as_id<S: serde::Serializer>(id: &Option<HeaderValue>, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&id.as_ref().and_then(|id| id.to_str().ok()), serializer)
}
