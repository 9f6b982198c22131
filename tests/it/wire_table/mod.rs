//! The table of faults, row by row: what each is called, what the server did, and what follows.
//!
//! Shown from both sides: the server's, by what the proxy forwarded and the payment API executed, and the client's, by
//! the receipt. The error chains behind it are no stable contract of hyper and h2, so this runs on every dependency bump.
//! Nothing that a server executed may be called `NeverSent` or `NotApplied`; servers that lie are listed apart.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

mod connections;
mod coverage;
mod environment;
mod http1;
mod http2;
mod liars;
mod raw;
mod row;
