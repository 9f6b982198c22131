use std::fmt;
use std::time::{Duration, Instant};

use super::builder::Settings;
use super::cell::Cell;
use super::report::{Signal, Transition};
use super::state::{Ending, HalfOpened, Ticket};

/// Leave to send one attempt.
///
/// Settle it when the attempt has ended. Dropped before that, the attempt counts as abandoned: it says nothing about
/// the server, and if it was a probe its place is free again. So a cancelled future can't keep a breaker half-open.
#[must_use = "dropping it abandons the attempt; call `settle` when the attempt has ended"]
pub struct Permit<'a> {
    /// `None` once settled.
    pub(super) cell: Option<&'a Cell>,
    pub(super) settings: &'a Settings,
    /// `None` for an attempt that was let through although the breaker is open: it changes nothing.
    pub(super) ticket: Option<Ticket>,
    /// Not the transition itself: a permit is handed through every layer, and that would be half of its size.
    pub(super) half_opened: Option<HalfOpened>,
}

impl<'a> Permit<'a> {
    #[inline]
    pub(super) fn new(
        cell: &'a Cell,
        settings: &'a Settings,
        ticket: Option<Ticket>,
        half_opened: Option<HalfOpened>,
    ) -> Self {
        Self {
            cell: Some(cell),
            settings,
            ticket,
            half_opened,
        }
    }

    /// The change of state that letting this attempt through brought about: `HalfOpened` or none.
    #[must_use]
    pub fn transition(&self) -> Option<&Transition> {
        self.half_opened.map(|HalfOpened| &Transition::HalfOpened)
    }

    /// Whether the attempt decides if a half-open breaker closes.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.ticket.is_some_and(|ticket| ticket.place.is_some())
    }

    /// Reports how the attempt ended and returns the change of state it brought about.
    ///
    /// `elapsed` is how long the attempt took; `random`, in [0, 1), lengthens the open time if the breaker opens. A
    /// result from before an earlier change of state changes nothing.
    #[expect(
        clippy::must_use_candidate,
        reason = "a caller that reports no events has no use for the change"
    )]
    pub fn settle(mut self, signal: Signal, now: Instant, elapsed: Duration, random: f64) -> Option<Transition> {
        self.settles(Ending { signal, elapsed }, now, random)
    }
}

impl Permit<'_> {
    /// The same as [`settle`](Self::settle), for an attempt that began at `began`, and where the permit lies; a second
    /// time it changes nothing.
    ///
    /// A success opens only a breaker that looks for slow calls, so any other is spared the arithmetic and the random
    /// number.
    #[inline]
    pub(crate) fn settle_since(
        &mut self,
        signal: Signal,
        began: Instant,
        now: Instant,
        random: impl FnOnce() -> f64,
    ) -> Option<Transition> {
        let (elapsed, random) = if signal == Signal::Failure || self.settings.looks_for_slow() {
            (now - began, random())
        } else {
            (Duration::ZERO, 0.0)
        };
        self.settles(Ending { signal, elapsed }, now, random)
    }

    #[inline]
    fn settles(&mut self, ending: Ending, now: Instant, random: f64) -> Option<Transition> {
        let cell = self.cell.take()?;
        cell.settle(self.settings, self.ticket?, ending, now, random)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let (Some(cell), Some(ticket)) = (self.cell.take(), self.ticket) {
            cell.abandon(ticket);
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("is_probe", &self.is_probe())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any instant will do")]
mod tests {
    use std::time::Instant;

    use crate::breaker::{CircuitBreaker, Signal, Try};
    use crate::fixture::scope;

    #[test]
    fn one_that_was_settled_where_it_lies_counts_once() {
        let (breaker, now) = (CircuitBreaker::default(), Instant::now());
        let mut permit = None;
        breaker.admit_into(&mut permit, scope(0), Try::First, now).unwrap();
        for _ in 0..2 {
            permit.as_mut().unwrap().settle_since(Signal::Failure, now, now, || 0.0);
        }
        drop(permit);
        let seen = breaker.state(scope(0), now);
        assert_eq!((seen.attempts, seen.failures), (1, 1));
    }
}
