use std::fmt;

/// Why an operation was not attempted again.
///
/// Every [`Receipt`](crate::Receipt) carries one, on success too: "why was this not retried" has an answer always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum StopReason {
    /// The server gave its answer.
    Accepted,
    /// The failure cannot heal: a retry would fail in the same way.
    Final,
    /// A classifier of the caller's called it a failure for good.
    ///
    /// [`Attempts`](crate::retry::Attempts) alone says `Final`: it is told verdicts, not whose they are.
    Rejected,
    /// The server replayed a stored failure: a retry with this key returns the same bytes.
    Replayed,
    /// The attempt may have been processed, and repeating it could do it twice.
    NotReplayable(NotReplayable),
    /// The server may have forgotten the key, so a repeat could do it twice.
    KeyExpired,
    /// The policy's attempts are used up.
    AttemptsExhausted,
    /// The policy's attempts for such an outcome are used up.
    OutcomeLimit,
    /// The server asked for a longer wait than the policy's limit.
    RetryAfterTooLong,
    /// The policy's time for beginning retries is over.
    TimeExhausted,
    /// A stop condition of the policy holds.
    StopCondition,
    /// The next attempt would not fit before the deadline.
    Deadline,
    /// The circuit breaker refuses, or would refuse at the end of the wait.
    CircuitOpen,
    /// The retry budget of the origin is spent.
    BudgetExhausted,
    /// The origin's concurrency limit is reached, and its queue is full or too slow.
    ConcurrencyLimited,
    /// A lookup found that the operation had taken effect.
    LookedUp,
}

/// What made an attempt that may have been processed unsafe to repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum NotReplayable {
    /// The method is not idempotent (RFC 9110 §9.2.2) and the request carries no key.
    NoKey,
    /// The request carries a key, but this server is known to ignore it.
    KeyIgnored,
    /// The body was a stream that could be read only once.
    OneShotBody,
    /// The caller asked for a single attempt.
    SendOnce,
    /// Another retry layer stands around this one and repeats the request; both would multiply attempts.
    Nested,
}

impl StopReason {
    /// A word for logs and metrics, of low cardinality.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Final => "final",
            Self::Rejected => "rejected",
            Self::Replayed => "replayed",
            Self::NotReplayable(_) => "not_replayable",
            Self::KeyExpired => "key_expired",
            Self::AttemptsExhausted => "attempts_exhausted",
            Self::OutcomeLimit => "outcome_limit",
            Self::RetryAfterTooLong => "retry_after_too_long",
            Self::TimeExhausted => "time_exhausted",
            Self::StopCondition => "stop_condition",
            Self::Deadline => "deadline",
            Self::CircuitOpen => "circuit_open",
            Self::BudgetExhausted => "budget_exhausted",
            Self::ConcurrencyLimited => "concurrency_limited",
            Self::LookedUp => "looked_up",
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::Final => "a retry would fail in the same way",
            Self::Rejected => "a classifier called it a failure for good",
            Self::Replayed => "the server replayed a stored failure",
            Self::NotReplayable(why) => return why.fmt(f),
            Self::KeyExpired => "the server may have forgotten the key",
            Self::AttemptsExhausted => "no attempts left",
            Self::OutcomeLimit => "no attempts left for such an outcome",
            Self::RetryAfterTooLong => "the server asked for a longer wait than the limit",
            Self::TimeExhausted => "no time left to begin a retry",
            Self::StopCondition => "a stop condition of the policy holds",
            Self::Deadline => "the next attempt would not fit before the deadline",
            Self::CircuitOpen => "the circuit is open",
            Self::BudgetExhausted => "the retry budget is spent",
            Self::ConcurrencyLimited => "too many attempts at once to this origin",
            Self::LookedUp => "a lookup found that it had taken effect",
        })
    }
}

impl fmt::Display for NotReplayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKey => "not repeatable without a key",
            Self::KeyIgnored => "not repeatable: this server ignores keys",
            Self::OneShotBody => "not repeatable: the body could be read only once",
            Self::SendOnce => "not repeated: the caller asked for one attempt",
            Self::Nested => "not repeated here: a retry layer around this one repeats it",
        })
    }
}
