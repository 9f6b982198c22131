use std::fmt;
use std::time::Duration;

use crate::operation::{Effect, Outcome, Problem, Seconds, Told};

/// What an outcome means.
///
/// Opaque, so that the one claim which lifts the replay gate, "the server certainly did not act", can be made only by
/// the visible name [`Verdict::retry_untouched`].
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Verdict {
    meaning: Meaning,
    /// What the attempt did, where the classifier knows better than the status tells.
    effect: Option<Effect>,
    problem: Option<Problem>,
    /// Said by the caller's own code, not by a preset or a table: that is told where it ends the operation.
    by_caller: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Accept,
    Fail,
    Retry { after: Option<Duration> },
}

/// What an attempt that was not HTTP brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Brought {
    Value,
    Error,
}

impl Verdict {
    /// The least wait before the key of a request in flight is tried again: sooner, it is in flight still.
    pub const KEY_IN_USE_WAIT: Duration = Duration::from_millis(500);

    /// The outcome is the answer: the operation ends with `Ok`. A failure without a response cannot be accepted.
    #[inline]
    pub fn accept() -> Self {
        Self::of(Meaning::Accept)
    }

    /// The operation failed for good.
    pub fn fail() -> Self {
        Self::of(Meaning::Fail)
    }

    /// A retry can heal it, if repeating is safe.
    #[inline]
    pub fn retry() -> Self {
        Self::of(Meaning::Retry { after: None })
    }

    /// As [`Verdict::retry`], but not before this wait is over; a longer backoff or `Retry-After` still holds.
    pub fn retry_after(after: Duration) -> Self {
        Self::retry().not_before(after)
    }

    /// A retry can heal it, and the server **certainly did not act**: even a request without a key may be repeated.
    ///
    /// A false claim here can run an operation twice. Make it only where the provider documents it, for example for a
    /// rate limiter that stands before processing.
    pub fn retry_untouched() -> Self {
        Self::retry().with_effect(Effect::NotApplied)
    }

    /// The answer says that the operation was done by an earlier attempt: `Ok`, and its effect is known.
    pub fn already_done() -> Self {
        Self::accept().with_effect(Effect::Applied)
    }

    /// Another request with this key is in flight: ask again under the same key, after half a second or more.
    pub fn key_in_use() -> Self {
        Self::retry_after(Self::KEY_IN_USE_WAIT)
            .with_effect(Effect::Unknown)
            .with_problem(Problem::KeyInUse)
    }

    /// The key belongs to another request: a bug, never retried.
    ///
    /// The effect is unknown: whether that other request was this very operation, in an earlier life, is not told.
    pub fn key_reused() -> Self {
        Self::fail()
            .with_effect(Effect::Unknown)
            .with_problem(Problem::KeyReused)
    }

    /// The account has no money or quota left: refused without acting, and never retried.
    pub fn quota_exhausted() -> Self {
        Self::fail()
            .with_effect(Effect::NotApplied)
            .with_problem(Problem::QuotaExhausted)
    }

    /// Adds a least wait to a retry; does nothing to other verdicts.
    pub fn not_before(mut self, wait: Duration) -> Self {
        if let Meaning::Retry { after } = &mut self.meaning {
            *after = Some(after.map_or(wait, |after| after.max(wait)));
        }
        self
    }

    /// True for [`Verdict::accept`].
    #[must_use]
    pub fn is_accept(&self) -> bool {
        self.meaning == Meaning::Accept
    }

    /// True for every retry.
    #[must_use]
    pub fn is_retry(&self) -> bool {
        matches!(self.meaning, Meaning::Retry { .. })
    }

