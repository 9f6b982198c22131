use std::time::Duration;

use http::Method;
use steadfast::testing::payment_api::{Profile, Turn};
use steadfast::{Effect, Problem, StopReason, preset};

use super::openai::{BROKE, IGNORED, RATE};
use super::table::{FIRST, SECOND, row, run};

const EPOCH: (&str, &str) = ("date", "Tue, 14 Nov 2023 22:13:20 GMT");

#[tokio::test]
async fn gemini_tells_waits_and_quotas_in_the_body() {
    const ISSUES: &str = "google-gemini/gemini-cli issues 10925, 14811";
    const OURS: &str = "this crate: never silently paid twice";
    let day = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"x","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},{"retryDelay":"34s"}]}}"#;
    let meta = r#"{"error":{"details":[{"metadata":{"quota_limit":"Gemini25ProRequestsPerDay"}}]}}"#;
    let minute = r#"[{"error":{"code":429,"details":[{"violations":[{"quotaId":"GenerateRequestsPerMinute"}]},{"retryDelay":"34.074824224s"}]}}]"#;
    run(
        &preset::gemini(),
        Profile::openai(),
        8,
        vec![
            row("a success is applied", ISSUES).acted(1),
            row("the wait is in the body", ISSUES)
                .answer(429, &[], minute)
                .waits([34.0..=38.0])
                .acted(1),
            row("a quota per day is exhausted", ISSUES)
                .answer(429, &[], day)
                .err(StopReason::Final)
                .effect(Effect::NotApplied)
                .problem(Problem::QuotaExhausted)
                .acted(0),
            row("so is one in the metadata", ISSUES)
                .answer(429, &[], meta)
                .err(StopReason::Final)
                .effect(Effect::NotApplied)
                .problem(Problem::QuotaExhausted),
            row("a 429 without details backs off", ISSUES)
                .answer(429, &[], r#"{"error":{"code":429}}"#)
                .waits([FIRST])
                .acted(1),
            row("a wait that is none changes nothing", ISSUES)
                .answer(429, &[], r#"{"error":{"details":[{"retryDelay":"soon"}]}}"#)
                .waits([FIRST]),
            row("a wait of hours is the caller's", ISSUES)
                .answer(429, &[], r#"{"error":{"details":[{"retryDelay":"36937.72s"}]}}"#)
                .err(StopReason::RetryAfterTooLong)
                .effect(Effect::NotApplied),
            row("503 may have been processed", OURS)
                .answer(503, &[], "{}")
                .err(IGNORED)
                .effect(Effect::Unknown),
            row("a lost answer is not paid for twice", OURS)
                .lost()
                .err(IGNORED)
                .effect(Effect::Unknown)
                .acted(1),
        ],
    )
    .await;
}

#[tokio::test]
async fn azure_openai_counts_resets_in_seconds() {
    const LIMITS: &str = "learn.microsoft.com/answers 5625878";
    const SDK: &str = "openai-python, azure client";
    run(
        &preset::azure_openai(),
        Profile::openai(),
        8,
        vec![
            row("a success is applied", SDK).acted(1),
            row("retry-after-ms comes first", "Azure samples")
                .answer(429, &[("retry-after-ms", "1500"), ("retry-after", "60")], RATE)
                .waits([1.5..=1.65]),
            row("a reset is in whole seconds", LIMITS)
                .answer(
                    429,
                    &[
                        ("x-ratelimit-remaining-tokens", "0"),
                        ("x-ratelimit-reset-tokens", "20"),
                    ],
                    RATE,
                )
                .waits([20.0..=22.0]),
            row("-1 and 0 say nothing", LIMITS)
                .answer(
                    429,
                    &[
                        ("x-ratelimit-remaining-tokens", "-1"),
                        ("x-ratelimit-reset-tokens", "0"),
                    ],
                    RATE,
                )
                .waits([FIRST]),
            row("a reset of zero says nothing", LIMITS)
                .answer(
                    429,
                    &[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "0")],
                    RATE,
                )
                .waits([FIRST]),
            row("out of money is typed", SDK)
                .answer(429, &[], BROKE)
                .err(StopReason::Final)
                .effect(Effect::NotApplied)
                .problem(Problem::QuotaExhausted),
            row("a lost answer is not paid for twice", SDK)
                .lost()
                .err(IGNORED)
                .effect(Effect::Unknown)
                .acted(1),
            row("500 may have been processed", SDK)
                .answer(500, &[], "")
                .err(IGNORED)
                .effect(Effect::Unknown),
        ],
    )
    .await;
}

#[tokio::test]
async fn bedrock_names_its_errors_in_a_header() {
    const MODEL: &str = "botocore, bedrock-runtime";
    const DENIED: &str = "docs.aws.amazon.com, bedrock-runtime ThrottlingException";
    let kind = |kind| [("x-amzn-errortype", kind)];
    run(
        &preset::bedrock(),
        Profile::openai(),
        8,
        vec![
            row("a success is applied", MODEL).acted(1),
            row("throttling denies the request", DENIED)
                .answer(429, &kind("ThrottlingException:http://x"), "{}")
                .waits([FIRST])
                .acted(1),
            row("a model that is not ready", MODEL)
                .answer(429, &kind("ModelNotReadyException"), "{}")
                .answer(429, &kind("ModelNotReadyException"), "{}")
                .waits([FIRST, SECOND])
                .acted(1),
            row("a model's time limit: it ran", MODEL)
                .answer(408, &kind("ModelTimeoutException"), "{}")
                .err(IGNORED)
                .effect(Effect::Unknown),
            row("a model's error: it ran", MODEL)
                .answer(424, &kind("ModelErrorException"), "{}")
                .err(IGNORED)
                .effect(Effect::Unknown),
            row("the service's quota", MODEL)
                .answer(400, &kind("ServiceQuotaExceededException:"), "{}")
                .err(StopReason::Final)
                .effect(Effect::NotApplied)
                .problem(Problem::QuotaExhausted),
            row("the same in the body", MODEL)
                .answer(400, &[], r#"{"__type":"com.amazon#ServiceQuotaExceededException"}"#)
                .err(StopReason::Final)
                .effect(Effect::NotApplied)
                .problem(Problem::QuotaExhausted),
            row("any other 400 is the answer", MODEL)
                .answer(
                    400,
                    &[
                        ("x-amzn-errortype", "ValidationException"),
                        ("x-amzn-requestid", "id-1"),
                    ],
                    "{}",
                )
                .ok(400)
                .effect(Effect::NotApplied)
                .ids(1),
            row("503 may have been processed", MODEL)
                .answer(503, &kind("ServiceUnavailableException"), "{}")
                .err(IGNORED)
                .effect(Effect::Unknown),
            row("a lost answer is not paid for twice", MODEL)
                .lost()
                .err(IGNORED)
                .effect(Effect::Unknown)
                .acted(1),
        ],
    )
    .await;
}

#[tokio::test]
async fn github_limits_are_waited_for_in_its_order() {
    const DOCS: &str = "docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api";
    let primary = [
        EPOCH,
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1700000030"),
    ];
    let hour = [
        EPOCH,
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1700003600"),
    ];
    let secondary =
        r#"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}"#;
    run(
        &preset::github(),
        Profile::openai(),
        8,
        vec![
            row("a success is applied", DOCS).acted(1),
            row("Retry-After first", DOCS)
                .answer(
                    403,
                    &[
                        ("retry-after", "5"),
                        ("x-ratelimit-remaining", "0"),
                        ("x-ratelimit-reset", "1700000030"),
                    ],
                    secondary,
                )
                .waits([5.0..=5.5])
                .acted(1),
            row("then the reset, in epoch seconds", DOCS)
                .answer(403, &primary, "{}")
                .waits([30.0..=33.0])
                .acted(1),
            row("as 429 too", DOCS)
                .answer(429, &primary, "{}")
                .waits([30.0..=33.0])
                .acted(1),
            row("a reset in an hour is the caller's", DOCS)
                .answer(403, &hour, "{}")
                .err(StopReason::RetryAfterTooLong)
                .effect(Effect::NotApplied),
            row("a secondary limit waits a minute", DOCS)
                .answer(403, &[], secondary)
                .waits([60.0..=66.0])
                .acted(1),
            row("so does a 429 that says nothing", DOCS)
                .answer(429, &[], "")
                .waits([60.0..=66.0])
                .acted(1),
            row("a missing permission is the answer", DOCS)
                .answer(
                    403,
                    &[("x-github-request-id", "A:1")],
                    r#"{"message":"Resource not accessible"}"#,
                )
                .ok(403)
                .effect(Effect::NotApplied)
                .ids(1),
            row("a lost POST is not repeated", "no key documented")
                .lost()
                .err(IGNORED)
                .effect(Effect::Unknown)
                .acted(1),
            row("GET is repeated", "RFC 9110 §9.2.2")
                .method(Method::GET)
                .path("/none")
                .body("")
                .answer(502, &[], "")
                .waits([FIRST])
                .ok(404)
                .effect(Effect::Unknown),
        ],
    )
    .await;
}

#[tokio::test]
async fn cloudflare_says_whether_the_origin_was_reached() {
    const CODES: &str = "httpstatushub.com, hostney.com, noc.org";
    let preset = preset::cloudflare()
        .to_builder()
        .key_support(steadfast::KeySupport::Ignored)
        .build()
        .unwrap();
    run(
        &preset,
        Profile::openai(),
        8,
        vec![
            row("a success is applied", CODES).acted(1),
            row("521: refused by the origin", CODES)
                .answer(521, &[], "<html>")
                .waits([FIRST])
                .acted(1),
            row("523: not reached", CODES)
                .answer(523, &[("cf-ray", "8a-FRA")], "")
                .waits([FIRST])
                .acted(1)
                .ids(1),
            row("525: no handshake", CODES)
                .answer(525, &[], "")
                .waits([FIRST])
                .acted(1),
            row("520 may have been processed", CODES)
                .answer(520, &[], "")
                .err(IGNORED)
                .effect(Effect::Unknown),
            row("522 may have been", "Cloudflare's 522 page")
                .answer(522, &[], "")
                .err(IGNORED)
                .effect(Effect::Unknown),
            row("524 may have been", CODES)
                .answer(524, &[], "")
                .err(IGNORED)
                .effect(Effect::Unknown),
            row("526 is configuration", CODES)
                .answer(526, &[], "")
                .err(StopReason::Final)
                .effect(Effect::Unknown),
            row("530 is configuration", CODES)
                .answer(530, &[], "")
                .err(StopReason::Final)
                .effect(Effect::Unknown),
            row("the origin's own answers are as ever", CODES)
                .turn(Turn::decline())
                .ok(402)
                .effect(Effect::Unknown),
        ],
    )
    .await;
    let keyed = preset::cloudflare();
    run(
        &keyed,
        Profile::stripe_v1(),
        2,
        vec![
            row("with a key 524 is repeated", CODES)
                .answer(524, &[], "")
                .waits([FIRST])
                .acted(1),
            row("and 522", CODES).answer(522, &[], "").waits([FIRST]).acted(1),
        ],
    )
    .await;
}

#[tokio::test]
async fn ietf_is_as_the_draft_has_it() {
    const DRAFT: &str = "draft-ietf-httpapi-idempotency-key-header-07";
    const BUSY: &str = r#"{"title":"A request is outstanding for this Idempotency-Key"}"#;
    const USED: &str = r#"{"title":"Idempotency-Key is already used"}"#;
    run(
        &preset::ietf(),
        Profile::ietf(),
        8,
        vec![
            row("a quoted key is taken", DRAFT).ok(201).acted(1),
            row("a key with quotes in it is escaped", DRAFT)
                .key("a\"b")
                .ok(201)
                .acted(1),
            row("a lost answer is fetched by its key", DRAFT)
                .lost()
                .waits([FIRST])
                .ok(201)
                .acted(1),
            row("a late one too", DRAFT).late().waits([FIRST]).ok(201).acted(1),
            row("409 outstanding is asked again", DRAFT)
                .answer(409, &[], BUSY)
                .waits([FIRST])
                .ok(201)
                .acted(1),
            row("any other 409 is the service's own", DRAFT)
                .answer(409, &[], r#"{"title":"Out of stock"}"#)
                .ok(409)
                .effect(Effect::Unknown),
            row("422 used is a bug", DRAFT)
                .answer(422, &[], USED)
                .err(StopReason::Final)
                .effect(Effect::Unknown)
                .problem(Problem::KeyReused),
            row("any other 422 is the answer", DRAFT)
                .answer(422, &[], "{}")
                .ok(422)
                .effect(Effect::NotApplied),
            row("400 is the answer", DRAFT)
                .answer(400, &[], r#"{"title":"Idempotency-Key is missing"}"#)
                .ok(400)
                .effect(Effect::NotApplied),
            row("PATCH carries a key as well", DRAFT)
                .method(Method::PATCH)
                .lost()
                .waits([FIRST])
                .ok(201)
                .acted(1),
            row("a wait is a floor", "RFC 9110 §10.2.3")
                .answer(503, &[("retry-after", "9")], "")
                .waits([9.0..=9.9])
                .ok(201),
            row("no lifetime is claimed", DRAFT)
                .waits_up_to(Duration::from_secs(86_400))
                .answer(503, &[("retry-after", "86400")], "")
                .waits([86_400.0..=86_405.0])
                .ok(201),
        ],
    )
    .await;
}
