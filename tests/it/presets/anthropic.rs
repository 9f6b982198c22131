use std::time::Duration;

use http::Method;
use steadfast::testing::payment_api::{Profile, Turn};
use steadfast::{Effect, Problem, StopReason, preset};

use super::openai::IGNORED;
use super::table::{FIRST, Row, SECOND, row, run};

const WIRE: &str = "anthropic-sdk-python on the wire: no key, none honoured";
const SDK: &str = "anthropic-sdk-python: _should_retry";
const LOAD: &str = "learn.microsoft.com, dev-proxy, anthropic-529-overloaded-error";
const LIMITS: &str = "docs.anthropic.com/en/api/rate-limits";
const ERRORS: &str = "docs.anthropic.com/en/api/errors";
const OURS: &str = "this crate: never silently paid twice";

const RATE: &str = r#"{"type":"error","error":{"type":"rate_limit_error"}}"#;
const SPENT: &str =
    r#"{"type":"error","error":{"type":"rate_limit_error","details":{"error_code":"enforced_spend_limit_reached"}}}"#;
const BUSY: &str = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
const BROKEN: &str = r#"{"type":"error","error":{"type":"api_error"}}"#;
const BILLING: &str = r#"{"type":"error","error":{"type":"billing_error"}}"#;

#[tokio::test]
async fn anthropic_answers_mean_what_anthropic_does() {
    let mut rows = refused();
    rows.extend(doubt());
    run(&preset::anthropic(), Profile::anthropic(), 25, rows).await;
}

