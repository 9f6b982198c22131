//! For tests of code that uses steadfast (feature `testing`).
//!
//! [`Script`] answers without sockets, so that a test runs in milliseconds under a paused clock.

mod script;

pub(crate) use script::Action;
pub use script::{Arrival, Script, Step};
