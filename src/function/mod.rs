//! The same policy around any function: a database, a queue, another SDK.
//!
//! [`RetryPolicy::run`](crate::RetryPolicy::run) takes an async closure, which the returned [`Run`] calls once per
//! attempt when it is awaited; [`RetryPolicy::run_blocking`](crate::RetryPolicy::run_blocking) does the same in a thread
//! without a runtime. Attempts, waits, deadline, breaker and budget are decided by the code that decides for HTTP.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use steadfast::breaker::CircuitBreaker;
//! use steadfast::budget::RetryBudget;
//! use steadfast::{IdempotencyKey, RetryPolicy, Scope, Verdict, function};
//!
//! # #[derive(Debug)] struct DbError;
//! # impl std::fmt::Display for DbError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("db") } }
//! # impl std::error::Error for DbError {}
//! # impl DbError { fn is_transient(&self) -> bool { true } }
//! # struct Db;
//! # impl Db { async fn pay(&self, key: Option<&IdempotencyKey>) -> Result<&'static str, DbError> { key.map(|_| "paid").ok_or(DbError) } }
//! # async fn run(db: Db, policy: RetryPolicy, breaker: CircuitBreaker, budget: RetryBudget) -> Result<(), function::Error<&'static str, DbError>> {
//! let row = policy
//!     .run(async |attempt| db.pay(attempt.key()).await)
//!     .classify(|result| match result {
//!         Ok(_) => Verdict::accept(),
//!         Err(error) if error.is_transient() => Verdict::retry(),
//!         Err(_) => Verdict::fail(),
//!     })
//!     .key(IdempotencyKey::derive(["pay", "order-42"])) // the same at every attempt
//!     .total_timeout(Duration::from_secs(30))
//!     .attempt_timeout(Duration::from_secs(5))
//!     .circuit_breaker(&breaker)
//!     .retry_budget(&budget)
//!     .scope(Scope::named("orders-db"))
//!     .await?;
//! assert_eq!(row, "paid");
//! # Ok(())
//! # }
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! # runtime.block_on(run(Db, RetryPolicy::default(), CircuitBreaker::default(), RetryBudget::default()))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a result means
//!
//! | an attempt ended with | without further word | breaker | a retry costs | effect |
//! |---|---|---|---|---|
//! | a value, or [`accept`](crate::Verdict::accept) of one | `Ok` | success | | applied |
//! | an error, or [`retry`](crate::Verdict::retry) | retry | failure | a token | unknown |
//! | [`retry_after`](crate::Verdict::retry_after): the far side asks for patience | | nothing | as throttled | unknown |
//! | [`retry_untouched`](crate::Verdict::retry_untouched) | | failure | a token | not applied |
//! | [`fail`](crate::Verdict::fail): an answer, and the last one | | success: a sign of life | | unknown |
//! | `accept` of an error: the error is the answer | | success | | unknown |
//! | [`already_done`](crate::Verdict::already_done) | | success | | applied |
//! | the attempt's time limit (async only) | retry | failure | as timed out | unknown |
//! | a future that was dropped, a closure that panicked | | nothing | | |
//!
//! The policy's own classifiers and table know HTTP alone and are not asked, unless [`Run::as_http`] makes an HTTP
//! outcome of the result. A wait that a verdict asks for is a floor and obeys the policy's limit.
//!
//! # When it is repeated
//!
//! | said | repeated after an attempt that may have acted |
//! |---|---|
//! | nothing | yes: a closure given to `run` may be called again |
//! | [`key`](Run::key) | yes, until [`key_lifetime`](Run::key_lifetime) is over |
//! | [`not_repeatable`](Run::not_repeatable) | no: only after `retry_untouched` |
//! | [`safety`](Run::safety) | as [`ReplaySafety`](crate::retry::ReplaySafety) says |
//!
//! # Guarantees
//!
//! * Every attempt is given the same key.
//! * A time limit out of its range, or a key derived from nothing, is refused before anything is called:
//!   [`Error::config_error`].
//! * Dropping the future at any point, or a closure that panics, leaks no permit and no token.
//! * [`Error`] carries the last result and the [`History`]: all attempts, all waits, why it stopped, and the effect.
//! * A success with breaker and budget allocates nothing and reads the clock twice.
//!
//! # Limits
//!
//! Nothing is enforced inside the closure: what it does with the key is up to it. An attempt that is out of time is
//! dropped where it stands. Waits and time limits of async closures need tokio's timer; a `run` that neither waits nor
//! has a limit needs no runtime. Observers are a client's and hear nothing of it; what is given up is a `tracing` event.

mod attempt;
mod call;
mod error;
mod history;
mod judge;
mod notice;
mod run;
mod running;
mod work;

pub use attempt::Attempt;
pub use error::Error;
pub use history::{Ending, History, Record};
pub use judge::{ByOutcome, ByVerdict, ErrorsHeal, Judge};
pub use notice::{Notice, Quiet, Retry, Told};
pub use run::Run;
pub use running::Running;
pub use work::{AsyncWork, Asynchronous, Blocking, BlockingWork, Work};
