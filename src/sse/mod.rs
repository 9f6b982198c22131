//! Streams of server-sent events that are never taken for complete when they are not.
//!
//! An operation ends with the response head: what streams after it is the caller's, since repeating the request would
//! yield other text and cost another completion. A stream that breaks off looks like one that ended, though. [`Events`]
//! tells them apart: it ends with `Ok(None)` only after the provider's terminal event, and with an error otherwise.
//!
//! # Examples
//!
//! ```
//! use steadfast::preset::{self, StreamEnd};
//! use steadfast::sse::Events;
//!
//! # async fn run(response: steadfast::reqwest::Response) -> Result<(), Box<dyn std::error::Error>> {
//! let end = preset::anthropic().stream_end().cloned().unwrap_or_default();
//! let mut events = Events::of(response, end);
//! while let Some(event) = events.next().await? {
//!     println!("{}: {}", event.name(), event.data());
//! }
//! # Ok(())
//! # }
//! ```

mod events;
mod parser;

pub use events::{Events, StreamError};
pub use parser::Event;