    /// True if the classifier claims that the server certainly did not act.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.is_retry() && self.effect == Some(Effect::NotApplied)
    }

    /// The least wait that the classifier asked for.
    #[must_use]
    pub fn after(&self) -> Option<Duration> {
        match self.meaning {
            Meaning::Retry { after } => after,
            Meaning::Accept | Meaning::Fail => None,
        }
    }

    /// What the provider said was wrong.
    #[must_use]
    pub fn problem(&self) -> Option<Problem> {
        self.problem
    }

    /// What the attempt did, where the classifier said so.
    pub(crate) fn effect(&self) -> Option<Effect> {
        self.effect
    }

    /// The outcome of an attempt that was not HTTP and brought a value, or none.
    #[inline]
    pub(crate) fn outcome(&self, value: Brought) -> Outcome<'static> {
        Outcome::told(match (self.meaning, value) {
            (Meaning::Accept, Brought::Value) => Told::Done,
            (Meaning::Accept, Brought::Error) | (Meaning::Fail, _) => Told::Answered,
            (Meaning::Retry { after: Some(wait) }, _) => Told::Busy(wait),
            (Meaning::Retry { after: None }, _) => Told::Failed,
        })
    }

    /// The same problem and effect, but the operation failed for good.
    pub(crate) fn but_final(mut self) -> Self {
        self.meaning = Meaning::Fail;
        self
    }

    /// The same, said by the caller's own code.
    #[inline]
    pub(crate) fn by_caller(mut self) -> Self {
        self.by_caller = true;
        self
    }

    /// True if the caller's own code called it a failure for good.
    #[inline]
    pub(crate) fn is_rejection(&self) -> bool {
        self.by_caller && self.meaning == Meaning::Fail
    }

    /// What both say, if they agree on the kind; each detail as far as they agree on it.
    ///
    /// The longer wait; a problem, and the claim that the server did not act, only of both; doubt of either.
    pub(super) fn agreed_with(self, other: Self) -> Option<Self> {
        let meaning = match (self.meaning, other.meaning) {
            (Meaning::Retry { after: one }, Meaning::Retry { after: another }) => Meaning::Retry {
                after: one.max(another),
            },
            (one, another) if one == another => one,
            _ => return None,
        };
        let effect = match (self.effect, other.effect) {
            (Some(Effect::Unknown), _) | (_, Some(Effect::Unknown)) => Some(Effect::Unknown),
            (one, another) => one.filter(|_| one == another),
        };
        Some(Self {
            meaning,
            effect,
            problem: self.problem.filter(|_| self.problem == other.problem),
            by_caller: self.by_caller,
        })
    }

    #[inline]
    fn of(meaning: Meaning) -> Self {
        Self {
            meaning,
            effect: None,
            problem: None,
            by_caller: false,
        }
    }

    fn with_effect(mut self, effect: Effect) -> Self {
        self.effect = Some(effect);
        self
    }

    fn with_problem(mut self, problem: Problem) -> Self {
        self.problem = Some(problem);
        self
    }
}

/// Who said it is no part of what is said.
impl PartialEq for Verdict {
    fn eq(&self, other: &Self) -> bool {
        (self.meaning, self.effect, self.problem) == (other.meaning, other.effect, other.problem)
    }
}

impl Eq for Verdict {}

/// In the words of the constructors: `retry after 2.000 s`, `already done`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.problem, self.meaning, self.effect) {
            (Some(Problem::KeyInUse), ..) => f.write_str("key in use"),
            (Some(Problem::KeyReused), ..) => f.write_str("key reused"),
            (Some(Problem::QuotaExhausted), ..) => f.write_str("quota exhausted"),
            (_, Meaning::Accept, Some(Effect::Applied)) => f.write_str("already done"),
            (_, Meaning::Accept, _) => f.write_str("accept"),
            (_, Meaning::Fail, _) => f.write_str("fail"),
            (_, Meaning::Retry { after }, effect) => {
                f.write_str("retry")?;
                if effect == Some(Effect::NotApplied) {
                    f.write_str(" untouched")?;
                }
                match after {
                    Some(wait) => write!(f, " after {}", Seconds(wait)),
                    None => Ok(()),
                }
            }
        }
    }
}
