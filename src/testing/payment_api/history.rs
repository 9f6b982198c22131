//! What the server saw of one key, one operation, or altogether.

use std::collections::HashSet;
use std::time::Duration;

use super::fingerprint::Fingerprint;

/// What the server saw and did: of one key, of one operation, or in total.
///
/// A snapshot; it does not change after it was taken.
#[derive(Clone, Debug, Default)]
pub struct History {
    executions: usize,
    effects: usize,
    replays: usize,
    conflicts: usize,
    arrival_times: Vec<Duration>,
    fingerprints: HashSet<Fingerprint>,
    keys: HashSet<String>,
}

impl History {
    /// Returns how many requests were read to their end.
    #[must_use]
    pub fn arrivals(&self) -> usize {
        self.arrival_times.len()
    }

    /// Returns how many requests the handler began to execute.
    #[must_use]
    pub fn executions(&self) -> usize {
        self.executions
    }

    /// Returns how many effects took place: charges made, completions generated.
    #[must_use]
    pub fn effects(&self) -> usize {
        self.effects
    }

    /// Returns how many requests were answered with the outcome of an earlier one.
    #[must_use]
    pub fn replays(&self) -> usize {
        self.replays
    }

    /// Returns how many requests were turned away because another with the same key was in flight.
    #[must_use]
    pub fn conflicts(&self) -> usize {
        self.conflicts
    }

    /// Returns how many different requests came, by method, path, query and body.
    #[must_use]
    pub fn distinct_fingerprints(&self) -> usize {
        self.fingerprints.len()
    }

    /// Returns how many different keys came; more than one for an operation is a client's bug.
    #[must_use]
    pub fn distinct_keys(&self) -> usize {
        self.keys.len()
    }

    /// Returns when each request had been read, since the server's clock was made.
    #[must_use]
    pub fn arrival_times(&self) -> &[Duration] {
        &self.arrival_times
    }

    pub(super) fn arrived(&mut self, fingerprint: Fingerprint, key: Option<&str>, at: Duration) {
        self.arrival_times.push(at);
        self.fingerprints.insert(fingerprint);
        if let Some(key) = key {
            self.keys.insert(key.to_owned());
        }
    }

    pub(super) fn note(&mut self, fact: Fact) {
        match fact {
            Fact::Execution => self.executions += 1,
            Fact::Effect => self.effects += 1,
            Fact::Replay => self.replays += 1,
            Fact::Conflict => self.conflicts += 1,
        }
    }

    /// Adds another history, for a key that came under several credentials.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.executions += other.executions;
        self.effects += other.effects;
        self.replays += other.replays;
        self.conflicts += other.conflicts;
        self.arrival_times.extend(&other.arrival_times);
        self.arrival_times.sort_unstable();
        self.fingerprints.extend(&other.fingerprints);
        self.keys.extend(other.keys.iter().cloned());
    }
}

/// Something that is counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fact {
    Execution,
    Effect,
    Replay,
    Conflict,
}
