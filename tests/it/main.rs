//! The integration tests: one module per promise.

mod fault_proxy;
mod payment_api;
mod presets;
mod test_kit;
