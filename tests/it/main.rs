//! The integration tests: one module per promise.

mod simulation;
