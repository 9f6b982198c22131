//! The state machine alone, without I/O: for whoever brings the client, the clock and the loop.
//!
//! [`Operation`] asks policy, breaker and budget in the right order and tells them how attempts ended, in the same steps
//! that drive our client. Leave in, outcome in, decision out: it never waits, reads no clock and draws no number, so it
//! fits a thread, an event loop, a poll function, an interpreter without threads, and a test that is plain arithmetic.
//!
//! # Examples
//!
//! The whole loop of a blocking client; `examples/ureq` is one over a socket.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use http::Method;
//! use steadfast::breaker::CircuitBreaker;
//! use steadfast::budget::RetryBudget;
//! use steadfast::drive::Operation;
//! use steadfast::retry::{Decision, ReplaySafety};
//! use steadfast::{Delivery, Failure, FailureKind, IdempotencyKey, KeySupport, Origin, Outcome, RetryPolicy, StopReason};
//!
//! # struct Api(u32);
//! # impl Api { fn post(&mut self, _key: &str, _limit: Option<Duration>) -> Result<http::Response<()>, Failure> {
//! #     self.0 += 1;
//! #     if self.0 == 1 { Err(Failure::new(FailureKind::ConnectionLost, Delivery::Unknown)) } else { Ok(http::Response::new(())) } } }
//! # let (mut api, mut now) = (Api(0), Instant::now());
//! # fn random() -> f64 { 0.0 }
//! let (policy, origin) = (RetryPolicy::default(), "https://api.example.com".parse::<Origin>()?);
//! let key = IdempotencyKey::derive(["charge", "order-42"]); // fixed before the first attempt
//! let safety = ReplaySafety::of_method(&Method::POST).with_key(KeySupport::Honored);
//! let mut operation = Operation::new(&policy, safety, &origin, now)
//!     .with_deadline(now + Duration::from_secs(60))
//!     .with_circuit_breaker(CircuitBreaker::default()) // clone a shared one
//!     .with_retry_budget(RetryBudget::default());
//!
//! let stop = loop {
//!     let leave = match operation.begin(now) {
//!         Ok(leave) => leave,
//!         Err(stop) => break stop, // nothing was sent
//!     };
//!     let result = api.post(key.as_str(), leave.time_left());
//!     let outcome = match &result {
//!         Ok(response) => Outcome::response(response.status(), response.headers()),
//!         Err(failure) => Outcome::failure(failure), // its `Delivery` says whether the server may have acted
//!     };
//!     match leave.ended(&outcome, now, random()) {
//!         Decision::RetryAfter(wait) => now += wait, // sleep, or come back then
//!         Decision::Stop(stop) => break stop,
//!     }
//! };
//! assert_eq!((stop, operation.attempts()), (StopReason::Accepted, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a driver owes
//!
//! * The key is fixed before the first attempt, and goes on every attempt with the same body.
//! * The client underneath makes no attempts of its own: turn off its retries and redirects.
//! * An attempt ends at [`time_left`](Leave::time_left), and no later.
//! * [`Delivery`](crate::Delivery) is told as it is. `NeverSent` and `Refused` allow any repeat: where the client does
//!   not know, it is `Unknown`.
//!
//! # Guarantees
//!
//! * No attempt without the breaker's leave, no retry that the budget does not pay, none that the replay gate forbids.
//! * One attempt at a time: [`Leave`] holds the operation until it ended.
//! * A leave that is dropped, in a panic too, gives the breaker's permit back and counts as an attempt that may have
//!   acted: where nothing makes a repeat safe, there is none.
//! * Once it has stopped, it stays so: [`begin`](Operation::begin) says why again.

mod leave;
mod operation;

pub use leave::Leave;
pub use operation::Operation;
