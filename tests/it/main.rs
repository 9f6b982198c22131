//! The integration tests: one module per promise.

mod every_sequence;
mod support_time;
