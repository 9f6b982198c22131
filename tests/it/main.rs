//! The integration tests: one module per promise.

mod fault_proxy;
mod payment_api;
mod soak;
mod test_kit;
mod wire_table;
