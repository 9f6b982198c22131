//! What both sides saw.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use steadfast::testing::fault_proxy::Passage;
use steadfast::testing::payment_api::History as Seen;
use steadfast::{Attempt, Delivery, Effect, Ending, FailureKind, StopReason};

use super::order::{Errand, Order};
use super::plan::Plan;

/// What happened in one soak.
pub(crate) struct History {
    pub(crate) plan: Plan,
    /// Each operation as its caller saw it.
    pub(crate) records: Vec<Record>,
    /// Each operation as the server saw it.
    pub(crate) operations: BTreeMap<String, Seen>,
    /// Each key as the server saw it.
    pub(crate) keys: BTreeMap<String, Seen>,
    /// What the proxy saw.
    pub(crate) passages: Vec<Passage>,
    /// How many requests the proxy saw under each key.
    pub(crate) arrivals: HashMap<String, usize>,
    /// What came to the other origin.
    pub(crate) elsewhere: Vec<String>,
    /// What was told and held the secret.
    pub(crate) leaks: Vec<String>,
    /// How many texts were listened to.
    pub(crate) texts: usize,
    /// What the drill at the end found.
    pub(crate) drill: Vec<String>,
    /// What was left when everything had been dropped.
    pub(crate) left: Vec<String>,
    pub(crate) took: Duration,
}

/// One operation as its caller saw it.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) order: Order,
    pub(crate) end: End,
    /// The key that its receipt names, or that the caller chose.
    pub(crate) key: Option<String>,
    /// None when the caller left: there is no receipt then.
    pub(crate) attempts: Option<Vec<AttemptRecord>>,
    /// The effect that was claimed.
    pub(crate) effect: Effect,
    pub(crate) stop: Option<StopReason>,
    /// How many attempts may have repeated a processed one, by its receipt.
    pub(crate) possible_duplicates: u32,
    /// By real time.
    pub(crate) took: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Answer(u16),
    Failure,
    Left,
}

/// One attempt as its receipt tells it.
#[derive(Clone, Debug)]
pub(crate) struct AttemptRecord {
    pub(crate) status: Option<u16>,
    pub(crate) failure: Option<(FailureKind, Delivery)>,
    pub(crate) hops: usize,
    /// A redirect made a GET of it: the answer is that of another page.
    pub(crate) became_get: bool,
    pub(crate) wait: Option<Duration>,
}

impl Record {
    pub(crate) fn is_charge(&self) -> bool {
        self.order.errand != Errand::Look
    }

    pub(crate) fn is_success(&self) -> bool {
        matches!(self.end, End::Answer(200..=299))
    }

    /// Whether the answer is that of a page to which a redirect led, and not of the server that was asked to act.
    pub(crate) fn is_of_another_page(&self) -> bool {
        let last = self.attempts.iter().flatten().last();
        last.is_some_and(|attempt| attempt.became_get)
    }

    /// How many requests this operation admits to have sent, redirects that were followed included.
    pub(crate) fn requests(&self) -> Option<usize> {
        let attempts = self.attempts.as_ref()?;
        Some(attempts.iter().map(|attempt| 1 + attempt.hops).sum())
    }
}

impl AttemptRecord {
    pub(crate) fn of(attempt: &Attempt) -> Self {
        Self {
            status: attempt.ending().status().map(|status| status.as_u16()),
            failure: match attempt.ending() {
                Ending::Failure { kind, delivery, .. } => Some((kind, delivery)),
                _ => None,
            },
            hops: attempt.hops().len(),
            became_get: attempt.hops().iter().any(|hop| hop.method() == http::Method::GET),
            wait: attempt.wait(),
        }
    }
}
