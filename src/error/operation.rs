use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, Instant};

use http::StatusCode;

use super::ConfigError;
use super::kind::Kind;
use crate::operation::{Effect, Failure, FailureKind, IdempotencyKey, KeyError, Problem, Receipt, StopReason};

/// Why an operation failed: no answer, or an answer that is not success and was not retried further.
///
/// It keeps everything: the [receipt](Self::receipt) with all attempts and the reason to stop, the
/// [effect](Self::effect) that the operation may have had, the [key](Self::key) under which to ask again, the last
/// [response](Self::response), readable, and the last [failure](Self::failure) as its `source`. It is one pointer in size.
///
/// Neither its message nor its `Debug` holds a key, a credential, a query string or a body. What an error of the caller's own
/// says, of a hook or a body, is the caller's: reqwest's lose their URL, if no other error wraps them.
///
/// # Examples
///
/// ```
/// # fn handle(error: steadfast::Error) {
/// use steadfast::Effect;
///
/// let unprotected = error.receipt().is_some_and(|receipt| receipt.unsafe_to_repeat().is_some());
/// match error.effect() {
///     Effect::NotApplied => { /* nothing happened: tell the user to try again */ }
///     Effect::Applied => { /* it happened, and only the answer is missing */ }
///     _ if unprotected || error.is_key_expired() => { /* ask the provider: a repeat may do it twice */ }
///     _ => { /* it may have: keep error.key() and ask the provider, or repeat later under the same key */ }
/// }
/// # }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    receipt: Option<Receipt>,
    response: Option<reqwest::Response>,
}

impl Error {
    /// The request could not be built: a bad URL, header, body, or key. Nothing was sent.
    #[must_use]
    pub fn is_builder(&self) -> bool {
        matches!(self.0.kind, Kind::Request { .. } | Kind::Key(_) | Kind::Config(_))
    }

