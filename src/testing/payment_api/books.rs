//! Everything the server remembers, behind one lock.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::arrival::{Amount, Arrival};
use super::charge::Charge;
use super::history::{Fact, History};
use super::table::Table;
use super::turn::Turn;

#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) table: Table,
    pub(super) charges: Vec<Charge>,
    pub(super) totals: History,
    pub(super) keys: HashMap<AccountKey, History>,
    pub(super) operations: HashMap<String, History>,
    door: VecDeque<Turn>,
    handler: VecDeque<Turn>,
    requests: u64,
}

/// A key within the account that used it: the same key of two accounts is two keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct AccountKey {
    pub(super) credential: Option<String>,
    pub(super) key: String,
}

/// Under which names a request is counted.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) key: Option<AccountKey>,
    pub(super) operation: Option<String>,
}

impl Books {
    pub(super) fn script(&mut self, turn: Turn) {
        let queue = if turn.is_at_door() {
            &mut self.door
        } else {
            &mut self.handler
        };
        queue.push_back(turn);
    }

    pub(super) fn turn_at_door(&mut self) -> Option<Turn> {
        self.door.pop_front()
    }

    pub(super) fn turn_of_handler(&mut self) -> Option<Turn> {
        self.handler.pop_front()
    }

    /// Counts an arrival and returns what it is to be called.
    pub(super) fn arrived(&mut self, arrival: &Arrival) -> (Subject, String) {
        let subject = Subject::of(arrival);
        for history in self.histories(&subject) {
            history.arrived(arrival.fingerprint, arrival.key(), arrival.at);
        }
        self.requests += 1;
        (subject, format!("req_{:014}", self.requests))
    }

    pub(super) fn note(&mut self, subject: &Subject, fact: Fact) {
        for history in self.histories(subject) {
            history.note(fact);
        }
    }

    /// Makes the charge.
    pub(super) fn charge(&mut self, subject: &Subject, arrival: &Arrival, now: Duration) -> Charge {
        self.note(subject, Fact::Effect);
        let charge = Charge {
            id: format!("ch_{:014}", self.charges.len() + 1),
            path: arrival.path.clone(),
            amount: match arrival.amount {
                Amount::Valid(amount) => amount,
                Amount::Absent | Amount::Invalid => 0,
            },
            key: arrival.key().map(str::to_owned),
            operation: arrival.operation.clone(),
            at: now,
        };
        self.charges.push(charge.clone());
        charge
    }

    fn histories(&mut self, subject: &Subject) -> impl Iterator<Item = &mut History> {
        let key = subject.key.clone().map(|key| self.keys.entry(key).or_default());
        let operation = subject
            .operation
            .clone()
            .map(|id| self.operations.entry(id).or_default());
        [Some(&mut self.totals), key, operation].into_iter().flatten()
    }
}

impl Subject {
    fn of(arrival: &Arrival) -> Self {
        // Reading changes nothing, so a key on a read is nobody's.
        let key = arrival.key().filter(|_| !arrival.is_read_only());
        Self {
            key: key.map(|key| AccountKey {
                credential: arrival.credential.clone(),
                key: key.to_owned(),
            }),
            operation: arrival.operation.clone(),
        }
    }
}
