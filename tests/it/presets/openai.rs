use std::time::Duration;

use http::Method;
use steadfast::testing::payment_api::{Profile, Turn};
use steadfast::{Effect, NotReplayable, Problem, StopReason, preset};

use super::table::{FIRST, Row, SECOND, row, run};

const WIRE: &str = "openai-python on the wire: no key, none honoured";
const SDK: &str = "openai-python, openai-node: _should_retry";
const MONEY: &str = "openai/codex issue 6340, agentao issue 283";
const LOAD: &str = "openai/codex";
const LIMITS: &str = "thoughtbot.com/blog/openai-rate-limits, community.openai.com 1268905";
const OURS: &str = "this crate: never silently paid twice";

pub(super) const RATE: &str = r#"{"error":{"type":"requests","code":"rate_limit_exceeded"}}"#;
pub(super) const BROKE: &str = r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}"#;
const SERVER: &str = r#"{"error":{"type":"server_error","code":null}}"#;
pub(super) const IGNORED: StopReason = StopReason::NotReplayable(NotReplayable::KeyIgnored);

fn out_of_money(code: &str) -> String {
    format!(r#"{{"error":{{"type":"x","code":"{code}"}}}}"#)
}

#[tokio::test]
async fn openai_answers_mean_what_openai_does() {
    let mut rows = limits();
    rows.extend(money());
    rows.extend(doubt());
    run(&preset::openai(), Profile::openai(), 25, rows).await;
}

#[expect(clippy::too_many_lines, reason = "a table is as long as it has rows")]
fn limits() -> Vec<Row> {
    vec![
        row("a success is applied, once", WIRE).acted(1),
        row("a rate limit is refused before processing, hence retried", LIMITS)
            .answer(429, &[], RATE)
            .waits([FIRST])
            .acted(1),
        row("retry-after-ms is a floor", SDK)
            .answer(429, &[("retry-after-ms", "2500")], RATE)
            .waits([2.5..=2.75])
            .acted(1),
        row("retry-after-ms wins over retry-after", SDK)
            .answer(429, &[("retry-after-ms", "1500"), ("retry-after", "9")], RATE)
            .waits([1.5..=1.65]),
        row("the server's own 429", SDK)
            .turn(Turn::rate_limited(Duration::from_secs(2)))
            .waits([2.0..=2.2])
            .acted(1),
        row("a used-up limit waits for its reset", LIMITS)
            .answer(
                429,
                &[
                    ("x-ratelimit-remaining-requests", "0"),
                    ("x-ratelimit-reset-requests", "1m3s"),
                ],
                RATE,
            )
            .waits([63.0..=68.0]),
        row("of two used-up limits the longer", LIMITS)
            .answer(
                429,
                &[
                    ("x-ratelimit-remaining-requests", "0"),
                    ("x-ratelimit-reset-requests", "12ms"),
                    ("x-ratelimit-remaining-tokens", "0"),
                    ("x-ratelimit-reset-tokens", "10s"),
                ],
                RATE,
            )
            .waits([10.0..=11.0]),
        row("a limit that is not used up says nothing", LIMITS)
            .answer(
                429,
                &[
                    ("x-ratelimit-remaining-tokens", "7"),
                    ("x-ratelimit-reset-tokens", "50s"),
                ],
                RATE,
            )
            .waits([FIRST]),
        row(
            "Retry-After takes precedence over resets",
            "draft-ietf-httpapi-ratelimit-headers-10",
        )
        .answer(
            429,
            &[
                ("retry-after", "3"),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "50s"),
            ],
            RATE,
        )
        .waits([3.0..=3.3]),
        row("a reset that is no duration changes nothing", LIMITS)
            .answer(
                429,
                &[
                    ("x-ratelimit-remaining-requests", "0"),
                    ("x-ratelimit-reset-requests", "soon"),
                ],
                RATE,
            )
            .waits([FIRST]),
        row("a reset beyond the limit is the caller's", LIMITS)
            .answer(
                429,
                &[
                    ("x-ratelimit-remaining-tokens", "0"),
                    ("x-ratelimit-reset-tokens", "6m0s"),
                ],
                RATE,
            )
            .err(StopReason::RetryAfterTooLong)
            .effect(Effect::NotApplied)
            .acted(0),
        row("slow_down is a 429 now", LOAD)
            .answer(429, &[], r#"{"error":{"code":"slow_down"}}"#)
            .waits([FIRST])
            .acted(1),
        row("and was a 503", LOAD)
            .answer(503, &[], r#"{"error":{"code":"slow_down"}}"#)
            .waits([FIRST])
            .acted(1),
        row("overload is turned away", LOAD)
            .answer(503, &[], r#"{"error":{"code":"server_is_overloaded"}}"#)
            .waits([FIRST])
            .acted(1),
        row("the server's own overload", LOAD)
            .turn(Turn::overloaded())
            .waits([FIRST])
            .acted(1),
        row("rate limits to the end are an error, not applied", LIMITS)
            .answer(429, &[], RATE)
            .answer(429, &[], RATE)
            .answer(429, &[], RATE)
            .answer(429, &[], RATE)
            .answer(429, &[], RATE)
            .waits([FIRST, SECOND, 4.0..=5.0, 8.0..=10.0])
            .err(StopReason::AttemptsExhausted)
            .effect(Effect::NotApplied)
            .acted(0),
        row("a 429 told not to be retried is not", SDK)
            .answer(429, &[("x-should-retry", "false")], RATE)
            .err(StopReason::Final)
            .effect(Effect::Unknown)
            .acted(0),
        row("a 429 told to be retried is, and stays unprocessed", SDK)
            .answer(429, &[("x-should-retry", "true")], RATE)
            .waits([FIRST])
            .acted(1),
    ]
}

fn money() -> Vec<Row> {
    let out = |code: &'static str| {
        row("out of money is final and typed", MONEY)
            .answer(429, &[], &out_of_money(code))
            .err(StopReason::Final)
            .effect(Effect::NotApplied)
            .problem(Problem::QuotaExhausted)
            .acted(0)
    };
    vec![
        out("insufficient_quota"),
        out("credit_balance_exhausted"),
        out("organization_spend_limit_exceeded"),
        out("project_spend_limit_exceeded"),
        out("organization_usage_limit_exceeded"),
        row("by its type alone too", MONEY)
            .answer(429, &[], r#"{"error":{"type":"insufficient_quota","code":null}}"#)
            .err(StopReason::Final)
            .effect(Effect::NotApplied)
            .problem(Problem::QuotaExhausted),
        row("whatever a hint says", MONEY)
            .answer(429, &[("x-should-retry", "true")], BROKE)
            .err(StopReason::Final)
            .effect(Effect::NotApplied)
            .problem(Problem::QuotaExhausted),
        row("the server's own", MONEY)
            .turn(Turn::out_of_quota())
            .err(StopReason::Final)
            .effect(Effect::NotApplied)
            .problem(Problem::QuotaExhausted)
            .acted(0),
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
            .answer(500, &[], SERVER)
            .err(IGNORED)
            .effect(Effect::Unknown)
            .acted(0),
        row("500 after the effect", OURS)
            .turn(Turn::fail_after_effect())
            .err(IGNORED)
            .effect(Effect::Unknown)
            .acted(1),
        row("a hint to retry lifts no gate", SDK)
            .answer(500, &[("x-should-retry", "true")], SERVER)
            .err(IGNORED)
            .effect(Effect::Unknown),
        row("503 without a known code may have been processed", OURS)
            .answer(503, &[], "<html>")
            .err(IGNORED)
            .effect(Effect::Unknown),
        row("408 and 409 may have been", SDK)
            .answer(409, &[], SERVER)
            .err(IGNORED)
            .effect(Effect::Unknown),
        row("400 is the answer", SDK)
            .answer(400, &[], SERVER)
            .ok(400)
            .effect(Effect::NotApplied),
        row("401 is the answer", SDK)
            .answer(401, &[("x-request-id", "req_1")], SERVER)
            .ok(401)
            .effect(Effect::NotApplied)
            .ids(1),
        row("GET is idempotent and repeated", "RFC 9110 §9.2.2")
            .method(Method::GET)
            .path("/v1/models/none")
            .body("")
            .answer(500, &[], SERVER)
            .waits([FIRST])
            .ok(404)
            .effect(Effect::Unknown),
        row("asked for, a lost answer is repeated and counted", OURS)
            .at_least_once()
            .lost()
            .waits([FIRST])
            .duplicates(1)
            .acted(2),
        row("each repeat is counted", OURS)
            .at_least_once()
            .lost()
            .lost()
            .waits([FIRST, SECOND])
            .duplicates(2)
            .acted(3),
        row("a refused attempt is no duplicate", OURS)
            .at_least_once()
            .answer(429, &[], RATE)
            .waits([FIRST])
            .duplicates(0)
            .acted(1),
        row("but one that follows doubt is", OURS)
            .at_least_once()
            .lost()
            .answer(429, &[], RATE)
            .waits([FIRST, SECOND])
            .duplicates(2)
            .acted(2),
        row("money ends it even then", OURS)
            .at_least_once()
            .answer(429, &[], BROKE)
            .err(StopReason::Final)
            .effect(Effect::NotApplied)
            .problem(Problem::QuotaExhausted),
    ]
}
