//! The integration tests: one module per promise.

mod attempts_properties;
mod every_sequence;
mod support_time;
