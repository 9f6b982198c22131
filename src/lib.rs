//! An operation happens once; attempts are how.

pub mod classify;
mod client;
mod clock;
mod engine;
mod error;
pub mod event;
mod operation;
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
    KeyHeader, KeySupport, NotReplayable, Outcome, Receipt, StopReason,
};
pub use reqwest;
pub use retry::{Backoff, Jitter, RetryPolicy, RetryPolicyBuilder};
