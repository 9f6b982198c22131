//! From reqwest-middleware and reqwest-retry.
//!
//! # Before
//!
//! ```
//! use std::time::Duration;
//!
//! use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
//! use reqwest_retry::policies::ExponentialBackoff;
//! use reqwest_retry::{Jitter, RetryTransientMiddleware};
//!
//! fn client() -> ClientWithMiddleware {
//!     let policy = ExponentialBackoff::builder()
//!         .retry_bounds(Duration::from_millis(500), Duration::from_secs(10))
//!         .jitter(Jitter::Bounded)
//!         .build_with_max_retries(3);
//!     ClientBuilder::new(reqwest::Client::new())
//!         .with(RetryTransientMiddleware::new_with_policy(policy))
//!         .build()
//! }
//!
//! async fn charge(client: &ClientWithMiddleware) -> Result<reqwest::Response, reqwest_middleware::Error> {
//!     let request = client.post("https://api.example.com/charges").body("cents=1995");
//!     request.send().await
//! }
//! # let _ = (client(), charge);
//! ```
//!
//! # After, in the chain
//!
//! One line of the chain changes, and nothing of what uses it: `steadfast::middleware`, behind the feature `middleware`.
//!
#![cfg_attr(feature = "middleware", doc = "```")]
#![cfg_attr(not(feature = "middleware"), doc = "```ignore")]
//! use std::time::Duration;
//!
//! use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
//! use steadfast::middleware::Resilience;
//! use steadfast::{Backoff, RetryPolicy};
//!
//! fn client() -> Result<ClientWithMiddleware, steadfast::Error> {
//!     let policy = RetryPolicy::builder()
//!         .max_attempts(4)
//!         .backoff(Backoff::exponential(Duration::from_millis(500)).max(Duration::from_secs(10)))
//!         .build()?;
//!     let resilience = Resilience::from_builder(steadfast::Client::builder().retry(policy))?;
//!     Ok(ClientBuilder::new(reqwest::Client::new()).with(resilience).build())
//! }
//!
//! async fn charge(client: &ClientWithMiddleware) -> Result<reqwest::Response, reqwest_middleware::Error> {
//!     let request = client.post("https://api.example.com/charges").body("cents=1995");
//!     request.send().await
//! }
//! # let _ = charge;
//! # client().map(|_| ())?;
//! # Ok::<(), steadfast::Error>(())
//! ```
//!
//! # After, without a chain
//!
//! Where retries were all that the chain did, [`Client`](crate::Client) keeps every promise, also those that need
//! reqwest's own settings; `?` then also catches a 503.
//!
//! ```
//! use std::time::Duration;
//!
//! use steadfast::{Backoff, Client, RetryPolicy};
//!
//! fn client() -> Result<Client, steadfast::Error> {
//!     let policy = RetryPolicy::builder()
//!         .max_attempts(4)
//!         .backoff(Backoff::exponential(Duration::from_millis(500)).max(Duration::from_secs(10)))
//!         .build()?;
//!     Client::builder().retry(policy).build()
//! }
//!
//! async fn charge(client: &Client) -> Result<reqwest::Response, steadfast::Error> {
//!     let request = client.post("https://api.example.com/charges").body("cents=1995");
//!     request.send().await
//! }
//! # let _ = charge;
//! # client().map(|_| ())?;
//! # Ok::<(), steadfast::Error>(())
//! ```
//!
//! # Each setting
//!
//! | reqwest-retry | steadfast |
//! |---|---|
//! | `build_with_max_retries(3)` | [`max_attempts(4)`](crate::RetryPolicyBuilder::max_attempts): the first one counts |
//! | `build_with_total_retry_duration(d)` | [`total_timeout(d)`](crate::ClientBuilder::total_timeout): on the clock that waits, and the last attempt is bounded, too |
//! | `retry_bounds(least, most)` | [`Backoff::exponential(least)`](crate::Backoff::exponential) and [`max(most)`](crate::Backoff::max) |
//! | `base(2)` | [`Backoff::factor`](crate::Backoff::factor) |
//! | `jitter(Jitter::…)` | [`Backoff::jitter`](crate::Backoff::jitter) |
//! | a `RetryableStrategy` | [`classify_fn`](crate::RetryPolicyBuilder::classify_fn) or [`Classify`](crate::Classify) |
//! | `with_retry_log_level` | spans and warnings by `tracing`, [`on_event`](crate::ClientBuilder::on_event) for your own |
//! | the retry count in `RetryError` | the [`Receipt`](crate::Receipt), on success, too |
//! | a middleware that sets the key | [`IdempotencyKey`](crate::IdempotencyKey), on POST and PATCH unasked; one on the request is kept |
//!
//! # What changes in behaviour
//!
//! | | reqwest-retry 0.9 | steadfast |
//! |---|---|---|
//! | a POST after a timeout | sent again without a key: the server may run it twice | sent again under the same key, or not at all where the server ignores keys |
//! | 408 and 429 | retried | answers, unless a [preset](crate::preset) or a classifier knows better |
//! | 501, 505 | retried | final |
//! | `Retry-After` | ignored | a floor, up to 120 s |
//! | a streaming body | an error before anything is sent | sent once |
//! | a hung attempt | waits for reqwest's timeout, which is off by default | 30 s |
//! | an outage | every caller makes all its retries | a budget and a circuit breaker per origin |
//! | the error at the end | `Error::Middleware` with a `RetryError` | `Error::Middleware` with an [`Error`](crate::Error), or that alone without a chain |
//!
//! # When to stay
//!
//! Where everything that goes through the chain may be done twice, or carries a key that is set before the retries, and
//! the server's limits are generous. In a chain, the middleware keeps the rest of it as it is.
