//! The integration tests: one module per promise.

mod attempts_properties;
mod cancel_safety;
mod doubt_after_redirects;
mod every_sequence;
mod fault_proxy;
mod hooks_keep_the_key;
mod payment_api;
mod receipts_match_arrivals;
mod support_time;
mod test_kit;
mod total_timeout;
mod user_code_that_panics;
