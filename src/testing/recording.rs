//! One operation, as a recorder saw it.

use std::fmt;
use std::time::Duration;

use crate::breaker::Transition;
use crate::event::{Event, Nesting};
use crate::operation::{Attempt, Effect, Receipt, StopReason};

/// One event in a form that can be kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Recorded {
    /// An attempt with this number was about to be sent.
    AttemptStarted(u32),
    /// An attempt ended.
    AttemptEnded(Attempt),
    /// A wait began, with another attempt after it.
    RetryScheduled(Duration),
    /// An attempt with this number was a hedge.
    Hedged(u32),
    /// An attempt with this number may repeat one that was processed; see [`Replay`](crate::Replay).
    DuplicatePossible(u32),
    /// A lookup of the operation in doubt ended, and found this.
    LookedUp(Effect),
    /// The circuit breaker of the operation's origin changed its state.
    CircuitChanged(Transition),
    /// Another retry loop repeats what this one repeats.
    RetriesNested(Nesting),
    /// The operation was over.
    Stopped(StopReason),
}

/// One operation as a [`Recorder`](super::Recorder) saw it; `Display` is its transcript, without secrets.
#[derive(Clone)]
pub struct Recording {
    events: Vec<Recorded>,
    lines: Vec<String>,
    receipt: Receipt,
    /// The receipt before the last event, where that may be given up again.
    former: Option<Receipt>,
}

impl Recorded {
    pub(super) fn of(event: &Event<'_>) -> Self {
        match event {
            Event::AttemptStarted { number, .. } => Self::AttemptStarted(*number),
            Event::AttemptEnded { receipt } => match receipt.attempts().last() {
                Some(attempt) => Self::AttemptEnded(attempt.clone()),
                None => Self::Stopped(receipt.stop()),
            },
            Event::RetryScheduled { wait, .. } => Self::RetryScheduled(*wait),
            Event::Hedged { number, .. } => Self::Hedged(*number),
            Event::DuplicatePossible { number, .. } => Self::DuplicatePossible(*number),
            Event::LookedUp { effect, .. } => Self::LookedUp(*effect),
            Event::CircuitChanged { transition, .. } => Self::CircuitChanged(**transition),
            Event::RetriesNested { nesting, .. } => Self::RetriesNested(*nesting),
            Event::Stopped { receipt } => Self::Stopped(receipt.stop()),
        }
    }
}

impl Recording {
    pub(super) fn new(receipt: &Receipt) -> Self {
        Self {
            events: Vec::new(),
            lines: Vec::new(),
            receipt: receipt.clone(),
            former: None,
        }
    }

    /// Returns what happened, in order.
    #[must_use]
    pub fn events(&self) -> &[Recorded] {
        &self.events
    }

    /// Returns the report as it was when the last event came.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Returns what the far side may have done: what the receipt says, and `Unknown` while an attempt is under way.
    ///
    /// A receipt tells of attempts that ended. One that was dropped is in none, and may have been processed.
    #[must_use]
    pub fn effect(&self) -> Effect {
        let ended = |event: &&Recorded| matches!(event, Recorded::AttemptEnded(_));
        let under_way = self.attempts() > self.events.iter().filter(ended).count();
        if under_way && !self.is_over() {
            self.receipt.effect().then(Effect::Unknown)
        } else {
            self.receipt.effect()
        }
    }

    /// Returns how many attempts were started; one that was dropped is in no receipt, but here.
    #[must_use]
    pub fn attempts(&self) -> usize {
        let started = |event: &&Recorded| matches!(event, Recorded::AttemptStarted(_));
        self.events.iter().filter(started).count()
    }

    /// Returns the waits that were begun, in order.
    #[must_use]
    pub fn waits(&self) -> Vec<Duration> {
        let wait = |event: &Recorded| match event {
            Recorded::RetryScheduled(wait) => Some(*wait),
            _ => None,
        };
        self.events.iter().filter_map(wait).collect()
    }

    /// Returns why the operation stopped; `None` while it runs, or when it was dropped.
    #[must_use]
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.events.iter().rev().find_map(|event| match event {
            Recorded::Stopped(stop) => Some(*stop),
            _ => None,
        })
    }

    pub(super) fn is_over(&self) -> bool {
        self.stop_reason().is_some()
    }

    /// Adds what another recording gave up.
    pub(super) fn add_given(&mut self, (event, line): (Recorded, String)) {
        self.events.push(event);
        self.lines.push(line);
    }

    /// Gives up the last event.
    pub(super) fn give_last(&mut self) -> Option<(Recorded, String)> {
        if let Some(former) = self.former.take() {
            self.receipt = former;
        }
        self.events.pop().zip(self.lines.pop())
    }

    pub(super) fn add(&mut self, recorded: Recorded, event: &Event<'_>) {
        let may_be_given_up = matches!(recorded, Recorded::CircuitChanged(_));
        self.former = may_be_given_up.then(|| self.receipt.clone());
        self.events.push(recorded);
        self.lines.push(event.to_string());
        self.receipt.clone_from(event.receipt());
    }
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.receipt.method(), self.receipt.origin())?;
        self.lines.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recording {{ {self} }}")
    }
}
