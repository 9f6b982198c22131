//! The integration tests: one module per promise.

mod payment_api;
