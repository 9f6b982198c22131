use super::CircuitBreaker;
use super::permit::Permit;
use super::state::Ticket;
use crate::origins::Place;

/// A permit that borrows nothing, for a future that is written by hand and keeps it between polls.
///
/// Whoever holds one must [attach](CircuitBreaker::attach) it again, to settle or to drop it: dropped as it is, a probe
/// keeps its place until it times out.
#[derive(Debug)]
#[must_use = "a probe's place is given back only by a permit that is attached again"]
pub(crate) struct Detached {
    place: Place,
    /// `None` for an attempt that was let through although the breaker is open.
    ticket: Option<Ticket>,
}

impl Permit<'_> {
    /// Lets go of the breaker; `None` if it was settled.
    pub(crate) fn detach(mut self) -> Option<Detached> {
        let cell = self.cell.take()?;
        Some(Detached {
            place: cell.place(),
            ticket: self.ticket,
        })
    }
}

impl CircuitBreaker {
    /// Makes a permit of one that this breaker gave.
    ///
    /// A cell stands at its place as long as the breaker, and a ticket from before its owner changed changes nothing:
    /// the permit is what it would be if it had been kept.
    #[expect(clippy::needless_pass_by_value, reason = "it is attached once")]
    pub(crate) fn attach(&self, detached: Detached) -> Option<Permit<'_>> {
        let Detached { place, ticket } = detached;
        let cell = self.shared.cells.at(place)?;
        Some(Permit::new(cell, &self.shared.settings, ticket, None))
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any instant will do")]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::breaker::{Signal, State, Try};
    use crate::fixture::scope;

    fn touchy() -> CircuitBreaker {
        let builder = CircuitBreaker::builder().min_attempts(2).probes(1).max_origins(2);
        builder.build().unwrap()
    }

    fn trip(breaker: &CircuitBreaker, number: usize, now: Instant) {
        for _ in 0..2 {
            let permit = breaker.admit(scope(number), Try::First, now).unwrap();
            permit.settle(Signal::Failure, now, Duration::ZERO, 0.0);
        }
        assert_eq!(breaker.state(scope(number), now).state, State::Open);
    }

    #[test]
    fn a_detached_permit_settles_as_one_that_was_kept() {
        let (breaker, now) = (touchy(), Instant::now());
        // The third shares the overflow.
        for number in 0..3 {
            trip(&breaker, number, now);
            let later = now + Duration::from_secs(10);
            let probe = breaker.admit(scope(number), Try::First, later).unwrap();
            assert!(probe.is_probe());
            let detached = probe.detach().unwrap();
            assert!(
                breaker.admit(scope(number), Try::First, later).is_err(),
                "its place is taken"
            );
            let probe = breaker.attach(detached).unwrap();
            assert!(probe.is_probe());
            probe.settle(Signal::Success, later, Duration::ZERO, 0.0);
            assert_eq!(breaker.state(scope(number), later).state, State::Closed);
            trip(&breaker, number, later);
        }
    }

    #[test]
    fn a_permit_that_is_attached_and_dropped_gives_its_place_back() {
        let (breaker, now) = (touchy(), Instant::now());
        trip(&breaker, 0, now);
        let later = now + Duration::from_secs(10);
        for _ in 0..5 {
            let detached = breaker.admit(scope(0), Try::First, later).unwrap().detach().unwrap();
            drop(breaker.attach(detached));
        }
        assert!(breaker.admit(scope(0), Try::First, later).is_ok());
    }
}
