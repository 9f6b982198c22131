use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use metrics::{Gauge, Label, Recorder};

use super::table::{BALANCE, STATE};
use super::words::{self, STATES};
use crate::breaker::CircuitBreaker;
use crate::budget::RetryBudget;
use crate::clock::Clock;
use crate::operation::Scope;

/// The breaker and the budget whose states are shown.
#[derive(Debug)]
pub(super) struct Watched {
    breaker: Option<CircuitBreaker>,
    budget: RetryBudget,
}

/// What is shown of one origin's breaker and budget.
///
/// Each is read again after it was shown, and shown again if it changed: of two threads that read in one order and write
/// in the other, the last to write corrects it.
#[derive(Debug)]
pub(super) struct Gauges {
    scope: Scope,
    states: OnceLock<[Gauge; 4]>,
    /// The state shown last, as its place in [`STATES`]; at first none.
    shown: AtomicUsize,
    balance: OnceLock<Gauge>,
}

impl Watched {
    /// A breaker that is kept by anything but origins has no state that one of them could show.
    pub(super) fn new(breaker: Option<&CircuitBreaker>, budget: &RetryBudget) -> Self {
        Self {
            breaker: breaker.filter(|breaker| !breaker.is_keyed()).cloned(),
            budget: budget.clone(),
        }
    }

    pub(super) fn breaker(&self) -> Option<&CircuitBreaker> {
        self.breaker.as_ref()
    }

    pub(super) fn budget(&self) -> &RetryBudget {
        &self.budget
    }
}

impl Gauges {
    pub(super) fn of(scope: Scope) -> Self {
        Self {
            scope,
            states: OnceLock::new(),
            shown: AtomicUsize::new(STATES.len()),
            balance: OnceLock::new(),
        }
    }

    /// Whether the breaker was closed when its state was shown last: then it says itself when that changes.
    pub(super) fn shows_closed(&self) -> bool {
        self.shown.load(Ordering::Relaxed) == 0
    }

    pub(super) fn show_state(&self, recorder: &dyn Recorder, labels: &[Label], breaker: &CircuitBreaker) {
        let gauges = self
            .states
            .get_or_init(|| STATES.map(|state| STATE.gauge(recorder, labels, [state])));
        let read = || words::state(breaker.state(self.scope, Clock::system().now()).state);
        let show = |state: usize| {
            let values = gauges.iter().enumerate();
            values.for_each(|(place, gauge)| gauge.set(if place == state { 1.0 } else { 0.0 }));
            self.shown.store(state, Ordering::Relaxed);
        };
        until_it_stays(read, show);
    }

    pub(super) fn show_balance(&self, recorder: &dyn Recorder, labels: &[Label], budget: &RetryBudget) {
        let read = || budget.balance(self.scope);
        // Unlimited: there is no account.
        if read().is_infinite() {
            return;
        }
        let gauge = self.balance.get_or_init(|| BALANCE.gauge(recorder, labels, []));
        until_it_stays(read, |balance| gauge.set(balance));
    }
}

/// Shows a value until it has not changed meanwhile; each further round means that another operation got on.
fn until_it_stays<T: Copy + PartialEq>(read: impl Fn() -> T, show: impl Fn(T)) {
    let mut value = read();
    loop {
        show(value);
        let now = read();
        if now == value {
            return;
        }
        value = now;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_value_that_another_thread_changes_and_shows_meanwhile_is_shown_again() {
        let (value, shown) = (Cell::new(1), Cell::new(0));
        let show = |seen| {
            if seen == 1 {
                value.set(2);
                shown.set(2);
            }
            shown.set(seen);
        };
        until_it_stays(|| value.get(), show);
        assert_eq!(shown.get(), 2);
    }
}
