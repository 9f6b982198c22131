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
mod attempts_properties;
mod bytes_are_as_reqwest_writes_them;
mod cancel_safety;
mod doubt_after_redirects;
mod every_sequence;
mod fault_proxy;
mod hooks_keep_the_key;
mod layers;
mod no_blind_repeat;
mod one_key;
mod only_what_can_heal;
mod payment_api;
mod receipts_match_arrivals;
mod secrets_stay_in;
mod support;
mod support_time;
mod test_kit;
mod the_last_response_stays_readable;
mod total_timeout;
mod types_as_promised;
mod user_code_that_panics;
