//! The integration tests: one module per promise.

mod fault_proxy;
mod kit_leaves_nothing;
mod payment_api;
mod recorder;
mod soak;
mod test_kit;
mod wire_table;
