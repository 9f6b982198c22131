//! From backon.
//!
//! # HTTP, before
//!
//! The answer to the first attempt is lost after the server charged. The second charges again.
//!
//! ```
//! use std::time::Duration;
//!
//! use backon::{ExponentialBuilder, Retryable};
//! use steadfast::testing::fault_proxy::{Fault, FaultScript};
//! use steadfast::testing::{FaultProxy, PaymentApi};
//!
//! async fn charge(client: &reqwest::Client, url: &str) -> Result<reqwest::Response, reqwest::Error> {
//!     let backoff = ExponentialBuilder::default()
//!         .with_min_delay(Duration::from_millis(100))
//!         .with_max_delay(Duration::from_secs(10))
//!         .with_max_times(4)
//!         .with_jitter();
//!     (|| async { client.post(url).body("amount=100").send().await?.error_for_status() })
//!         .retry(backoff)
//!         .when(|error| error.status().is_none_or(|status| status.is_server_error()))
//!         .notify(|error, wait| eprintln!("{error}: again in {wait:?}"))
//!         .await
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let api = PaymentApi::start().await?;
//! let lossy = FaultProxy::builder(api.url()).script(FaultScript::list([Fault::lost_response()])).start().await?;
//! let client = reqwest::Client::builder().no_proxy().build()?;
//!
//! charge(&client, &lossy.endpoint("/v1/charges")).await?;
//! assert_eq!(api.charges().len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok(())
//! # }
//! ```
//!
//! # HTTP, after
//!
//! [`Client`](crate::Client) holds the policy, and the call is reqwest's again: no closure, no `when`.
//!
//! ```
//! use std::time::Duration;
//!
//! use steadfast::testing::fault_proxy::{Fault, FaultScript};
//! use steadfast::testing::{FaultProxy, PaymentApi};
//! use steadfast::{Backoff, Client, Event, RetryPolicy};
//!
//! fn client() -> Result<Client, steadfast::Error> {
//!     let policy = RetryPolicy::builder()
//!         .max_attempts(5)
//!         .backoff(Backoff::exponential(Duration::from_millis(100)).max(Duration::from_secs(10)))
//!         .build()?;
//!     Client::builder()
//! #       .http(reqwest::Client::builder().no_proxy())
//!         .retry(policy)
//!         .on_event(|event| if let Event::RetryScheduled { .. } = event { eprintln!("{event}") })
//!         .build()
//! }
//!
//! async fn charge(client: &Client, url: &str) -> Result<reqwest::Response, steadfast::Error> {
//!     client.post(url).body("amount=100").send().await
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let api = PaymentApi::start().await?;
//! let lossy = FaultProxy::builder(api.url()).script(FaultScript::list([Fault::lost_response()])).start().await?;
//!
//! charge(&client()?, &lossy.endpoint("/v1/charges")).await?;
//! assert_eq!((api.arrivals(), api.charges().len()), (2, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok(())
//! # }
//! ```
//!
//! # Anything else, before and after
//!
//! For what is not HTTP, [`run`](crate::RetryPolicy::run) takes the closure that backon took: see [`function`](crate::function).
//!
//! ```
//! use backon::{ExponentialBuilder, Retryable};
//! use std::cell::Cell;
//! use steadfast::{Effect, RetryPolicy, StopReason, Verdict, function};
//!
//! #[derive(Debug, PartialEq)]
//! enum QueueError { Busy, NoSuchQueue }
//!
//! async fn before<F: Future<Output = Result<u64, QueueError>>>(publish: impl Fn() -> F) -> Result<u64, QueueError> {
//!     publish
//!         .retry(ExponentialBuilder::default().with_max_times(4))
//!         .when(|error| *error == QueueError::Busy)
//!         .notify(|error, wait| eprintln!("{error:?}: again in {wait:?}"))
//!         .await
//! }
//!
//! async fn after<F>(publish: impl Fn() -> F) -> Result<u64, function::Error<u64, QueueError>>
//! where
//!     F: Future<Output = Result<u64, QueueError>>,
//! {
//!     RetryPolicy::default() // five attempts, the first included
//!         .run(|_| publish())
//!         .classify(|result| match result {
//!             Ok(_) => Verdict::accept(),
//!             Err(QueueError::Busy) => Verdict::retry(),
//!             Err(QueueError::NoSuchQueue) => Verdict::fail(),
//!         })
//!         .on_retry(|retry| eprintln!("{:?}: again in {:?}", retry.result, retry.wait))
//!         .await
//! }
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! # runtime.block_on(async {
//! let calls = Cell::new(0);
//! let third_time = || {
//!     calls.set(calls.get() + 1);
//!     std::future::ready(if calls.get() % 3 == 0 { Ok(7) } else { Err(QueueError::Busy) })
//! };
//! assert_eq!(before(third_time).await, Ok(7));
//! assert_eq!(calls.get(), 3);
//! assert!(matches!(after(third_time).await, Ok(7)));
//! assert_eq!(calls.get(), 6);
//!
//! let missing = || std::future::ready(Err(QueueError::NoSuchQueue));
//! assert_eq!(before(missing).await, Err(QueueError::NoSuchQueue));
//! let error = after(missing).await.unwrap_err();
//! assert_eq!((error.stop(), error.history().attempts().len()), (StopReason::Rejected, 1));
//! assert_eq!(error.effect(), Effect::Unknown);
//! assert_eq!(error.into_inner(), Some(QueueError::NoSuchQueue));
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Each setting
//!
//! | backon | steadfast |
//! |---|---|
//! | `with_min_delay`, `with_max_delay`, `with_factor` | [`Backoff::exponential`](crate::Backoff::exponential), [`max`](crate::Backoff::max), [`factor`](crate::Backoff::factor) |
//! | `with_max_times(4)` | [`max_attempts(5)`](crate::RetryPolicyBuilder::max_attempts): the first one counts |
//! | `with_total_delay(d)`, a sum of waits | [`total_timeout(d)`](crate::ClientBuilder::total_timeout), also of [`run`](crate::function::Run::total_timeout): attempts count, and the last one is bounded |
//! | `with_jitter()`, up to as much again | [`Jitter::Additive(1.0)`](crate::Jitter::Additive); a quarter by default |
//! | `with_jitter_seed` | [`ClientBuilder::jitter_seed`](crate::ClientBuilder::jitter_seed) |
//! | `ConstantBuilder` | [`Backoff::constant`](crate::Backoff::constant) |
//! | `FibonacciBuilder`, an iterator of your own | [`Backoff::steps`](crate::Backoff::steps), [`Backoff::custom`](crate::Backoff::custom) |
//! | `when` | [`classify`](crate::function::Run::classify); for HTTP the table, and [`classify_fn`](crate::RetryPolicyBuilder::classify_fn) |
//! | `notify` | [`on_retry`](crate::function::Run::on_retry); [`on_event`](crate::ClientBuilder::on_event) of a client |
//! | `adjust`, for `Retry-After` | unasked for HTTP; [`Verdict::retry_after`](crate::Verdict::retry_after) elsewhere |
//! | `sleep` | [`Clock`](crate::Clock) |
//! | `BlockingRetryable` | [`run_blocking(…).call()`](crate::RetryPolicy::run_blocking) |
//! | `tokio::time::timeout` inside the closure | [`attempt_timeout`](crate::function::Run::attempt_timeout) |
//! | a key captured by the closure | [`key`](crate::function::Run::key), given to each attempt; a client makes its own |
//!
//! # What changes in behaviour
//!
//! | | backon 1.6 | `Client` | `run` |
//! |---|---|---|---|
//! | attempts, by default | 4 | 5 | 5 |
//! | jitter, by default | none | up to 25 % | up to 25 % |
//! | a POST after a timeout | as `when` says | under the same key, or not at all where the server ignores keys | as `classify` says; never with [`not_repeatable`](crate::function::Run::not_repeatable) |
//! | a 4xx, 429 too | as `when` says | an answer, `Ok` | as `classify` says; with [`as_http`](crate::function::Run::as_http) an answer |
//! | a hung attempt | waits for ever | 30 s | waits for ever, unless told |
//! | `Retry-After` | as `adjust` says | a floor; above 120 s it stops | the same, as a verdict |
//! | an outage | every caller makes all its retries | budget and breaker per origin | those that it is given |
//! | a streaming body | yours to make anew | sent once | yours to make anew |
//! | the error at the end | the last `E` | [`Error`](crate::Error) with receipt and last response | [`function::Error`](crate::function::Error): `into_inner` is the last `E`, or `None` if there was none |
//!
//! # When to stay
//!
//! Where it is a read, or safe to do twice anyhow, and neither deadline, breaker, budget nor history is asked for: backon is
//! much smaller. It also goes where this crate does not: without tokio, in wasm and without `std`.