#[expect(clippy::too_many_lines, reason = "a table is as long as it has rows")]
fn refused() -> Vec<Row> {
    let at = [
        ("date", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ("anthropic-ratelimit-tokens-remaining", "0"),
        ("anthropic-ratelimit-tokens-reset", "2023-11-14T22:13:50Z"),
    ];
    let late = [
        ("date", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-requests-reset", "2023-11-14T23:13:20Z"),
    ];
    let past = [
        ("date", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ("anthropic-ratelimit-tokens-remaining", "0"),
        ("anthropic-ratelimit-tokens-reset", "2023-11-14T22:13:19Z"),
    ];
    let garbled = [
        ("anthropic-ratelimit-input-tokens-remaining", "0"),
        ("anthropic-ratelimit-input-tokens-reset", "60"),
    ];
    let left = [
        ("date", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ("anthropic-ratelimit-output-tokens-remaining", "12"),
        ("anthropic-ratelimit-output-tokens-reset", "2023-11-14T22:13:50Z"),
    ];
    vec![
        row("a success is applied, once", WIRE).acted(1).ids(1),
        row("529 was turned down, hence retried", LOAD)
            .answer(529, &[], BUSY)
            .waits([FIRST])
            .acted(1),
        row("529 without a body too", LOAD)
            .answer(529, &[], "")
            .waits([FIRST])
            .acted(1),
        row("529 with Retry-After waits for it", LOAD)
            .answer(529, &[("retry-after", "4")], BUSY)
            .waits([4.0..=4.4])
            .acted(1),
        row("529 told not to be retried is not", SDK)
            .answer(529, &[("x-should-retry", "false")], BUSY)
            .err(StopReason::Final)
            .effect(Effect::Unknown),
        row("the server's own 529", LOAD)
            .turn(Turn::overloaded())
            .waits([FIRST])
            .acted(1),
        row("529 to the end is an error, not applied", LOAD)
            .answer(529, &[], BUSY)
            .answer(529, &[], BUSY)
            .answer(529, &[], BUSY)
            .answer(529, &[], BUSY)
            .answer(529, &[], BUSY)
            .waits([FIRST, SECOND, 4.0..=5.0, 8.0..=10.0])
            .err(StopReason::AttemptsExhausted)
            .effect(Effect::NotApplied)
            .acted(0),
        row("a rate limit's Retry-After is a floor", LIMITS)
            .answer(429, &[("retry-after", "7")], RATE)
            .waits([7.0..=7.7])
            .acted(1),
        row("a rate limit without it backs off", LIMITS)
            .answer(429, &[], RATE)
            .waits([FIRST])
            .acted(1),
        row("the server's own 429", LIMITS)
            .turn(Turn::rate_limited(Duration::from_secs(2)))
            .waits([2.0..=2.2])
            .acted(1),
        row("a used-up limit waits for its reset", LIMITS)
            .answer(429, &at, RATE)
            .waits([30.0..=33.0])
            .acted(1),
        row("a reset beyond the limit is the caller's", LIMITS)
            .answer(429, &late, RATE)
            .err(StopReason::RetryAfterTooLong)
            .effect(Effect::NotApplied),
        row("a reset in the past changes nothing", LIMITS)
            .answer(429, &past, RATE)
            .waits([FIRST]),
        row("a reset that is no date changes nothing", LIMITS)
            .answer(429, &garbled, RATE)
            .waits([FIRST]),
        row("a limit that is not used up says nothing", LIMITS)
            .answer(429, &left, RATE)
            .waits([FIRST]),
        row("the spend limit is final and typed", LOAD)
            .answer(429, &[], SPENT)
            .err(StopReason::Final)
            .effect(Effect::NotApplied)
            .problem(Problem::QuotaExhausted)
            .acted(0),
        row("whatever a hint says", LOAD)
            .answer(429, &[("x-should-retry", "true")], SPENT)
            .err(StopReason::Final)
            .effect(Effect::NotApplied)
            .problem(Problem::QuotaExhausted),
        row("the server's own", LOAD)
            .turn(Turn::out_of_quota())
            .err(StopReason::Final)
            .effect(Effect::NotApplied)
            .problem(Problem::QuotaExhausted)
            .acted(0),
        row(
            "402 billing_error is typed",
            "developersdigest.tech, after Anthropic's error page",
        )
        .answer(402, &[], BILLING)
        .err(StopReason::Final)
        .effect(Effect::NotApplied)
        .problem(Problem::QuotaExhausted),
        row("any other 402 is the answer", ERRORS)
            .answer(402, &[], BROKEN)
            .ok(402)
            .effect(Effect::Unknown),
    ]
}

fn doubt() -> Vec<Row> {
    vec![
        row("a lost answer is not paid for twice", OURS)
            .lost()
            .err(IGNORED)
            .effect(Effect::Unknown)
            .acted(1),
        row("nor a late one", OURS)
            .late()
            .err(IGNORED)
            .effect(Effect::Unknown)
            .acted(1),
        row("nor with a key, which is ignored", WIRE)
            .key("mine")
            .lost()
            .err(IGNORED)
            .effect(Effect::Unknown)
            .acted(1),
        row("500 may have been processed", OURS)
            .answer(500, &[("request-id", "req_1")], BROKEN)
            .err(IGNORED)
            .effect(Effect::Unknown)
            .ids(1),
        row("500 after the effect", OURS)
            .turn(Turn::fail_after_effect())
            .err(IGNORED)
            .effect(Effect::Unknown)
            .acted(1),
        row("a hint to retry lifts no gate", SDK)
            .answer(500, &[("x-should-retry", "true")], BROKEN)
            .err(IGNORED)
            .effect(Effect::Unknown),
        row("504 may have been processed", ERRORS)
            .answer(504, &[], BROKEN)
            .err(IGNORED)
            .effect(Effect::Unknown),
        row("408 may have been", SDK)
            .answer(408, &[], BROKEN)
            .err(IGNORED)
            .effect(Effect::Unknown),
        row("413 is the answer", ERRORS)
            .answer(413, &[], BROKEN)
            .ok(413)
            .effect(Effect::NotApplied),
        row("404 is the answer", ERRORS)
            .answer(404, &[], BROKEN)
            .ok(404)
            .effect(Effect::NotApplied),
        row("GET is idempotent and repeated", "RFC 9110 §9.2.2")
            .method(Method::GET)
            .path("/v1/models/none")
            .body("")
            .answer(500, &[], BROKEN)
            .waits([FIRST])
            .ok(404)
            .effect(Effect::Unknown),
        row("asked for, a lost answer is repeated and counted", OURS)
            .at_least_once()
            .lost()
            .waits([FIRST])
            .duplicates(1)
            .acted(2),
        row("a refused attempt is no duplicate", OURS)
            .at_least_once()
            .answer(529, &[], BUSY)
            .waits([FIRST])
            .duplicates(0)
            .acted(1),
    ]
}
