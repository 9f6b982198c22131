//! An operation happens once; attempts are how.

pub mod breaker;
pub mod budget;
mod classify;
mod client;
mod clock;
mod engine;
mod error;
mod event;
#[cfg(test)]
mod fixture;
mod operation;
mod origins;
pub mod retry;
mod rng;
#[cfg(feature = "testing")]
pub mod testing;

pub use classify::{Classify, Verdict};
pub use client::{Client, ClientBuilder, IntoTarget, KeyFault, RequestBuilder, ResponseExt};
pub use clock::Clock;
pub use engine::{AttemptInfo, Body, Redirects};
pub use error::{ConfigError, Error};
pub use event::{Event, Observer};
pub use operation::{
    Attempt, Delivery, Effect, Ending, Failure, FailureKind, Fingerprint, Hop, IdempotencyKey, KeyError, KeyFormat,
    KeyHeader, KeySupport, NotReplayable, Origin, Outcome, ParseOriginError, Receipt, Scope, StopReason,
};
pub use reqwest;
pub use retry::backoff::Backoff;
pub use retry::builder::RetryPolicyBuilder;
pub use retry::jitter::Jitter;
pub use retry::policy::RetryPolicy;
