//! For tests: a payment API that deduplicates, a proxy that loses responses, and scripts without sockets.
//!
//! No vendor ships a server that deduplicates by key, and a mock server cannot lose a response after it executed the
//! request; so the one case that matters for a retrying client usually goes untested. The first two can be put in a row:
//!
//! - [`PaymentApi`] is an HTTP server with real server-side idempotency. It counts what was executed, per key and per
//!   operation, and has assertions for what must hold.
//! - [`FaultProxy`] stands before any HTTP server and breaks the wire as a script says.
//! - [`Script`] answers in memory, so that a test of code around a client runs in milliseconds under a paused clock.
//! - [`Recorder`] remembers what happened, with assertions that print it.
//!
//! How they go together, by example: [How to test code that uses steadfast](guide).
//!
//! The servers bind 127.0.0.1 on a free port, start in milliseconds and stop when dropped. They use real sockets: a paused
//! tokio clock runs ahead of them, so do not pause it.
//!
//! This module is behind the feature `testing` and belongs under `[dev-dependencies]`:
//!
//! ```toml
//! [dev-dependencies]
//! steadfast = { version = "0.1", features = ["testing"] }
//! ```
//!
//! # Examples
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use steadfast::testing::PaymentApi;
//!
//! let api = PaymentApi::start().await?;
//! let client = reqwest::Client::new();
//! for _ in 0..2 {
//!     let charge = client.post(api.endpoint("/v1/charges")).header("Idempotency-Key", "order-1").body("amount=100");
//!     assert_eq!(charge.send().await?.status(), 200);
//! }
//! assert_eq!(api.key("order-1").arrivals(), 2);
//! assert_eq!(api.key("order-1").effects(), 1);
//! api.assert_each_key_executed_at_most_once();
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
//! ```

mod entry;
pub mod fault_proxy;
pub mod guide;
pub mod payment_api;
mod recorder;
mod recording;
mod script;
mod tasks;
mod time;

pub use fault_proxy::FaultProxy;
pub use payment_api::PaymentApi;
pub use recorder::Recorder;
pub use recording::{Recorded, Recording};
pub(crate) use script::Action;
pub use script::{Arrival, Script, Step};
