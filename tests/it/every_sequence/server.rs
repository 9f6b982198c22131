use std::sync::{Arc, Mutex};

use http::StatusCode;
use steadfast::testing::{Arrival, Step};

use super::alphabet::Symbol;

/// A server in memory that follows a sequence and knows the truth: what it executed.
#[derive(Clone)]
pub(super) struct Server(Arc<Mutex<State>>);

struct State {
    keys: Keys,
    sequence: Vec<Symbol>,
    sends: usize,
    executed: Vec<Option<String>>,
}

/// What the server does with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    Honored,
    Ignored,
}

impl Server {
    pub(super) fn new(keys: Keys) -> Self {
        Self(Arc::new(Mutex::new(State {
            keys,
            sequence: Vec::new(),
            sends: 0,
            executed: Vec::new(),
        })))
    }

    /// Forgets everything, and follows another sequence.
    pub(super) fn follow(&self, sequence: &[Symbol]) {
        let mut state = self.0.lock().unwrap();
        state.sequence.clear();
        state.sequence.extend_from_slice(sequence);
        state.sends = 0;
        state.executed.clear();
    }

    pub(super) fn receive(&self, arrival: &Arrival) -> Step {
        let mut state = self.0.lock().unwrap();
        let symbol = state.sequence.get(state.sends).copied();
        state.sends += 1;
        if symbol.is_none_or(Symbol::acts) {
            state.execute(arrival.header("idempotency-key"));
        }
        symbol.map_or_else(|| Step::status(StatusCode::OK), Symbol::step)
    }

    /// How often the server executed anything since it follows the sequence.
    pub(super) fn executions(&self) -> usize {
        self.0.lock().unwrap().executed.len()
    }

    /// Loses the books.
    pub(super) fn forget_executions(&self) {
        self.0.lock().unwrap().executed.clear();
    }

    /// How many requests came since then.
    pub(super) fn sends(&self) -> usize {
        self.0.lock().unwrap().sends
    }
}

impl State {
    fn execute(&mut self, key: Option<&str>) {
        let known = key.is_some() && self.executed.iter().any(|done| done.as_deref() == key);
        if !(known && self.keys == Keys::Honored) {
            self.executed.push(key.map(Into::into));
        }
    }
}
