//! The integration tests: one module per promise.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's leave for tests ends at their helpers"
)]

mod a_body_belongs_to_the_attempt;
mod a_deadline_holds;
mod a_fault_is_placed;
mod a_hook_cannot_change_the_key;
mod a_nack_is_repeated_once;
mod a_receipt_tells_all;
mod a_redirect_takes_nothing_elsewhere;
mod a_retry_is_bounded;
mod a_server_may_ask_for_patience;
mod a_span_per_attempt;
mod bytes_are_as_reqwest_writes_them;
mod no_blind_repeat;
mod one_key;
mod only_what_can_heal;
mod secrets_stay_in;
mod support;
mod the_last_response_stays_readable;
