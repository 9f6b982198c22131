use std::fmt;

use super::{Attempt, Ending, Hop, Receipt, StopReason};

/// A heading and a line per attempt, aligned, without colour: made for a log.
impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attempts = self.attempts().len();
        write!(f, "{} {}", self.method, self.origin())?;
        if let Some(key) = &self.key {
            write!(f, " key #{}", key.fingerprint())?;
        }
        if let Some(preset) = &self.preset {
            write!(f, " ({preset})")?;
        }
        let noun = if attempts == 1 { "attempt" } else { "attempts" };
        write!(
            f,
            ": effect {} after {attempts} {noun} in {}",
            self.effect,
            Seconds(self.elapsed())
        )?;
        if self.replayed {
            f.write_str(", replayed")?;
        }
        if self.possible_duplicates > 0 {
            write!(f, ", possible duplicates: {}", self.possible_duplicates)?;
        }
        if !self.queued().is_zero() {
            write!(f, ", queued {}", Seconds(self.queued()))?;
        }
        if self.stop != StopReason::Accepted {
            write!(f, "; stopped: {}", self.stop)?;
        }
        if let Some(hint) = self.retry_after {
            write!(f, "; try again after {}", Seconds(hint))?;
        }
        for attempt in self.attempts() {
            write!(f, "\n  {attempt}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (started, took) = (Seconds(self.started()).to_string(), Seconds(self.took()).to_string());
        write!(
            f,
            "#{} at {started:>8} took {took:>8}  {}",
            self.number(),
            self.ending()
        )?;
        for hop in self.hops() {
            write!(f, ", {hop}")?;
        }
        if self.unseen_redirect() {
            f.write_str(", after a redirect that the wrapped client followed")?;
        }
        if !matches!(self.ending(), Ending::Response { status } if status.is_success()) {
            write!(f, " (effect: {})", self.effect())?;
        }
        if let Some(problem) = self.problem() {
            write!(f, ", {problem}")?;
        }
        if let Some(id) = self.request_id() {
            write!(f, " [{id}]")?;
        }
        if let Some(wait) = self.wait() {
            write!(f, "; waited {}", Seconds(wait))?;
        }
        match self.looked_up() {
            Some(effect) => write!(f, "; looked up: {effect}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response { status } => status.fmt(f),
            Self::Failure { kind, .. } => kind.fmt(f),
            Self::Cancelled => f.write_str("cancelled: another attempt answered first"),
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "after {} to {} {}",
            self.status().as_u16(),
            self.method(),
            self.origin()
        )
    }
}

/// Seconds with three decimals; `Duration`'s own `Debug` changes units from line to line.
pub(crate) struct Seconds(pub(crate) std::time::Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.0.as_secs(), self.0.subsec_millis())
    }
}
