use std::time::Duration;

use crate::operation::{Effect, Outcome};

/// What a [stop condition](crate::RetryPolicyBuilder::stop_when) sees of an operation, before a wait is begun.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    pub(super) begun: u32,
    pub(super) effect: Effect,
    pub(super) outcome: &'a Outcome<'a>,
    pub(super) elapsed: Duration,
    pub(super) wait: Duration,
}

impl<'a> Progress<'a> {
    /// How many attempts were begun.
    #[must_use]
    pub fn begun(&self) -> u32 {
        self.begun
    }

    /// The time since the operation began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The wait that would follow, jitter and `Retry-After` included.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.wait
    }

    /// How the last attempt ended.
    #[must_use]
    pub fn outcome(&self) -> &'a Outcome<'a> {
        self.outcome
    }

    /// What the far side may have done because of the attempts so far.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }
}
