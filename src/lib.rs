//! An HTTP client on [`reqwest`] whose state-changing calls are safe to retry.
//!
//! When the answer to a POST gets lost, nobody knows whether the server acted: a retry may run it twice, no retry may
//! lose it. Here an *operation* happens once, and *attempts* are how: every attempt carries the same idempotency key and
//! body, is repeated only where that cannot act twice, within limits, and all of it is in the receipt.
//!
//! ```
//! use steadfast::{Client, IdempotencyKey, ResponseExt};
//!
//! # async fn run() -> Result<(), steadfast::Error> {
//! let client = Client::new();
//! let response = client
//!     .post("https://api.example.com/charges")
//!     .idempotency_key(IdempotencyKey::derive(["charge", "order-42"]))
//!     .body("cents=1995")
//!     .send()
//!     .await?;
//! if let Some(receipt) = response.receipt() {
//!     println!("{receipt}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! `Ok` means that the server gave its answer: 1xx to 4xx, or what a classifier accepts. `Err` means that the operation
//! failed: no answer, or a 5xx that was not, or could not be, retried further. The [`Error`] keeps that 5xx readable.
//!
//! # What is retried when
//!
//! | an attempt ended with | idempotent method, or honoured key | neither |
//! |---|---|---|
//! | 1xx to 4xx (408, 421, 425 and 429 too) | `Ok` | `Ok` |
//! | 501, 505 | `Err` | `Err` |
//! | any other 5xx | retry | `Err` |
//! | any other 5xx, marked `Idempotent-Replayed: true` | `Err` | `Err` |
//! | no connection, or closed before the request was written | retry | retry: nothing was sent |
//! | HTTP/2 `REFUSED_STREAM`, or a `GOAWAY` that excludes the request | retry | retry once: the server says it did not act, and a second time leaves doubt |
//! | connection lost after that, or an answer that is not HTTP | retry | `Err` |
//! | no response head within the attempt's time limit | retry | `Err` |
//! | buffered body of a 2xx or 3xx cut or late | retry | `Err` |
//! | buffered body of a 5xx cut, late or larger than the buffer | as the status | as the status |
//! | buffered body of a 4xx cut or late; any other body larger than the buffer | `Err` | `Err` |
//! | TLS or proxy refuses for good; the request itself is invalid | `Err` | `Err` |
//!
//! Idempotent are GET, HEAD, OPTIONS, TRACE, PUT and DELETE (RFC 9110 §9.2.2). A body that can be read only once, and
//! [`send_once`](RequestBuilder::send_once), mean a single attempt. [`RetryPolicy::strict`] is the
//! table's other variant, and a [`Classify`] changes it; [`classify`] has small ones that combine.
//!
//! # Defaults
//!
//! | what | default | why |
//! |---|---|---|
//! | [attempts](RetryPolicyBuilder::max_attempts) | 5, the first included | as AWS, gRPC and Temporal count |
//! | [limits per outcome](RetryPolicyBuilder::max_attempts_for), [on time](RetryPolicyBuilder::max_elapsed) | none | only the caller knows which failures last |
//! | [waits](Backoff) | 1, 2, 4, 8 s | long enough for a restart, short enough for a caller who waits |
//! | [jitter](Jitter) | up to 25 % more, after the cap | a wait never gets shorter, and clients that failed together part |
//! | [`Retry-After`](RetryPolicyBuilder::retry_after_limit) | a floor; above 120 s the operation stops | earlier is refused again; a longer wait is the caller's decision |
//! | [attempt timeout](ClientBuilder::attempt_timeout) | 30 s, cannot be off | a hung call would never be retried |
//! | [total timeout](ClientBuilder::total_timeout) | none | some calls take minutes |
//! | [connect timeout](ClientBuilder::connect_timeout) | 10 s, or half the attempt timeout | it must end first: then it is certain that nothing was sent |
//! | [key](ClientBuilder::key_methods) | a random `UUIDv4` on POST and PATCH | the other methods are idempotent, or safe |
//! | [header](ClientBuilder::key_header), [form](KeyFormat) | `Idempotency-Key`, the raw token | what providers use |
//! | [presets](preset) | the built-in table of providers | hosts that are known to ignore keys are not sent a POST twice |
//! | [key support](KeySupport) | honoured | nothing on the wire tells; say so where it is not |
//! | [key lifetime](ClientBuilder::key_lifetime) | for ever | only the provider's documentation knows |
//! | [redirects](Redirects) | at most 10; across origins GET and HEAD only, bare | keys and credentials must not leak |
//! | [circuit breaker](breaker) | per origin; opens at 50 % of at least 50 attempts in 30 s | an origin that is down is left alone |
//! | [retry budget](budget) | per origin; a retry costs what ten successes earn | an outage does not become a storm of retries |
//! | [attempts at once](ConcurrencyLimit) | no limit | only the server knows the number |
//! | [hedges](Hedge) | none | they are load that the server did not ask for |
//! | [idle connections](ClientBuilder::POOL_IDLE_TIMEOUT) | 15 s | a stale one looks exactly like a request that was processed |
//!
//! # What is guaranteed
//!
//! - **One key.** Every attempt of an operation carries the same [`IdempotencyKey`] and the same [`Body`] bytes; a
//!   [derived](IdempotencyKey::derive) key is the same after a restart.
//! - **No blind repeat.** An attempt is repeated only if the method is idempotent, or the server honours its key, or the
//!   server certainly did not act: [`ReplaySafety`](retry::ReplaySafety). No [`Classify`] can lift this, except by the
//!   visible name [`Verdict::retry_untouched`]; you can, by [`Replay::AtLeastOnce`].
//! - **Only what can heal is retried.** 5xx but 501 and 505, time limits, lost connections: [`RetryPolicy`].
//! - **Bounded.** Attempts, waits and the total time have limits: [`RetryPolicy`], [`Attempts`](retry::Attempts).
//! - **No storm.** Retries are paid for from a [budget](budget::RetryBudget) per origin that successes fill.
//! - **Nothing is hidden.** Every success and every [`Error`] has its [`Receipt`], unless the request could not even be
//!   built. Once an attempt's [`Effect`] is unknown, the operation's is, until a success or a replay settles it.
//! - **Cancel-safe.** Dropping the future of [`send`](RequestBuilder::send) at any point leaks nothing.
//! - **Quiet about secrets.** No credential, key, query string or body reaches a log, a span, a `Debug` or an error
//!   message; a key shows as a [`Fingerprint`]. Keys and headers do not follow a redirect to another origin.
//!
//! The same holds around [any function](function), and where the loop is [yours](drive): one core decides for all.
//! From reqwest alone, reqwest-retry, backon or a loop by hand, [`migration`] shows the way.
//!
//! None of this makes a remote effect happen exactly once by itself: that takes a server that honours keys. One that
//! ignores them runs every request it gets. The README names the limits.
//!
//! # Features
//!
//! | feature | default | what it gives |
//! |---|---|---|
//! | `default-tls` | yes | TLS as reqwest chooses it (rustls) |
//! | `native-tls` | | TLS by the platform's own library |
//! | `rustls-no-provider` | | rustls without a crypto provider: the application installs one |
//! | `http2` | yes | HTTP/2, and its refusals told from lost connections |
//! | `charset`, `system-proxy` | yes | as in reqwest |
//! | `json`, `form`, `query` | yes | the request builder's methods of these names |
//! | `multipart` | | `RequestBuilder::multipart` |
//! | `stream` | | request bodies and responses as streams |
//! | `gzip`, `brotli`, `zstd`, `deflate` | | transparent decompression, as in reqwest |
//! | `cookies`, `socks` | | as in reqwest |
//! | `metrics` | | `metrics::Metrics`: counters, histograms and gauges for any recorder of the `metrics` crate |
//! | `middleware` | | `steadfast::middleware`: the same operations inside a reqwest-middleware chain |
//! | `serde` | | `config`: settings from files and the environment; `Serialize` for receipts and keys, `Deserialize` for keys |
//! | `tower` | | a layer for any `tower` service of HTTP requests |
//! | `testing` | | the test kit: scripts, a recorder, a payment API, a proxy that breaks the wire |
//!
//! The least supported Rust version is 1.89.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod breaker;
pub mod budget;
pub mod classify;
mod client;
mod clock;
mod concurrency;
#[cfg(feature = "serde")]
pub mod config;
pub mod drive;
mod engine;
mod error;
mod event;
#[cfg(test)]
mod fixture;
pub mod function;
mod hedge;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "middleware")]
pub mod middleware;
pub mod migration;
mod operation;
mod origins;
pub mod preset;
pub mod retry;
mod rng;
pub mod sse;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "tower")]
pub mod tower;

pub use classify::classifier::Classify;
pub use classify::verdict::Verdict;
pub use client::{Client, ClientBuilder, IntoTarget, KeyFault, RequestBuilder, ResponseExt};
pub use clock::Clock;
pub use concurrency::ConcurrencyLimit;
pub use engine::{AttemptInfo, Body, Finding, InDoubt, Redirects};
pub use error::{ConfigError, Error};
pub use event::{Event, Nesting, Observer};
pub use hedge::Hedge;
pub use operation::{
    Attempt, Delivery, Effect, Ending, Failure, FailureKind, Fingerprint, Hop, IdempotencyKey, KeyError, KeyFormat,
    KeyHeader, KeySupport, NotReplayable, Origin, Outcome, ParseOriginError, Problem, Receipt, Scope, StopReason,
};
pub use preset::Preset;
pub use reqwest;
pub use retry::Replay;
pub use retry::backoff::Backoff;
pub use retry::builder::RetryPolicyBuilder;
pub use retry::jitter::Jitter;
pub use retry::policy::RetryPolicy;

/// Compiles and runs the README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[derive(Debug)]
struct Readme;
