//! The integration tests: one module per promise.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's leave for tests ends at their helpers"
)]

mod a_body_belongs_to_the_attempt;
mod a_breaker_does_as_it_is_set;
mod a_budget_bounds_the_load;
mod a_circuit_reports_its_changes;
mod a_concurrency_limit_holds;
mod a_deadline_holds;
mod a_fault_is_placed;
mod a_hedge_is_paid_for;
mod a_hook_cannot_change_the_key;
mod a_lookup_settles_a_doubt;
mod a_nack_is_repeated_once;
mod a_policy_may_stop_sooner;
mod a_probe_gives_its_place_back;
mod a_race_hides_nothing;
mod a_receipt_tells_all;
mod a_redirect_is_charged_to_its_target;
mod a_redirect_takes_nothing_elsewhere;
mod a_refusal_is_no_attempt;
mod a_request_changes_parts;
mod a_retry_is_bounded;
mod a_server_may_ask_for_patience;
mod a_span_per_attempt;
mod any_function;
mod attempts_properties;
mod bytes_are_as_reqwest_writes_them;
mod cancel_safety;
mod classifiers_combine;
mod conditions_hold;
mod conformance;
mod doubt_after_redirects;
mod every_sequence;
mod fault_proxy;
mod guards_leak_nothing;
mod hooks_keep_the_key;
mod jitter_can_be_seeded;
mod kit_leaves_nothing;
mod layers;
mod metrics;
mod middleware;
mod no_blind_repeat;
mod one_key;
mod only_what_can_heal;
mod payment_api;
mod presets;
mod receipts_match_arrivals;
mod recorder;
mod retries_are_paid_for;
mod secrets_stay_in;
mod settings_are_checked;
mod settings_from_files;
mod simulation;
mod soak;
mod support;
mod support_guards;
mod support_time;
mod test_kit;
mod the_last_response_stays_readable;
mod the_nearest_setting_wins;
mod total_timeout;
mod tower_layer;
mod types_as_promised;
mod user_code_that_panics;
mod waits_come_from_a_list;
mod what_counts_against_a_server;
mod wire_table;
