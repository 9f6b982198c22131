use std::time::Duration;

use http::Method;
use steadfast::testing::payment_api::{Profile, Turn};
use steadfast::{Effect, Problem, StopReason, preset};

use super::table::{FIRST, Row, SECOND, row, run};

const KEYS: &str = "docs.stripe.com/api/idempotent_requests";
const ERRORS: &str = "docs.stripe.com/error-low-level";
const CODES: &str = "docs.stripe.com/error-codes";
const LIMITS: &str = "docs.stripe.com/rate-limits";
const HINT: &str = "stripe-ruby, stripe-node: Stripe-Should-Retry";
const RFC: &str = "RFC 9110";

const IN_USE: &str = r#"{"error":{"type":"invalid_request_error","code":"idempotency_key_in_use"}}"#;
const REUSED: &str = r#"{"error":{"type":"idempotency_error","message":"Keys for idempotent requests can only be used with the same parameters"}}"#;
const RATE: &str = r#"{"error":{"type":"invalid_request_error","code":"rate_limit"}}"#;
const LOCK: &str = r#"{"error":{"type":"invalid_request_error","code":"lock_timeout"}}"#;
const API_ERROR: &str = r#"{"error":{"type":"api_error"}}"#;

#[tokio::test]
async fn stripe_answers_mean_what_stripe_says() {
    let mut rows = answers();
    rows.extend(keys());
    run(&preset::stripe(), Profile::stripe_v1(), 25, rows).await;
}

