//! Which operation an event belongs to.

use super::recording::{Recorded, Recording};
use crate::event::{Event, Nesting};
use crate::operation::Receipt;

/// One operation, and where its receipt lives while it runs.
///
/// That is what tells operations apart that run at once: one does not move once it was polled. Another one may come to lie
/// in its place. It has a receipt that begins anew.
pub(super) struct Entry {
    address: usize,
    recording: Recording,
}

impl Entry {
    /// Begins with its first event.
    pub(super) fn new(event: &Event<'_>) -> Self {
        Self::after(None, event)
    }

    pub(super) fn recording(&self) -> &Recording {
        &self.recording
    }

    /// True if the receipt lies where this operation's lies, or lay.
    pub(super) fn lies_where(&self, receipt: &Receipt) -> bool {
        self.address == address_of(receipt)
    }

    /// Adds an event of this operation; or begins another one that took its place.
    pub(super) fn add(&mut self, event: &Event<'_>) -> Option<Self> {
        let recorded = Recorded::of(event);
        if self.goes_on_with(&recorded, event.receipt()) {
            self.recording.add(recorded, event);
            return None;
        }
        Some(Self::after(self.gives_up_for(event.receipt()), event))
    }

    fn after(given: Option<(Recorded, String)>, event: &Event<'_>) -> Self {
        let mut recording = Recording::new(event.receipt());
        if let Some(given) = given {
            recording.add_given(given);
        }
        recording.add(Recorded::of(event), event);
        Self {
            address: address_of(event.receipt()),
            recording,
        }
    }

    fn goes_on_with(&self, recorded: &Recorded, receipt: &Receipt) -> bool {
        let begun = self.recording.attempts() > 0;
        match recorded {
            _ if !self.is_like(receipt) => false,
            // Told before everything else.
            Recorded::RetriesNested(Nesting::Outer) => false,
            // Told after the end.
            Recorded::RetriesNested(Nesting::Inner | Nesting::Twin) => true,
            _ if self.recording.is_over() => false,
            Recorded::AttemptStarted(1) => !begun,
            Recorded::Stopped(_) if receipt.attempts().is_empty() => !begun,
            _ => true,
        }
    }

    /// What the breaker told of the operation that begins now, before it had any attempt by which it could be told from a
    /// dropped one that is like it.
    fn gives_up_for(&mut self, receipt: &Receipt) -> Option<(Recorded, String)> {
        let events = self.recording.events();
        let early =
            self.is_like(receipt) && !self.recording.is_over() && self.recording.receipt().attempts().is_empty();
        match events {
            [.., Recorded::CircuitChanged(_)] if early => self.recording.give_last(),
            _ => None,
        }
    }

    /// An operation keeps these from its first event on.
    fn is_like(&self, receipt: &Receipt) -> bool {
        let own = self.recording.receipt();
        (own.method(), own.origin(), own.key()) == (receipt.method(), receipt.origin(), receipt.key())
    }
}

fn address_of(receipt: &Receipt) -> usize {
    std::ptr::from_ref(receipt).addr()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Method;

    use super::*;
    use crate::breaker::{CircuitBreaker, Signal, Try};
    use crate::fixture::{scope, start};
    use crate::operation::{Attempt, Effect};

    /// What the breaker tells comes before anything by which the two could be told apart.
    #[test]
    fn what_an_operation_gives_up_for_another_one_in_its_place_takes_nothing_else_along() {
        let breaker = CircuitBreaker::builder().min_attempts(1).build().unwrap();
        let permit = breaker.admit(scope(1), Try::First, start()).unwrap();
        let opened = permit.settle(Signal::Failure, start(), Duration::ZERO, 0.0).unwrap();

        let fresh = || Receipt::new(Method::GET, "https://api.example.com".into(), None);
        let mut receipt = fresh();
        let mut entry = Entry::new(&Event::AttemptStarted {
            receipt: &receipt,
            number: 1,
        });
        receipt.add(Attempt::cancelled(1, (Duration::ZERO, Duration::ZERO), &[]));
        receipt.has_effect(Effect::Unknown);
        assert!(entry.add(&Event::AttemptEnded { receipt: &receipt }).is_none());

        // Dropped, and another one lies where it lay.
        receipt = fresh();
        let told = Event::CircuitChanged {
            receipt: &receipt,
            transition: &opened,
        };
        assert!(entry.add(&told).is_none());
        let begun = Event::AttemptStarted {
            receipt: &receipt,
            number: 1,
        };
        let other = entry.add(&begun).unwrap();

        assert_eq!(
            (entry.recording().events().len(), other.recording().events().len()),
            (2, 2)
        );
        assert_eq!(entry.recording().receipt().attempts().len(), 1);
        assert_eq!(entry.recording().effect(), Effect::Unknown);
    }
}
