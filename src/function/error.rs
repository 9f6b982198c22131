use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, Instant};

use super::history::{Ending, History, Record};
use crate::error::ConfigError;
use crate::operation::{Effect, IdempotencyKey, NotReplayable, StopReason};

/// Why an operation failed: the last result that came, if any, and the whole history.
///
/// Generic as the closure's `Result<T, E>`, since a verdict may reject a value as well, which is kept readable. It is one
/// pointer in size. Its message is one line: the last error's own text, and why there was no further attempt.
///
/// # Examples
///
/// ```
/// use steadfast::{RetryPolicy, Verdict};
///
/// let failed = RetryPolicy::default()
///     .run_blocking(|_| "five".parse::<u8>())
///     .classify(|_| Verdict::fail())
///     .call()
///     .unwrap_err();
/// assert_eq!(failed.history().attempts().len(), 1);
/// assert!(failed.last().is_some_and(|error| error.to_string().contains("digit")));
/// ```
pub struct Error<T, E>(Box<Inner<T, E>>);

struct Inner<T, E> {
    history: History,
    last: Option<Result<T, E>>,
    fault: Option<ConfigError>,
}

impl<T, E> Error<T, E> {
    pub(super) fn new(history: History, last: Option<Result<T, E>>) -> Self {
        Self(Box::new(Inner {
            history,
            last,
            fault: None,
        }))
    }

    pub(super) fn misconfigured(history: History, fault: ConfigError) -> Self {
        Self(Box::new(Inner {
            history,
            last: None,
            fault: Some(fault),
        }))
    }

    /// What is out of its range, and the range: then nothing was attempted.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast::RetryPolicy;
    ///
    /// let run = RetryPolicy::default().run_blocking(|_| Ok::<_, String>(1)).total_timeout(Duration::ZERO).call();
    /// let failed = run.unwrap_err();
    /// assert_eq!(failed.config_error().map(|error| error.field()), Some("total_timeout"));
    /// assert_eq!(failed.to_string(), "`total_timeout` must be 1ms to 30days, but was 0s");
    /// ```
    #[must_use]
    pub fn config_error(&self) -> Option<&ConfigError> {
        self.0.fault.as_ref()
    }

    /// The last error that an attempt brought; `None` if there was none, as when the circuit was open at once.
    ///
    /// Where the last attempt was out of time, it is that of an earlier one.
    #[must_use]
    pub fn last(&self) -> Option<&E> {
        self.0.last.as_ref()?.as_ref().err()
    }

    /// Takes the last error.
    #[must_use]
    pub fn into_inner(self) -> Option<E> {
        self.0.last?.err()
    }

    /// The last result, where a verdict rejected a value.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        self.0.last.as_ref()?.as_ref().ok()
    }

    /// Takes the rejected value.
    #[must_use]
    pub fn into_value(self) -> Option<T> {
        self.0.last?.ok()
    }

    /// All attempts and all waits.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.0.history
    }

    /// Why there was no further attempt.
    #[must_use]
    pub fn stop(&self) -> StopReason {
        self.0.history.stop().unwrap_or(StopReason::Final)
    }

    /// What the far side may have done because of the operation.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.0.history.effect()
    }

    /// The operation's key: repeat under it, later or in another process, and nothing happens twice.
    #[must_use]
    pub fn key(&self) -> Option<&IdempotencyKey> {
        self.0.history.key()
    }

    /// The instant from which trying again makes sense, if a verdict or the breaker said so.
    #[must_use]
    pub fn retry_at(&self) -> Option<Instant> {
        self.0.history.retry_at()
    }

    /// The same as [`retry_at`](Self::retry_at), counted from the operation's end.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.history.retry_after()
    }

    /// The last attempt was out of time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.ending() == Some(Ending::TimedOut)
    }

    /// The circuit breaker refused, or would have at the end of the wait.
    #[must_use]
    pub fn is_circuit_open(&self) -> bool {
        self.stop() == StopReason::CircuitOpen
    }

    /// The retry budget was spent.
    #[must_use]
    pub fn is_budget_exhausted(&self) -> bool {
        self.stop() == StopReason::BudgetExhausted
    }

    /// The policy's attempts were used up, in all or for such an outcome.
    #[must_use]
    pub fn is_attempts_exhausted(&self) -> bool {
        matches!(self.stop(), StopReason::AttemptsExhausted | StopReason::OutcomeLimit)
    }

    /// The deadline left no room for another attempt.
    #[must_use]
    pub fn is_deadline(&self) -> bool {
        self.stop() == StopReason::Deadline
    }

    /// The attempt may have been processed, and repeating it could do it twice.
    #[must_use]
    pub fn is_not_replayable(&self) -> bool {
        matches!(self.stop(), StopReason::NotReplayable(_))
    }

    /// The far side may have forgotten the key, so the attempt was not repeated.
    #[must_use]
    pub fn is_key_expired(&self) -> bool {
        self.stop() == StopReason::KeyExpired
    }

    /// A verdict asked for a longer wait than the policy allows.
    #[must_use]
    pub fn is_retry_after_too_long(&self) -> bool {
        self.stop() == StopReason::RetryAfterTooLong
    }

    fn ending(&self) -> Option<Ending> {
        self.0.history.attempts().last().map(Record::ending)
    }
}

impl<T, E: fmt::Display> fmt::Display for Error<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(fault) = self.config_error() {
            return fault.fmt(f);
        }
        match (self.ending(), self.last()) {
            (None, _) => f.write_str("nothing was attempted")?,
            (Some(Ending::TimedOut), _) => f.write_str("no result in time")?,
            (Some(_), Some(error)) => error.fmt(f)?,
            (Some(_), None) => f.write_str("the value was rejected")?,
        }
        let attempts = self.0.history.attempts().len();
        write!(
            f,
            " (attempt {attempts}; {}; effect: {})",
            StopText(self.stop()),
            self.effect()
        )
    }
}

/// Of a reason, what it means for something that is not HTTP.
struct StopText(StopReason);

impl fmt::Display for StopText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            StopReason::Accepted => f.write_str("the error is the answer"),
            StopReason::NotReplayable(NotReplayable::NoKey) => f.write_str("not repeatable"),
            stop => stop.fmt(f),
        }
    }
}

/// The value is not shown: it need not be `Debug`, and may be anything.
impl<T, E: fmt::Debug> fmt::Debug for Error<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("last", &self.last())
            .field("history", &format_args!("{}", self.0.history))
            .field("config_error", &self.config_error())
            .finish()
    }
}

impl<T, E: StdError + 'static> StdError for Error<T, E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.last().map(|error| error as _)
    }
}
