//! The integration tests: one module per promise.

mod a_fault_is_placed;
mod a_nack_is_repeated_once;
mod a_redirect_takes_nothing_elsewhere;
mod a_retry_is_bounded;
mod no_blind_repeat;
mod only_what_can_heal;
mod support;
