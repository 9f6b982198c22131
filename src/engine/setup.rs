use super::{Settings, Shields};
use crate::breaker::CircuitBreaker;
use crate::budget::RetryBudget;
use crate::clock::Clock;
use crate::concurrency::ConcurrencyLimit;
use crate::event::Observers;
use crate::rng::Dice;

/// What all operations of one client share, in one place: an operation that waits holds a single reference to it.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) settings: Settings,
    pub(crate) breaker: Option<CircuitBreaker>,
    pub(crate) budget: RetryBudget,
    pub(crate) limit: Option<ConcurrencyLimit>,
    pub(crate) observers: Observers,
    pub(crate) clock: Clock,
    pub(crate) dice: Dice,
}

impl Setup {
    pub(crate) fn shields(&self) -> Shields<'_> {
        Shields {
            breaker: self.breaker.as_ref(),
            budget: Some(&self.budget),
        }
    }
}
