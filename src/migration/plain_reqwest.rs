//! From plain reqwest.
//!
//! # Before
//!
//! The server charges and its answer is lost. The caller sees an error, tries again, and pays twice.
//!
//! ```
//! use steadfast::testing::fault_proxy::{Fault, FaultScript};
//! use steadfast::testing::{FaultProxy, PaymentApi};
//!
//! async fn charge(client: &reqwest::Client, url: &str) -> Result<reqwest::Response, reqwest::Error> {
//!     client.post(url).body("amount=100").send().await?.error_for_status()
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let api = PaymentApi::start().await?;
//! let lossy = FaultProxy::builder(api.url()).script(FaultScript::list([Fault::lost_response()])).start().await?;
//! let (client, url) = (reqwest::Client::builder().no_proxy().build()?, lossy.endpoint("/v1/charges"));
//!
//! assert!(charge(&client, &url).await.is_err());
//! assert!(charge(&client, &url).await.is_ok());
//! assert_eq!(api.charges().len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok(())
//! # }
//! ```
//!
//! # After
//!
//! The client repeats it under the same key; so does a caller who tries again, since the key comes from the order.
//!
//! ```
//! use steadfast::testing::fault_proxy::{Fault, FaultScript};
//! use steadfast::testing::{FaultProxy, PaymentApi};
//! use steadfast::{Client, IdempotencyKey};
//!
//! async fn charge(client: &Client, url: &str, order: &str) -> Result<reqwest::Response, Box<dyn std::error::Error>> {
//!     let request = client.post(url).idempotency_key(IdempotencyKey::derive(["charge", order]));
//!     Ok(request.body("amount=100").send().await?.error_for_status()?)
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let api = PaymentApi::start().await?;
//! let lossy = FaultProxy::builder(api.url()).script(FaultScript::list([Fault::lost_response()])).start().await?;
//! let client = Client::builder().http(reqwest::Client::builder().no_proxy());
//! # let client = client.clock(steadfast::Clock::skipping());
//! let (client, url) = (client.build()?, lossy.endpoint("/v1/charges"));
//!
//! assert!(charge(&client, &url, "order-42").await.is_ok());
//! assert!(charge(&client, &url, "order-42").await.is_ok());
//! assert_eq!(api.charges().len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok(())
//! # }
//! ```
//!
//! # Code that looks at statuses
//!
//! A 5xx is an `Err` here. What looked at the status takes it from there; [`Error::into_response`](crate::Error::into_response)
//! is the whole answer.
//!
//! ```
//! use http::StatusCode;
//! use steadfast::testing::{Script, Step};
//! use steadfast::{Client, Error};
//!
//! async fn status(client: &Client, url: &str) -> Result<StatusCode, Error> {
//!     match client.get(url).send().await {
//!         Ok(response) => Ok(response.status()),
//!         Err(error) => error.status().ok_or(error), // what is left had no answer at all
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! # runtime.block_on(async {
//! let script = Script::from_fn(|arrival| Step::status(match arrival.url.path() {
//!     "/down" => StatusCode::SERVICE_UNAVAILABLE,
//!     _ => StatusCode::NOT_FOUND,
//! }));
//! let client = Client::builder().script(&script).build()?;
//!
//! assert_eq!(status(&client, "https://api.example.com/down").await?, 503);
//! assert_eq!(status(&client, "https://api.example.com/missing").await?, 404);
//! assert_eq!(script.arrivals().len(), 5 + 1, "the 404 was not retried");
//! # Ok::<(), Error>(())
//! # })?;
//! # Ok(())
//! # }
//! ```
//!
//! # Each setting
//!
//! | reqwest | steadfast |
//! |---|---|
//! | `Client::new()` | [`Client::new()`](crate::Client::new) |
//! | `Client::builder()`: TLS, proxies, DNS, user agent | the same builder, given to [`http`](crate::ClientBuilder::http) |
//! | a finished `Client` | [`from_reqwest`](crate::Client::from_reqwest), with the weaker promises that it names |
//! | `default_headers` | [`default_headers`](crate::ClientBuilder::default_headers), which are kept from other origins; those of reqwest's builder cannot be seen |
//! | `timeout`, on client or request | [`total_timeout`](crate::ClientBuilder::total_timeout) for all of it, [`attempt_timeout`](crate::ClientBuilder::attempt_timeout) for one attempt |
//! | `connect_timeout` | [`connect_timeout`](crate::ClientBuilder::connect_timeout) |
//! | `redirect(Policy)` | [`redirects`](crate::ClientBuilder::redirects); that of the builder is replaced |
//! | `retry(reqwest::retry::…)` | [`RetryPolicy`](crate::RetryPolicy); that of the builder is turned off |
//! | `Body::wrap_stream` | [`Body::factory`](crate::Body::factory) where the stream can be made anew; else it is sent once |
//! | `build()`, then `execute` | [`execute`](crate::Client::execute), of a `reqwest::Request` |
//! | `error_for_status()` | still there, for 4xx; it drops the receipt, so read that first |
//! | `reqwest::Error::is_timeout`, `is_connect`, `is_status` | the same of [`Error`](crate::Error), and reqwest's error as its source |
//! | `reqwest::blocking` | [`RetryPolicy::run_blocking`](crate::RetryPolicy::run_blocking) around it, with [`as_http`](crate::function::Run::as_http) |
//!
//! # What changes in behaviour
//!
//! | | reqwest 0.13 | steadfast |
//! |---|---|---|
//! | a 5xx | `Ok` | `Err` once it is given up; [`Error::response`](crate::Error::response) is the answer |
//! | a 4xx, 429 too | `Ok` | `Ok`, and not retried, unless a [preset](crate::preset) or a classifier knows better |
//! | a lost answer to a GET, a PUT, a keyed POST | `Err` | sent again |
//! | POST and PATCH | without a key | with an `Idempotency-Key`: signatures and lists of allowed headers must know it |
//! | a server that ignores keys | | trusted unless [known](crate::preset): say [`KeySupport::Ignored`](crate::KeySupport) |
//! | `timeout` on a request | the whole call, body too | one attempt, to the response head or the end of a [buffered](crate::RequestBuilder::buffer) body |
//! | time | unlimited by default | 30 s per attempt; five attempts and their waits unless `total_timeout` says less |
//! | an outage | every call goes out | retries end with the [budget](crate::budget), then the [breaker](crate::breaker) refuses: an `Err` in no time, nothing sent |
//! | a redirect to another origin | followed; 307 and 308 carry the body along | GET and HEAD alone, without key and the request's own headers, and with `http(…)` none, unless [`redirects`](crate::ClientBuilder::redirects) says so; any other 3xx is the answer |
//! | a body that breaks while it is read | an error of `text()` | the same, unless it is buffered: then it is retried |
//! | a stream as the request's body | sent | sent once, never repeated |
//! | idle connections | kept for 90 s | 15 s |
//!
//! # When to stay
//!
//! With reads that may fail, in code that asks a user to try again; in wasm, where this crate does not go; and with
//! reqwest's own `retry` where one more try without a wait is all that is wanted.
