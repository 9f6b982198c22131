//! Whether to try again, and when: pure decisions, without a runtime, a clock or a client.
//!
//! A [`RetryPolicy`] says how often and after how long, [`ReplaySafety`] says whether a repeat could run the operation
//! twice, and [`Attempts`] is the state machine of one operation: outcome in, [`Decision`] out. `now` and a random
//! number are handed in, so the same policy drives our client, yours, and a test that is plain arithmetic.
//!
//! # Examples
//!
//! ```
//! use std::time::{Duration, Instant};
//! use http::{HeaderMap, Method, StatusCode};
//! use steadfast::retry::{Decision, ReplaySafety};
//! use steadfast::{Outcome, RetryPolicy, StopReason};
//!
//! let policy = RetryPolicy::default();
//! let now = Instant::now();
//! let mut attempts = policy.attempts(ReplaySafety::of_method(&Method::PUT), now);
//!
//! attempts.begin(now)?;
//! let headers = HeaderMap::new();
//! let outcome = Outcome::response(StatusCode::SERVICE_UNAVAILABLE, &headers);
//! let verdict = policy.classify(&outcome);
//! assert_eq!(attempts.after(&outcome, &verdict, now, 0.0), Decision::RetryAfter(Duration::from_secs(1)));
//!
//! attempts.begin(now)?;
//! let outcome = Outcome::response(StatusCode::OK, &headers);
//! let verdict = policy.classify(&outcome);
//! assert_eq!(attempts.after(&outcome, &verdict, now, 0.0), Decision::Stop(StopReason::Accepted));
//! # Ok::<(), steadfast::StopReason>(())
//! ```
//!
//! # Drive it yourself
//!
//! Which of them to take depends on what is yours:
//!
//! | yours | take | it gives |
//! |---|---|---|
//! | an async function | [`RetryPolicy::run`](crate::RetryPolicy::run) | calls, waits, time limits, history |
//! | a function that blocks | [`RetryPolicy::run_blocking`](crate::RetryPolicy::run_blocking) | the same in a thread |
//! | client, clock and loop | [`drive::Operation`](crate::drive::Operation) | every decision, breaker and budget in the right order |
//! | all that, and the guards too | [`Attempts`] | the policy's decisions alone |
//!
//! A driver of [`Attempts`] that has a breaker and a budget asks the breaker, then withdraws from the budget, then begins,
//! and gives both back if it does not: [`drive`](crate::drive) does that, and cannot leak a permit.

mod attempts;
pub(crate) mod backoff;
pub(crate) mod builder;
pub(crate) mod jitter;
mod limits;
pub(crate) mod policy;
mod progress;
mod replay;
mod stops;

pub use attempts::{Attempts, Begin, Decision};
pub(crate) use backoff::Backoff;
pub(crate) use policy::RetryPolicy;
pub use progress::Progress;
pub(crate) use replay::Touched;
pub use replay::{Replay, ReplaySafety};
