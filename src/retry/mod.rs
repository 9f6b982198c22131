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
pub use replay::{Replay, ReplaySafety};
