//! Each preset does what its provider's documents and libraries say, over real sockets.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod anthropic;
mod bodies;
mod merging;
mod openai;
mod others;
mod payments;
mod replays;
mod streams;
mod stripe;
mod table;
