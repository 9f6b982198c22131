use std::fmt;
use std::time::{Duration, Instant};

use crate::classify::Verdict;
use crate::operation::{Effect, Few, IdempotencyKey, Seconds, StopReason};

/// The report on one operation: every attempt, every wait, and why it stopped.
///
/// Every [`Error`](super::Error) carries it; [`Run::history`](super::Run::history) gives it on success, too. Its
/// `Display` is a short table for a log without secrets: of the key it shows the fingerprint.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub(super) key: Option<IdempotencyKey>,
    pub(super) attempts: Few<Record>,
    pub(super) end: Option<End>,
    pub(super) effect: Option<Effect>,
    pub(super) possible_duplicates: u32,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) stop: StopReason,
    pub(super) retry_after: Option<Duration>,
    pub(super) started: Instant,
    pub(super) at: Instant,
}

/// One attempt of an operation, as the history keeps it.
#[derive(Clone, Debug)]
pub struct Record {
    pub(super) number: u32,
    /// When the operation began; the differences are taken by who reads them.
    pub(super) operation: Instant,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    pub(super) ending: Ending,
    pub(super) verdict: Verdict,
    pub(super) effect: Effect,
    pub(super) wait: Option<Duration>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// It brought a value.
    Value,
    /// It brought an error.
    Error,
    /// It was out of time, and dropped.
    TimedOut,
}

impl History {
    /// All attempts that ended, the first one first; empty if none was made.
    #[must_use]
    pub fn attempts(&self) -> &[Record] {
        self.attempts.as_slice()
    }

    /// The key that every attempt was given.
    #[must_use]
    pub fn key(&self) -> Option<&IdempotencyKey> {
        self.key.as_ref()
    }

    /// Why there was no further attempt; `None` until then, and for ever if the operation was dropped.
    #[must_use]
    pub fn stop(&self) -> Option<StopReason> {
        self.end.map(|end| end.stop)
    }

    /// What the far side may have done because of the operation; unknown while an attempt is under way, and for ever if it
    /// was dropped then.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect.unwrap_or(Effect::NotApplied)
    }

    /// From the start of the operation to its end, waits included; zero until then.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.end
            .map_or(Duration::ZERO, |end| end.at.saturating_duration_since(end.started))
    }

    /// How long to wait, from the operation's end, before trying again; where a verdict or the breaker said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.end?.retry_after
    }

    /// The instant from which trying again makes sense; `None` without a hint, or beyond what an `Instant` can hold.
    #[must_use]
    pub fn retry_at(&self) -> Option<Instant> {
        self.end?.at.checked_add(self.retry_after()?)
    }

    /// How many attempts were made that may have repeated a processed one: zero unless
    /// [`Replay::AtLeastOnce`](crate::Replay::AtLeastOnce) was asked for.
    #[must_use]
    pub fn possible_duplicates(&self) -> u32 {
        self.possible_duplicates
    }

    /// The wait after the last attempt.
    pub(super) fn waited(&self) -> Duration {
        self.attempts().last().and_then(Record::wait).unwrap_or_default()
    }

    pub(super) fn waits(&mut self, wait: Duration) {
        if let Some(last) = self.attempts.last_mut() {
            last.wait = Some(wait);
        }
    }
}

impl Record {
    /// Its number; the first is 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// When it began, from the operation's start.
    #[must_use]
    pub fn started(&self) -> Duration {
        self.began.saturating_duration_since(self.operation)
    }

    /// How long it took.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.ended.saturating_duration_since(self.began)
    }

    /// How it ended.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// What that was taken to mean: by the closure that classifies, or else as the module's table says.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// What the far side may have done because of this attempt alone.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// How long was waited after it; `None` if it was the last.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.wait
    }
}

/// A heading and a line per attempt.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attempts = self.attempts().len();
        let noun = if attempts == 1 { "attempt" } else { "attempts" };
        write!(f, "effect {} after {attempts} {noun}", self.effect())?;
        if let Some(end) = self.end {
            write!(f, " in {}; stopped: {}", Seconds(self.elapsed()), end.stop)?;
        }
        if let Some(key) = &self.key {
            write!(f, "; key #{}", key.fingerprint())?;
        }
        if let Some(hint) = self.retry_after() {
            write!(f, "; try again after {}", Seconds(hint))?;
        }
        self.attempts().iter().try_for_each(|record| write!(f, "\n  {record}"))
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (started, took) = (Seconds(self.started()).to_string(), Seconds(self.took()).to_string());
        write!(
            f,
            "#{} at {started:>8} took {took:>8}  {}: {}",
            self.number, self.ending, self.verdict
        )?;
        match self.wait {
            Some(wait) => write!(f, ", then waited {}", Seconds(wait)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "a value",
            Self::Error => "an error",
            Self::TimedOut => "out of time",
        })
    }
}