    /// The last attempt ran into a time limit: connect, head or buffered body.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.failure().is_some_and(Failure::is_timeout)
    }

    /// The last attempt made no connection: name, route, refusal, TLS, proxy or time limit.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.has_kind(|kind| {
            use FailureKind::{Connect, ConnectTimeout, Dns, ProxyAuth, Tls};
            matches!(kind, Dns | Connect | ConnectTimeout | Tls | ProxyAuth)
        })
    }

    /// The last attempt's connection died before a response.
    #[must_use]
    pub fn is_connection_lost(&self) -> bool {
        self.has_kind(|kind| kind == FailureKind::ConnectionLost)
    }

    /// The last attempt's response began, but its body was cut, late, or too large to buffer.
    #[must_use]
    pub fn is_body(&self) -> bool {
        self.has_kind(|kind| {
            matches!(
                kind,
                FailureKind::Body | FailureKind::BodyTimeout | FailureKind::BodyTooLarge
            )
        })
    }

    /// The server answered, with a status that is not success.
    #[must_use]
    pub fn is_status(&self) -> bool {
        matches!(self.0.kind, Kind::Status(_))
    }

    /// The circuit breaker refused, or would have at the end of the wait.
    #[must_use]
    pub fn is_circuit_open(&self) -> bool {
        self.stopped_by(StopReason::CircuitOpen)
    }

    /// The origin's retry budget was spent.
    #[must_use]
    pub fn is_budget_exhausted(&self) -> bool {
        self.stopped_by(StopReason::BudgetExhausted)
    }

    /// The policy's attempts were used up, in all or for such an outcome.
    #[must_use]
    pub fn is_attempts_exhausted(&self) -> bool {
        matches!(
            self.stop(),
            Some(StopReason::AttemptsExhausted | StopReason::OutcomeLimit)
        )
    }

    /// The policy's time for beginning retries was over.
    #[must_use]
    pub fn is_time_exhausted(&self) -> bool {
        self.stopped_by(StopReason::TimeExhausted)
    }

    /// A stop condition of the policy ended it.
    #[must_use]
    pub fn is_stop_condition(&self) -> bool {
        self.stopped_by(StopReason::StopCondition)
    }

    /// The deadline left no room for another attempt.
    #[must_use]
    pub fn is_deadline(&self) -> bool {
        self.stopped_by(StopReason::Deadline)
    }

    /// The attempt may have been processed, and repeating it could do it twice.
    #[must_use]
    pub fn is_not_replayable(&self) -> bool {
        matches!(self.stop(), Some(StopReason::NotReplayable(_)))
    }

    /// The server may have forgotten the key, so the attempt was not repeated.
    #[must_use]
    pub fn is_key_expired(&self) -> bool {
        self.stopped_by(StopReason::KeyExpired)
    }

    /// The key was used before, by a request that the server holds to be another one: a bug, never retried.
    ///
    /// Told only where a [preset](crate::preset) or a classifier knows the server's wording.
    #[must_use]
    pub fn is_key_reused(&self) -> bool {
        self.has_problem(Problem::KeyReused)
    }

    /// Another request with this key was still being processed when the retries, all under the same key, ended.
    #[must_use]
    pub fn is_key_in_use(&self) -> bool {
        self.has_problem(Problem::KeyInUse)
    }

    /// The account has no money or quota left; the server did not act, and it was not retried.
    #[must_use]
    pub fn is_quota_exhausted(&self) -> bool {
        self.has_problem(Problem::QuotaExhausted)
    }

    /// The key cannot go to this server: too long for it, not visible ASCII, or derived from nothing. Nothing was sent.
    #[must_use]
    pub fn is_key_invalid(&self) -> bool {
        matches!(self.0.kind, Kind::Key(_))
    }

    /// The server replayed a failure that it stored under this key: only a new operation can end differently.
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        self.stopped_by(StopReason::Replayed)
    }

    /// A [lookup](crate::ClientBuilder::on_unknown) found that the operation had taken effect; its answer is lost.
    #[must_use]
    pub fn is_looked_up(&self) -> bool {
        self.stopped_by(StopReason::LookedUp)
    }

    /// Too many attempts were under way or queued at the origin's [concurrency limit](crate::ConcurrencyLimit).
    #[must_use]
    pub fn is_concurrency_limited(&self) -> bool {
        self.stopped_by(StopReason::ConcurrencyLimited)
    }

    /// The server asked for a longer wait than the policy allows.
    #[must_use]
    pub fn is_retry_after_too_long(&self) -> bool {
        self.stopped_by(StopReason::RetryAfterTooLong)
    }

    /// What the far side may have done because of the operation.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.0.receipt.as_ref().map_or(Effect::NotApplied, Receipt::effect)
    }

    /// The operation's key: repeat under it, later or in another process, and nothing happens twice.
    #[must_use]
    pub fn key(&self) -> Option<&IdempotencyKey> {
        self.0.receipt.as_ref()?.key()
    }

    /// All attempts, and why it stopped; `None` if the request could not be built.
    #[must_use]
    pub fn receipt(&self) -> Option<&Receipt> {
        self.0.receipt.as_ref()
    }

    /// The instant from which trying again makes sense, if the server or the breaker said so.
    #[must_use]
    pub fn retry_at(&self) -> Option<Instant> {
        self.0.receipt.as_ref()?.retry_at()
    }

    /// The same as [`retry_at`](Self::retry_at), counted from the operation's end.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.receipt.as_ref()?.retry_after()
    }

    /// The last status that the server answered.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match (&self.0.kind, &self.0.response) {
            (Kind::Status(status), _) => Some(*status),
            (Kind::Failure(failure), _) if failure.status().is_some() => failure.status(),
            (_, Some(response)) => Some(response.status()),
            _ => None,
        }
    }

    /// The last response, body unread or kept.
    #[must_use]
    pub fn response(&self) -> Option<&reqwest::Response> {
        self.0.response.as_ref()
    }

    /// Takes the last response.
    #[must_use]
    pub fn into_response(self) -> Option<reqwest::Response> {
        self.0.response
    }

    /// How the last attempt failed, if it brought no (whole) response.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match &self.0.kind {
            Kind::Failure(failure) => Some(failure),
            _ => None,
        }
    }

    pub(crate) fn request(what: &'static str) -> Self {
        Self::of(Kind::Request {
            what: what.into(),
            source: None,
        })
    }

    pub(crate) fn request_because(
        what: impl Into<Cow<'static, str>>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::of(Kind::Request {
            what: what.into(),
            source: Some(source.into()),
        })
    }

    pub(crate) fn failed(receipt: Receipt, failure: Option<Failure>, response: Option<reqwest::Response>) -> Self {
        let kind = match (failure, &response) {
            (Some(failure), _) => Kind::Failure(failure),
            (None, Some(response)) => Kind::Status(response.status()),
            // An answer that is not kept: a lookup outdid it, or it was too large, or too slow, to be kept through a wait.
            (None, None) => answered(&receipt).map_or(Kind::NothingSent, Kind::Status),
        };
        Self(Box::new(Inner {
            kind,
            receipt: Some(receipt),
            response,
        }))
    }

    /// A failure before there was an operation.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "a client is always ready"))]
    pub(crate) fn before_all(failure: Failure) -> Self {
        Self::of(Kind::Failure(failure))
    }

    fn of(kind: Kind) -> Self {
        Self(Box::new(Inner {
            kind,
            receipt: None,
            response: None,
        }))
    }

    fn has_problem(&self, problem: Problem) -> bool {
        self.0.receipt.as_ref().and_then(Receipt::problem) == Some(problem)
    }

    fn stop(&self) -> Option<StopReason> {
        self.0.receipt.as_ref().map(Receipt::stop)
    }

    fn stopped_by(&self, reason: StopReason) -> bool {
        self.stop() == Some(reason)
    }

    fn has_kind(&self, test: impl FnOnce(FailureKind) -> bool) -> bool {
        self.failure().is_some_and(|failure| test(failure.kind()))
    }
}

/// The last status that arrived.
fn answered(receipt: &Receipt) -> Option<StatusCode> {
    receipt
        .attempts()
        .iter()
        .rev()
        .find_map(|attempt| attempt.ending().status())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(receipt) = &self.0.receipt else {
            return self.0.kind.fmt(f);
        };
        write!(f, "{} {} failed: {}", receipt.method(), receipt.origin(), self.0.kind)?;
        f.write_str(" (")?;
        if let Some(last) = receipt.attempts().last() {
            write!(f, "attempt {}; ", last.number())?;
        }
        write!(f, "{}; effect: {})", receipt.stop(), receipt.effect())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.0.kind);
        if let Some(receipt) = &self.0.receipt {
            out.field("receipt", &format_args!("{receipt}"));
        }
        out.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.kind {
            Kind::Request { source, .. } => source.as_deref().map(|source| source as _),
            Kind::Failure(failure) => Some(failure),
            _ => None,
        }
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        Self::of(error.into())
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::of(error.into())
    }
}
