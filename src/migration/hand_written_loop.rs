//! From a loop by hand.
//!
//! # Before
//!
//! The usual loop, with its three usual mistakes.
//!
//! ```
//! use std::time::Duration;
//!
//! use steadfast::testing::fault_proxy::{Fault, FaultScript};
//! use steadfast::testing::payment_api::Turn;
//! use steadfast::testing::{FaultProxy, PaymentApi};
//!
//! async fn charge(client: &reqwest::Client, url: &str) -> Result<reqwest::Response, &'static str> {
//!     let mut wait = Duration::from_millis(5);
//!     for _ in 0..5 {
//!         let key = format!("{:032x}", rand::random::<u128>()); // 1. each attempt is an operation of its own
//!         let request = client.post(url).header("idempotency-key", key).body("amount=100");
//!         match request.send().await { // no time limit: one that hangs is never repeated
//!             Ok(response) if response.status().is_success() => return Ok(response),
//!             Ok(_) | Err(_) => {} // 2. a declined card is tried again, too
//!         }
//!         tokio::time::sleep(wait).await; // and once more before it gives up; all clients at the same times
//!         wait *= 2;
//!     }
//!     Err("giving up") // 3. why is forgotten, and whether it was charged
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let client = reqwest::Client::builder().no_proxy().build()?;
//!
//! let api = PaymentApi::start().await?;
//! let lossy = FaultProxy::builder(api.url()).script(FaultScript::list([Fault::lost_response()])).start().await?;
//! assert!(charge(&client, &lossy.endpoint("/v1/charges")).await.is_ok());
//! assert_eq!(api.charges().len(), 2, "charged twice");
//!
//! let api = PaymentApi::builder().turns(|_| Turn::decline()).start().await?;
//! assert_eq!(charge(&client, &api.endpoint("/v1/charges")).await.unwrap_err(), "giving up");
//! assert_eq!(api.totals().executions(), 5, "a card declined five times");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok(())
//! # }
//! ```
//!
//! # After
//!
//! What remains is the call.
//!
//! ```
//! use steadfast::testing::fault_proxy::{Fault, FaultScript};
//! use steadfast::testing::payment_api::Turn;
//! use steadfast::testing::{FaultProxy, PaymentApi};
//! use steadfast::{Client, Effect, IdempotencyKey};
//!
//! async fn charge(client: &Client, url: &str, order: &str) -> Result<reqwest::Response, steadfast::Error> {
//!     let key = IdempotencyKey::derive(["charge", order]); // without this line: a random one, also the same five times
//!     client.post(url).idempotency_key(key).body("amount=100").send().await
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! # let client = Client::builder().http(reqwest::Client::builder().no_proxy()).clock(steadfast::Clock::skipping()).build()?;
//! let api = PaymentApi::start().await?;
//! let lossy = FaultProxy::builder(api.url()).script(FaultScript::list([Fault::lost_response()])).start().await?;
//! assert!(charge(&client, &lossy.endpoint("/v1/charges"), "order-1").await.is_ok());
//! assert_eq!((api.arrivals(), api.charges().len()), (2, 1), "charged once");
//!
//! let api = PaymentApi::builder().turns(|_| Turn::decline()).start().await?;
//! assert_eq!(charge(&client, &api.endpoint("/v1/charges"), "order-2").await?.status(), 402);
//! assert_eq!(api.totals().executions(), 1, "a decline is an answer");
//!
//! let api = PaymentApi::builder().turns(|_| Turn::shed()).start().await?;
//! let error = charge(&client, &api.endpoint("/v1/charges"), "order-3").await.unwrap_err();
//! assert!(error.is_attempts_exhausted());
//! assert_eq!(error.response().map(|last| last.status().as_u16()), Some(503));
//! assert_eq!(error.receipt().map(|receipt| receipt.attempts().len()), Some(5));
//! assert_eq!(error.effect(), Effect::Unknown, "repeat it under error.key()");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok(())
//! # }
//! ```
//!
//! # Each habit
//!
//! | in the loop | steadfast |
//! |---|---|
//! | `for attempt in 0..5` | [`max_attempts(5)`](crate::RetryPolicyBuilder::max_attempts) |
//! | `wait *= 2`, `min(most)`, a list of waits | [`Backoff`](crate::Backoff), 1, 2, 4, 8 s by default |
//! | a random offset | [`Jitter`](crate::Jitter), on by default |
//! | `match response.status()` | the table, and [`classify_fn`](crate::RetryPolicyBuilder::classify_fn) |
//! | `timeout` around the attempt | [`attempt_timeout`](crate::ClientBuilder::attempt_timeout), on by default |
//! | `timeout` around the loop | [`total_timeout`](crate::ClientBuilder::total_timeout): no wait is begun that cannot end in time, and the error has its receipt |
//! | a key before the loop | none, or a derived one: [`idempotency_key`](crate::RequestBuilder::idempotency_key) |
//! | `try_clone` of the request | bytes are shared; [`Body::factory`](crate::Body::factory) for streams |
//! | a fresh token for each attempt | [`before_attempt`](crate::ClientBuilder::before_attempt) |
//! | parsing `Retry-After` | unasked, as a floor |
//! | a counter and a log line | [`Receipt`](crate::Receipt), [`on_event`](crate::ClientBuilder::on_event), spans |
//! | a loop around something else | [`RetryPolicy::run`](crate::RetryPolicy::run), [`run_blocking`](crate::RetryPolicy::run_blocking) in a thread |
//! | a loop that must stay a loop | [`drive::Operation`](crate::drive::Operation) says what to do next, and does nothing itself |
//!
//! # What changes in behaviour
//!
//! | | the loop above | steadfast |
//! |---|---|---|
//! | the key | a new one per attempt | one per operation, on POST and PATCH; a header that you set yourself is kept |
//! | a POST without an honoured key | repeated | only after what certainly did nothing |
//! | 4xx, 429 too | repeated | `Ok`, once, unless a [preset](crate::preset) or a classifier knows better |
//! | 501, 505 | repeated | final |
//! | a 5xx at the end | an error of your own | `Err`; [`Error::response`](crate::Error::response) is the answer |
//! | an attempt that hangs | hangs the loop | ends after 30 s, and is repeated |
//! | the wait after the last attempt | waited | none |
//! | an outage | five times the load | about a tenth more, from a [budget](crate::budget); then the [breaker](crate::breaker) |
//! | a redirect to another origin | followed, key and all | GET and HEAD alone, without key and the request's own headers |
//! | dropped half-way | | leaves nothing behind; repeat it under the same key |
//!
//! # When to stay
//!
//! A loop that mints the key outside, limits each attempt, repeats what can heal and keeps the last error is right, costs
//! nothing and has no dependency. Where it stands once, and no outage of the far side takes the near side along, keep it.
