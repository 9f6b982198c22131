use std::borrow::Borrow;
use std::time::Instant;

use super::Attempts;
use crate::classify::Verdict;
use crate::operation::{Effect, Outcome};
use crate::retry::RetryPolicy;
use crate::retry::replay::Touched;

/// What attempts beside each other change; see [`Hedge`](crate::Hedge).
impl<P: Borrow<RetryPolicy>> Attempts<P> {
    /// Whether a second attempt may be sent beside the one under way: only where it may be repeated whatever becomes of it.
    pub(crate) fn may_hedge(&self, now: Instant) -> bool {
        let age = now.saturating_duration_since(self.started);
        self.safety.obstacle().is_none()
            && !self.safety.may_duplicate()
            && !self.safety.is_key_expired(Touched::MayBe, age)
    }

    /// Takes note of an attempt that ended while another one was under way, which will decide what follows.
    pub(crate) fn aside(&mut self, outcome: &Outcome<'_>, verdict: &Verdict) {
        self.observe(outcome, verdict);
        self.heed(outcome, verdict);
        if verdict.is_retry() {
            self.spent = self.ends.count(self.policy.borrow().limits(), outcome).or(self.spent);
        }
    }

    /// Takes note of an attempt that was dropped unanswered.
    pub(crate) fn cancelled(&mut self) {
        self.touched = Touched::MayBe;
        self.last = Effect::Unknown;
        self.effect = self.effect.then(Effect::Unknown);
    }
}
