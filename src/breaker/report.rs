use std::error::Error;
use std::fmt;
use std::time::Instant;

/// What a breaker does with attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Lets all through and watches.
    Closed,
    /// Refuses all until a point in time.
    Open,
    /// Lets a few through to see whether the server has recovered.
    HalfOpen,
    /// Refuses all until [`reset`](super::CircuitBreaker::reset).
    Isolated,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
            Self::Isolated => "isolated",
        })
    }
}

/// Why a breaker opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// Too large a share of the attempts failed.
    FailureRate,
    /// Too large a share of the attempts was slow.
    SlowRate,
    /// Too many attempts failed one after another.
    ConsecutiveFailures,
    /// A probe failed, or was slow where that counts.
    ProbeFailed,
    /// The server asked all callers to wait.
    RetryAfter,
}

/// A change of a breaker's state.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Transition {
    /// It refuses attempts from now on.
    #[non_exhaustive]
    Opened {
        /// Why.
        cause: Cause,
        /// When it will let the first probe through.
        retry_at: Instant,
        /// The share of failed attempts in the window, 0 to 1.
        failure_rate: f64,
        /// How many attempts the window holds.
        attempts: u64,
    },
    /// It lets probes through.
    HalfOpened,
    /// It lets all attempts through again.
    Closed,
    /// It was taken out of service by hand.
    Isolated,
}

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened {
                cause,
                failure_rate,
                attempts,
                ..
            } => {
                write!(
                    f,
                    "opened: {cause}, {:.0} % of {attempts} attempts failed",
                    failure_rate * 100.0
                )
            }
            Self::HalfOpened => f.write_str("lets probes through"),
            Self::Closed => f.write_str("closed"),
            Self::Isolated => f.write_str("was isolated"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FailureRate => "too many attempts failed",
            Self::SlowRate => "too many attempts were slow",
            Self::ConsecutiveFailures => "too many attempts failed in a row",
            Self::ProbeFailed => "a probe failed",
            Self::RetryAfter => "the server asked to wait",
        })
    }
}

/// What a breaker knows about one scope at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// What it does with attempts.
    pub state: State,
    /// How many attempts ended within the window, neutral ones not counted.
    pub attempts: u64,
    /// How many of them failed.
    pub failures: u64,
    /// How many of them were slow; 0 unless [`slow_calls`](super::CircuitBreakerBuilder::slow_calls) is set.
    pub slow: u64,
    /// The share of failed attempts, 0 to 1.
    pub failure_rate: f64,
    /// How many attempts failed since the last success.
    pub consecutive_failures: u32,
    /// When an open breaker will let the first probe through.
    pub retry_at: Option<Instant>,
}

/// A breaker does not let an attempt through; nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The state in which it refused.
    pub state: State,
    /// When it makes sense to come back: from then on a probe may be let through; `None` while isolated.
    pub retry_at: Option<Instant>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the circuit breaker is {}", self.state)
    }
}

impl Error for Refusal {}

/// How an attempt ended, as a breaker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// The server is alive: any answer below 500 but 429.
    Success,
    /// The server or the way to it failed: 5xx, a timeout, a failed connection.
    Failure,
    /// It says nothing about the server's health: 429, or the caller's cancellation.
    Neutral,
}

/// Whether an attempt is an operation's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Try {
    /// The first attempt of an operation.
    First,
    /// A repetition.
    Retry,
}

/// What an open breaker may refuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// All attempts.
    #[default]
    Normal,
    /// None: the state is kept and reported, nothing is refused, not even while isolated.
    ObserveOnly,
    /// Retries only: first tries go through, unless it is isolated.
    RetriesOnly,
}
