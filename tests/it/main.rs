//! The integration tests: one module per promise.

mod attempts_properties;
mod every_sequence;
mod receipts_match_arrivals;
mod support_time;
mod total_timeout;
