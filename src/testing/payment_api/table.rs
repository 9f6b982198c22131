//! The keys and what became of their requests: a pure state machine.
//!
//! ```text
//! absent ──request──▶ in flight ──outcome to keep──▶ done ──age──▶ absent
//!                      │  ▲   └──shed, invalid, not kept──▶ absent
//!                      ▼  │next request
//!                     failed (kept until success)
//! ```
//!
//! The caller holds one lock around [`admit`](Table::admit): insert-or-get is one step, so of fifty requests with one
//! key exactly one executes.

use std::collections::HashMap;
use std::time::Duration;

use super::answer::Answer;
use super::charge::Charge;
use super::fingerprint::Fingerprint;
use super::profile::Profile;
use super::rules::{Expiry, Lapse};

#[derive(Debug, Default)]
pub(super) struct Table {
    records: HashMap<Slot, Record>,
    generations: u64,
}

/// Within what a key is unique.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Slot {
    pub(super) credential: String,
    pub(super) key: String,
    pub(super) path: Option<String>,
}

/// What is compared with the first request of the key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) fingerprint: Fingerprint,
    pub(super) path: &'a str,
}

/// Leave to execute, once.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    slot: Slot,
    generation: u64,
}

/// What a finished execution leaves.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) answer: Answer,
    pub(super) charge: Option<Charge>,
    pub(super) request_id: String,
}

#[derive(Debug)]
pub(super) enum Admission {
    /// Execute; with the effect of an interrupted execution, if it is to be taken up.
    Execute(Ticket, Option<Charge>),
    InFlight,
    Done(Box<Stored>),
    Reused(Option<String>),
    OtherEndpoint(String),
    Indeterminate,
}

/// How an execution leaves its record.
#[derive(Debug)]
pub(super) enum Settlement {
    Done(Box<Stored>),
    /// The key stays taken and the next request drives on from here.
    Failed,
    Free,
}

#[derive(Debug)]
struct Record {
    fingerprint: Fingerprint,
    path: String,
    since: Duration,
    generation: u64,
    charge: Option<Charge>,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    InFlight { lease_end: Duration },
    Failed,
    Indeterminate,
    Done(Box<Stored>),
}

impl Table {
    /// Takes the key for a request, or tells why it cannot be had.
    pub(super) fn admit(
        &mut self,
        slot: Slot,
        candidate: Candidate<'_>,
        profile: &Profile,
        now: Duration,
    ) -> Admission {
        if self
            .records
            .get(&slot)
            .is_some_and(|record| record.is_forgotten(profile, now))
        {
            self.records.remove(&slot);
        }
        let generation = self.next_generation();
        let lease_end = now.saturating_add(profile.lease);
        let Some(record) = self.records.get_mut(&slot) else {
            self.records
                .insert(slot.clone(), Record::new(candidate, generation, now, lease_end));
            return Admission::Execute(Ticket { slot, generation }, None);
        };
        if record.path != candidate.path {
            return Admission::OtherEndpoint(record.path.clone());
        }
        if record.fingerprint != candidate.fingerprint {
            return Admission::Reused(record.charge.as_ref().map(|charge| charge.id.clone()));
        }
        let resumed = match &record.phase {
            Phase::Done(stored) => return Admission::Done(stored.clone()),
            Phase::Indeterminate => return Admission::Indeterminate,
            Phase::InFlight { lease_end } if now < *lease_end => return Admission::InFlight,
            Phase::InFlight { .. } => match profile.lapse {
                Lapse::Reexecute => None,
                Lapse::Resume => record.charge.clone(),
                Lapse::Indeterminate => {
                    record.phase = Phase::Indeterminate;
                    return Admission::Indeterminate;
                }
            },
            Phase::Failed => record.charge.clone(),
        };
        record.generation = generation;
        record.phase = Phase::InFlight { lease_end };
        Admission::Execute(Ticket { slot, generation }, resumed)
    }

    /// Notes an effect before its outcome is known, so that a crash does not forget it.
    pub(super) fn note_effect(&mut self, ticket: &Ticket, charge: &Charge) {
        if let Some(record) = self.held(ticket) {
            record.charge = Some(charge.clone());
        }
    }

    /// Writes the outcome; does nothing when the lease ended and the key was given to another.
    pub(super) fn settle(&mut self, ticket: &Ticket, settlement: Settlement) {
        let Some(record) = self.held(ticket) else { return };
        match settlement {
            Settlement::Done(stored) => record.phase = Phase::Done(stored),
            Settlement::Failed => record.phase = Phase::Failed,
            Settlement::Free => {
                self.records.remove(&ticket.slot);
            }
        }
    }

    fn held(&mut self, ticket: &Ticket) -> Option<&mut Record> {
        self.records
            .get_mut(&ticket.slot)
            .filter(|record| record.generation == ticket.generation)
    }

    fn next_generation(&mut self) -> u64 {
        self.generations += 1;
        self.generations
    }
}

impl Record {
    fn new(candidate: Candidate<'_>, generation: u64, since: Duration, lease_end: Duration) -> Self {
        Self {
            fingerprint: candidate.fingerprint,
            path: candidate.path.to_owned(),
            since,
            generation,
            charge: None,
            phase: Phase::InFlight { lease_end },
        }
    }

    /// A request in flight is never forgotten; its lease ends instead.
    fn is_forgotten(&self, profile: &Profile, now: Duration) -> bool {
        let age = now.saturating_sub(self.since);
        let is_old = match profile.expiry {
            Expiry::AtRetention => age >= profile.retention,
            Expiry::AfterRetention => age > profile.retention,
        };
        is_old && !matches!(self.phase, Phase::InFlight { .. })
    }
}
