//! The integration tests: one module per promise.
