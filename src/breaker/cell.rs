use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::builder::Settings;
use super::report::{Refusal, Signal, Snapshot, Transition};
use super::state::{Ending, HalfOpened, Machine, Ticket, nanos};
use super::tally::{Counted, Tally};
use crate::origins;
use crate::origins::{Place, Spares};

/// The breaker of one scope, shared between threads.
///
/// While it is closed, letting an attempt through is one load, and counting a success in time one compare-and-swap (see
/// [`Tally`]). Everything else is a method of the pure [`Machine`] under one short lock.
#[derive(Debug)]
pub(super) struct Cell {
    tally: Tally,
    /// Repeated here from the machine, to be read without the lock.
    anchor: Instant,
    width: u64,
    /// Where it stands in its registry.
    place: Place,
    machine: Mutex<Machine>,
}

impl Cell {
    pub(super) fn new(settings: &Settings, now: Instant) -> Self {
        let machine = Machine::new(settings, now);
        let cell = Self {
            tally: Tally::new(mark(&machine)),
            anchor: now,
            width: machine.bucket_width(),
            place: Place::OVERFLOW,
            machine: Mutex::new(machine),
        };
        cell.tally.open();
        cell
    }

    /// Leave to send while it is closed.
    #[inline]
    pub(super) fn closed(&self) -> Option<Ticket> {
        let epoch = closed_epoch(self.tally.mark())?;
        Some(Ticket { epoch, place: None })
    }

    /// Leave to send, whatever its state.
    pub(super) fn admit(&self, settings: &Settings, now: Instant) -> Result<(Ticket, Option<HalfOpened>), Refusal> {
        self.locked(|machine| machine.admit(settings, now))
    }

    #[cfg_attr(
        not(feature = "tower"),
        expect(dead_code, reason = "only a hand-written future cannot borrow its cell")
    )]
    pub(super) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn would_admit(&self, at: Instant) -> bool {
        closed_epoch(self.tally.mark()).is_some() || self.lock().would_admit(at)
    }

    pub(super) fn settle(
        &self,
        settings: &Settings,
        ticket: Ticket,
        ending: Ending,
        now: Instant,
        random: f64,
    ) -> Option<Transition> {
        if ticket.place.is_none() && self.counts(settings, ticket.epoch, ending, now) {
            return None;
        }
        self.locked(|machine| machine.settle(settings, ticket, ending, now, random))
    }

    pub(super) fn abandon(&self, ticket: Ticket) {
        // Only a probe has a place to give back.
        if ticket.place.is_some() {
            self.locked(|machine| machine.abandon(ticket));
        }
    }

    pub(super) fn hold(&self, wait: Duration, now: Instant) -> Option<Transition> {
        let until = now.checked_add(wait)?;
        self.locked(|machine| machine.hold(until, now))
    }

    pub(super) fn isolate(&self) -> Option<Transition> {
        self.locked(Machine::isolate)
    }

    pub(super) fn reset(&self) -> Option<Transition> {
        self.locked(Machine::reset)
    }

    pub(super) fn snapshot(&self, now: Instant) -> Snapshot {
        self.locked(|machine| machine.snapshot(now))
    }

    /// Deals with an ending without the lock, if that is possible.
    fn counts(&self, settings: &Settings, epoch: u64, ending: Ending, now: Instant) -> bool {
        match ending.signal {
            Signal::Neutral => true,
            Signal::Success if !settings.is_slow(ending.elapsed) => {
                let at = nanos(now.saturating_duration_since(self.anchor));
                self.tally.count(closed_mark(epoch), at, self.width) != Counted::Locked
            }
            Signal::Success | Signal::Failure => self.tally.mark() != closed_mark(epoch),
        }
    }

    /// Runs a step of the machine with all successes in its window.
    fn locked<R>(&self, step: impl FnOnce(&mut Machine) -> R) -> R {
        let mut machine = self.lock();
        machine.add_successes(self.tally.seal());
        let result = step(&mut machine);
        self.tally.point(mark(&machine), machine.counting_from());
        if machine.is_closed() {
            self.tally.open();
        }
        result
    }

    /// A panic can't leave the machine half changed: its steps run no foreign code, and any of its states is a valid one.
    fn lock(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl origins::Cell for Cell {
    type Now = Instant;

    fn stands_at(&mut self, place: Place) {
        self.place = place;
    }

    fn evict(&self, spares: Spares, now: Instant) -> bool {
        self.locked(|machine| {
            let evicted = match spares {
                Spares::Nothing => machine.is_blank(now),
                Spares::Memory => !machine.is_engaged(now),
            };
            if evicted {
                machine.reset();
            }
            evicted
        })
    }
}

/// What the tally counts for: the epoch, and whether it is a closed one.
fn mark(machine: &Machine) -> u64 {
    if machine.is_closed() {
        closed_mark(machine.epoch())
    } else {
        machine.epoch() << 1
    }
}

fn closed_mark(epoch: u64) -> u64 {
    epoch << 1 | 1
}

fn closed_epoch(mark: u64) -> Option<u64> {
    (mark & 1 == 1).then_some(mark >> 1)
}
