use std::time::Duration;

use crate::operation::IdempotencyKey;

/// One call of the closure: which it is, how long it may take, and under what key.
///
/// Owned, so that an `async move` block can take it along.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub(super) number: u32,
    pub(super) time_left: Option<Duration>,
    pub(super) key: Option<IdempotencyKey>,
    pub(super) waited: Duration,
}

impl Attempt {
    /// Its number; the first is 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// How long it may take from its start: its own limit, or what is left until the deadline; `None` without either.
    ///
    /// An async attempt is dropped when that is over. A blocking one cannot be: give this to whatever it calls.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.time_left
    }

    /// The operation's key, the same at every attempt, if it was [given one](super::Run::key).
    #[must_use]
    pub fn key(&self) -> Option<&IdempotencyKey> {
        self.key.as_ref()
    }

    /// The wait that this attempt follows; zero before the first.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }
}
