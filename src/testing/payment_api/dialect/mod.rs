//! How each provider words its answers.

pub(super) mod anthropic;
pub(super) mod merchant;
pub(super) mod openai;
pub(super) mod problem;
pub(super) mod stripe;

use bytes::Bytes;

use super::answer::{Answer, StreamEnd};
use super::charge::Charge;
use super::refusal::Refusal;

/// A provider's wording: functions from what happened to what is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    pub(super) accept: fn(&Charge, Freshness) -> Answer,
    pub(super) refuse: fn(&Refusal<'_>) -> Answer,
    /// The events of a streamed answer, for providers that stream.
    pub(super) stream: Option<fn(&Charge, StreamEnd) -> Vec<Bytes>>,
}

/// Whether the resource in an answer was just made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    Created,
    Existing,
}

/// Whole seconds for `Retry-After`, rounded up: less would invite a request that is too early.
fn whole_seconds(duration: std::time::Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