#[expect(clippy::too_many_lines, reason = "a table is as long as it has rows")]
fn answers() -> Vec<Row> {
    let huge = format!(
        r#"{{"error":{{"type":"idempotency_error","message":"{}"}}}}"#,
        "x".repeat(100_000)
    );
    vec![
        row("a success is applied", KEYS).acted(1).ids(1),
        row("a decline is the answer", ERRORS)
            .turn(Turn::decline())
            .ok(402)
            .effect(Effect::Unknown)
            .acted(0),
        row("a failed validation is the answer", ERRORS)
            .body(r#"{"amount":"x"}"#)
            .ok(400)
            .effect(Effect::NotApplied)
            .acted(0),
        row("401 is the answer", ERRORS)
            .answer(401, &[], API_ERROR)
            .ok(401)
            .effect(Effect::NotApplied),
        row("404 is the answer", ERRORS)
            .answer(404, &[], API_ERROR)
            .ok(404)
            .effect(Effect::NotApplied),
        row("409 in flight is asked again under the key", CODES)
            .answer(409, &[], IN_USE)
            .waits([FIRST])
            .acted(1),
        row("409 in flight to the end is typed", CODES)
            .answer(409, &[], IN_USE)
            .answer(409, &[], IN_USE)
            .answer(409, &[], IN_USE)
            .answer(409, &[], IN_USE)
            .answer(409, &[], IN_USE)
            .waits([FIRST, SECOND, 4.0..=5.0, 8.0..=10.0])
            .err(StopReason::AttemptsExhausted)
            .effect(Effect::Unknown)
            .problem(Problem::KeyInUse)
            .acted(0),
        row(
            "any other 409 is a conflict that is retried",
            "stripe-ruby should_retry",
        )
        .answer(409, &[], API_ERROR)
        .waits([FIRST])
        .acted(1),
        row(
            "409 with a body that is no JSON is retried too",
            "stripe-ruby should_retry",
        )
        .answer(409, &[], "<html>")
        .waits([FIRST]),
        row("other parameters are a bug, and final", "stripe-ruby issue 503")
            .answer(400, &[], REUSED)
            .err(StopReason::Final)
            .effect(Effect::Unknown)
            .problem(Problem::KeyReused)
            .acted(0),
        row("a hint to retry does not make reuse heal", "stripe-ruby issue 503")
            .answer(400, &[("stripe-should-retry", "true")], REUSED)
            .err(StopReason::Final)
            .effect(Effect::Unknown)
            .problem(Problem::KeyReused),
        row(
            "an error body over 64 KiB is judged by its status",
            "this crate's limit",
        )
        .answer(400, &[], &huge)
        .ok(400)
        .effect(Effect::NotApplied),
        row("a rate limit is retried", LIMITS)
            .answer(429, &[], RATE)
            .waits([FIRST])
            .acted(1),
        row("a rate limit's Retry-After is a floor", LIMITS)
            .answer(429, &[("retry-after", "7")], RATE)
            .waits([7.0..=7.7])
            .acted(1),
        row("a lock timeout is retried", LIMITS)
            .answer(429, &[], LOCK)
            .waits([FIRST])
            .acted(1),
        row("a 429 that is told not to be retried is not", HINT)
            .answer(429, &[("stripe-should-retry", "false")], RATE)
            .err(StopReason::Final)
            .effect(Effect::Unknown),
        row("500 is retried", KEYS)
            .answer(500, &[], API_ERROR)
            .waits([FIRST])
            .acted(1),
        row("500 with should-retry false is final", HINT)
            .answer(500, &[("stripe-should-retry", "false")], API_ERROR)
            .err(StopReason::Final)
            .effect(Effect::Unknown),
        row("a 402 with should-retry true is retried", HINT)
            .answer(402, &[("stripe-should-retry", "true")], API_ERROR)
            .waits([FIRST])
            .acted(1),
        row("a hint that is no hint changes nothing", HINT)
            .answer(402, &[("stripe-should-retry", "maybe")], API_ERROR)
            .ok(402)
            .effect(Effect::Unknown),
        row("503 is retried twice", ERRORS)
            .answer(503, &[], "")
            .answer(502, &[], "<html>")
            .waits([FIRST, SECOND])
            .acted(1),
        row("501 is permanent", RFC)
            .answer(501, &[], "")
            .err(StopReason::Final)
            .effect(Effect::Unknown),
    ]
}

fn keys() -> Vec<Row> {
    vec![
        row("a lost answer is fetched by its key", KEYS)
            .lost()
            .waits([FIRST])
            .acted(1),
        row("a late answer is fetched by its key", KEYS)
            .late()
            .waits([FIRST])
            .acted(1),
        row("two lost answers cost one effect", KEYS)
            .lost()
            .lost()
            .waits([FIRST, SECOND])
            .acted(1),
        row("a stored 500 is final at its first replay", KEYS)
            .turn(Turn::fail())
            .lost()
            .waits([FIRST])
            .err(StopReason::Replayed)
            .effect(Effect::Unknown)
            .acted(0),
        row("a stored 500 after the effect is final too", KEYS)
            .turn(Turn::fail_after_effect())
            .lost()
            .waits([FIRST])
            .err(StopReason::Replayed)
            .effect(Effect::Unknown)
            .acted(1),
        row("a stored 402 settles the doubt", KEYS)
            .turn(Turn::decline())
            .lost()
            .waits([FIRST])
            .ok(402)
            .effect(Effect::NotApplied)
            .acted(0),
        row("a 500 that says it is stored is not asked again", ERRORS)
            .answer(500, &[("idempotent-replayed", "true")], API_ERROR)
            .err(StopReason::Replayed)
            .effect(Effect::Unknown),
        row("shed before the key is retried", ERRORS)
            .turn(Turn::shed())
            .pass()
            .waits([FIRST])
            .acted(1),
        row("the server's own 429 leaves the key free", KEYS)
            .turn(Turn::rate_limited(Duration::from_secs(3)))
            .waits([3.0..=3.3])
            .acted(1),
        row("doubt outlives a rejection", RFC)
            .lost()
            .answer(400, &[], API_ERROR)
            .waits([FIRST])
            .ok(400)
            .effect(Effect::Unknown)
            .acted(1),
        row("an ambiguous attempt is not repeated once its key is forgotten", KEYS)
            .waits_up_to(Duration::from_secs(86_400))
            .answer(503, &[("retry-after", "86390")], API_ERROR)
            .err(StopReason::KeyExpired)
            .effect(Effect::Unknown),
        row("just before that it is", KEYS)
            .waits_up_to(Duration::from_secs(86_400))
            .answer(503, &[("retry-after", "86000")], API_ERROR)
            .waits([86_000.0..=86_005.0])
            .acted(1),
        row("a wait beyond the limit is the caller's", "this crate's limit")
            .answer(503, &[("retry-after", "121")], API_ERROR)
            .err(StopReason::RetryAfterTooLong)
            .effect(Effect::Unknown),
        row("a key of 255 characters goes", KEYS).key(&"k".repeat(255)).acted(1),
        row("GET carries no key and is repeated", KEYS)
            .method(Method::GET)
            .path("/v1/charges/none")
            .body("")
            .answer(500, &[], "")
            .waits([FIRST])
            .ok(404)
            .effect(Effect::Unknown),
    ]
}

#[tokio::test]
async fn stripe_v2_keys_deletes_too_and_drives_failures_on() {
    let delete = |what| {
        row(what, "docs.stripe.com/api-v2-overview")
            .method(Method::DELETE)
            .path("/v2/things/1")
    };
    run(
        &preset::stripe_v2(),
        Profile::stripe_v2(),
        8,
        vec![
            row("a success is applied", KEYS).acted(1),
            delete("a lost DELETE is asked again under its key")
                .lost()
                .waits([FIRST])
                .acted(1),
            row("a failure that says not to be retried is final, stored or not", HINT)
                .turn(Turn::fail())
                .err(StopReason::Final)
                .effect(Effect::Unknown)
                .acted(0),
            row(
                "after a lost answer the failure is driven on",
                "docs.stripe.com/api-v2-overview",
            )
            .turn(Turn::fail())
            .lost()
            .waits([FIRST])
            .acted(1),
            row(
                "after a lost failure behind the effect there is one effect",
                "docs.stripe.com/api-v2-overview",
            )
            .turn(Turn::fail_after_effect())
            .lost()
            .waits([FIRST])
            .acted(1),
            row("a marker means nothing here", "docs.stripe.com/api-v2-overview")
                .answer(500, &[("idempotent-replayed", "true")], API_ERROR)
                .waits([FIRST])
                .acted(1),
            row("in flight", CODES).answer(409, &[], IN_USE).waits([FIRST]).acted(1),
            row("reused", CODES)
                .answer(400, &[], REUSED)
                .err(StopReason::Final)
                .effect(Effect::Unknown)
                .problem(Problem::KeyReused),
            row("a day is within the key's life", "docs.stripe.com/api-v2-overview")
                .waits_up_to(Duration::from_secs(86_400))
                .answer(503, &[("retry-after", "86390")], API_ERROR)
                .waits([86_390.0..=86_396.0])
                .acted(1),
            row("should-retry false is final", HINT)
                .answer(503, &[("stripe-should-retry", "false")], "")
                .err(StopReason::Final)
                .effect(Effect::Unknown),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_key_that_is_too_long_is_an_error_before_anything_is_sent() {
    let client = steadfast::Client::builder()
        .http(reqwest::Client::builder().no_proxy())
        .preset(preset::adyen().at("http://127.0.0.1:9").unwrap())
        .build()
        .unwrap();
    let error = client
        .post("http://127.0.0.1:9/payments")
        .idempotency_key("k".repeat(65).as_str())
        .send()
        .await
        .unwrap_err();
    assert!(
        error.is_key_invalid() && error.is_builder() && error.receipt().is_none(),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        "this server takes idempotency keys of at most 64 characters, this one has 65"
    );
}
