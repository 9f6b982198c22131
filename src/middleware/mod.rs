//! In a `reqwest-middleware` chain: keys, retries, budget and breaker for clients that are built already.
//!
//! [`Resilience`] makes one operation of each request that comes to it, as [`Client`](crate::Client) does: with the same
//! settings, decisions, events, spans and receipts. What one request wants differently goes with it as [`PerRequest`].
//!
//! ```no_run
//! use reqwest_middleware::ClientBuilder;
//! use steadfast::ResponseExt;
//! use steadfast::middleware::Resilience;
//!
//! # async fn run() -> Result<(), reqwest_middleware::Error> {
//! let client = ClientBuilder::new(reqwest::Client::new())
//!     .with(Resilience::default())
//!     .build();
//! let response = client.post("https://api.example.com/charges").body("cents=1995").send().await?;
//! if let Some(receipt) = response.receipt() {
//!     println!("{receipt}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it returns
//!
//! The last response, whatever its status: a 503 after all attempts is `Ok`, as this ecosystem expects, and
//! [`ResponseExt::receipt`](crate::ResponseExt::receipt) tells why it ended so. Only where the last attempt brought no
//! response there is an error, always [`Error::Middleware`](reqwest_middleware::Error::Middleware):
//! [`ErrorExt::operation_error`] finds the [`Error`](crate::Error) in it, which has the receipt, an earlier response and,
//! as its sources, the original failure down to reqwest's own.
//!
//! # Where it stands
//!
//! The chain runs in the order of its `with` calls, the first one outermost.
//!
//! | middleware | where | why |
//! |---|---|---|
//! | caches, mocks, rate limits per call, one span per call | before it | once per operation: a hit needs no attempt |
//! | what sets the idempotency key | before it | the key must be there before the first attempt; it is kept, not replaced |
//! | anything with a timeout over the whole call | before it | within, it would bound one attempt, as `attempt_timeout` does |
//! | **`Resilience`** | | |
//! | request signatures with a time or a nonce, tokens that expire | after it | made anew for each attempt |
//! | one span, log line or metric per request on the wire | after it | sees each attempt |
//! | **[`Seal`]** | last | sees what goes out |
//! | another retry loop | nowhere | attempts would multiply |
//!
//! Bodies go down the chain as streams, so that nothing beneath can repeat them. A middleware that must look into them, a
//! signature over the body, needs the pair of [`Resilience::sealed`], or the hook
//! [`ClientBuilder::before_attempt`](crate::ClientBuilder::before_attempt), which needs no middleware. A middleware that
//! makes a response itself must give it the request's URL (`reqwest::ResponseBuilderExt`), else it looks as if a
//! redirect had been followed.
//!
//! # What it defends against
//!
//! A request's extensions travel with it through the chain, and with every copy that a loop makes of it: there the
//! operation leaves a mark. Nested loops are reported as a warning and as
//! [`Event::RetriesNested`](crate::Event::RetriesNested).
//!
//! | what | what becomes of it | seen without a [`Seal`] |
//! |---|---|---|
//! | a key header on the request | adopted and validated, never overwritten | yes |
//! | a retry loop around it | the operation is taken up: same key, doubts kept, one more attempt each time, and none where a repeat could act twice | yes |
//! | copies in parallel around it (hedging) | each is an operation with a key of its own, unless the key is set before | **no** |
//! | a timeout around it, then a repeat | the same; what was cut off counts as possibly processed | yes |
//! | a second `Resilience` within | it passes everything through | yes |
//! | a retry loop within, of a state-changing request | gets a body that it cannot clone: reqwest-retry refuses, nothing is sent, the error says so; with a seal it is counted, and stopped where nothing protects | as a failure |
//! | a retry loop within, of a GET or HEAD | repeats | **no** |
//! | a middleware within that replaces the key, removes or renames it | goes out with that key, or without; with a seal it is refused | **no** |
//! | reqwest's own retry, and its redirects by 307 and 308 | cannot repeat the body of a state-changing request | by design |
//! | reqwest's own retry and redirects of GET and HEAD | happen | a redirect shows by the response's URL |
//!
//! Turn reqwest's own redirects and retries off where you build it; what else is weaker with a client that was built
//! elsewhere: [`Client::from_reqwest`](crate::Client::from_reqwest). Redirects to another origin are not followed,
//! unless [`from_builder`](Resilience::from_builder) is given [`Redirects::AnyOrigin`](crate::Redirects::AnyOrigin) by name.
//! Nothing is [hedged](crate::Hedge): one chain has one set of extensions, and two attempts at once would need two.
//!
//! What a loop around it adds is not paid for from the budget, though the breaker is asked; each pass has its own total
//! timeout, and its receipt tells of its own attempts only, numbered on, with the effect of all.
//!
//! One [`Extensions`](http::Extensions) is one operation: who sends the same request again with the same extensions
//! after a failure repeats the operation, with its key. After a success it is a new one. `RequestBuilder::send` and
//! `execute` make new extensions each time; `execute_with_extensions` leaves it to you.
//!
//! # What a failure within means
//!
//! | what comes from the rest of the chain | what it is |
//! |---|---|
//! | `Error::Reqwest` | placed as the client does: the table in the [crate's documentation](crate) |
//! | `Error::Middleware` with a [`Failure`](crate::Failure) | what it says, for transports that know |
//! | `Error::Middleware` with reqwest's error among its sources | of that kind, and it may have been processed |
//! | any other `Error::Middleware`, one that hides reqwest's error included | final, unless a classifier retries [`FailureKind::Hook`](crate::FailureKind::Hook); it may have been processed |
//!
//! Not promised: that the message of another middleware's error holds no secret; those are passed on as sources. Only
//! reqwest's lose their URL, and only where no other error or context wraps them.

mod chain;
mod error;
mod fault;
mod pass;
mod per_request;
mod resilience;
mod seal;

pub use error::ErrorExt;
pub use per_request::PerRequest;
pub use resilience::Resilience;
pub use seal::Seal;
