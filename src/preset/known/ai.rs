use http::HeaderName;

use crate::preset::{Meaning, Preset, ResetFormat, Rule, StreamEnd};

/// Anthropic.
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | no key on the wire, none honoured | \[M\] \[S\] anthropic-sdk-python |
/// | the same API at Amazon: `aws-external-anthropic.…api.aws` (not Bedrock) | \[D\] docs.aws.amazon.com/claude-platform/latest/userguide/making-requests.html |
/// | the same API at Microsoft: below `/anthropic` of `services.ai.azure.com` | \[D\] platform.claude.com/docs/en/build-with-claude/claude-in-microsoft-foundry |
/// | 429 `rate_limit_error` is refused before processing; with `error.details.error_code` `enforced_spend_limit_reached` it stays until next month | \[2\] learn.microsoft.com, dev-proxy, anthropic-529-overloaded-error |
/// | 402 `billing_error` | \[2\] developersdigest.tech, after Anthropic's error page |
/// | 529 `overloaded_error`: the request was turned down | \[2\] learn.microsoft.com, the same page |
/// | 408, 409, 429 and 5xx are retried by the libraries; `x-should-retry` wins over the status; `retry-after-ms`, then `retry-after` | \[S\] |
/// | `anthropic-ratelimit-…-remaining` and `-reset`, RFC 3339 | \[D\] docs.anthropic.com/en/api/rate-limits |
/// | `request-id` | \[D\] docs.anthropic.com/en/api/errors |
/// | streams end with `message_stop`; `event: error` comes inside a 200 | \[S\] |
#[must_use]
pub fn anthropic() -> Preset {
    let limits = [
        (
            "anthropic-ratelimit-requests-remaining",
            "anthropic-ratelimit-requests-reset",
        ),
        (
            "anthropic-ratelimit-tokens-remaining",
            "anthropic-ratelimit-tokens-reset",
        ),
        (
            "anthropic-ratelimit-input-tokens-remaining",
            "anthropic-ratelimit-input-tokens-reset",
        ),
        (
            "anthropic-ratelimit-output-tokens-remaining",
            "anthropic-ratelimit-output-tokens-reset",
        ),
    ];
    let builder = Preset::builder("anthropic").origins([
        "https://api.anthropic.com",
        "https://aws-external-anthropic.*.api.aws",
        "https://*.services.ai.azure.com/anthropic",
    ]);
    let builder = limits.into_iter().fold(builder, |builder, (remaining, reset)| {
        builder.rate_limit(
            HeaderName::from_static(remaining),
            HeaderName::from_static(reset),
            ResetFormat::Rfc3339,
        )
    });
    builder
        .for_completions()
        .without_keys()
        .request_id_header(HeaderName::from_static("request-id"))
        .hint_header(HeaderName::from_static("x-should-retry"))
        .codes_at("error.details.error_code")
        .codes_at("error.type")
        .rule(
            Rule::status(429)
                .code("enforced_spend_limit_reached")
                .means(Meaning::QuotaExhausted),
        )
        .rule(Rule::status(402).code("billing_error").means(Meaning::QuotaExhausted))
        .rule(Rule::status(429).means(Meaning::Untouched))
        .rule(Rule::status(529).means(Meaning::Untouched))
        .rule(Rule::statuses(408..=409).means(Meaning::Retry))
        .stream_end(StreamEnd::new().event("message_stop").error_event("error"))
        .known()
}

/// Google's Gemini API (not Vertex AI, whose hosts are regional).
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | no key on the wire, none honoured | \[S\] google-genai |
/// | `generativelanguage.mtls.googleapis.com` for client certificates | \[D\] the API's discovery document, `mtlsRootUrl` |
/// | 429 `RESOURCE_EXHAUSTED`; a quota id with `PerDay` stays until the day is over | \[2\] google-gemini/gemini-cli issues 10925, 14811; gke-labs issue 1215 |
/// | the wait is in the body: `RetryInfo.retryDelay`, as `34.07s` | \[2\] the same |
#[must_use]
pub fn gemini() -> Preset {
    Preset::builder("gemini")
        .origins([
            "https://generativelanguage.googleapis.com",
            "https://generativelanguage.mtls.googleapis.com",
        ])
        .for_completions()
        .without_keys()
        .codes_at("error.details.violations.quotaId")
        .codes_at("error.details.metadata.quota_limit")
        .delay_at("error.details.retryDelay")
        .rule(
            Rule::status(429)
                .code_containing("PerDay")
                .means(Meaning::QuotaExhausted),
        )
        .rule(Rule::status(429).means(Meaning::Untouched))
        .known()
}

/// Amazon Bedrock's inference.
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | no idempotency token on `InvokeModel` and `Converse` | \[S\] botocore model `bedrock-runtime` |
/// | two endpoints for inference: `bedrock-runtime`, and `bedrock-mantle.…api.aws` | \[D\] docs.aws.amazon.com/bedrock/latest/userguide/endpoints.html |
/// | `bedrock-runtime` below `api.aws` too, and in Europe's own cloud below `amazonaws.eu` | \[S\] botocore, endpoint rule set; openai-java, `AzureUrlCategory` |
/// | 429 `ThrottlingException`: "your request was denied" | \[D\] docs.aws.amazon.com, bedrock-runtime exceptions |
/// | 429 `ModelNotReadyException`, modelled as retryable | \[S\] |
/// | 408 `ModelTimeoutException`, 424 `ModelErrorException`, `ModelStreamErrorException`: the model ran | \[S\] |
/// | 400 `ServiceQuotaExceededException` | \[S\] |
/// | the code is in `x-amzn-errortype` before a colon, or in `__type` after a number sign; the id in `x-amzn-requestid` | \[S\] botocore's parsers |
#[must_use]
pub fn bedrock() -> Preset {
    Preset::builder("bedrock")
        .origins([
            "https://bedrock-runtime.*.amazonaws.com",
            "https://bedrock-runtime-fips.*.amazonaws.com",
            "https://bedrock-runtime.*.api.aws",
            "https://bedrock-runtime-fips.*.api.aws",
            "https://bedrock-runtime.*.amazonaws.eu",
            "https://bedrock-mantle.*.api.aws",
        ])
        .for_completions()
        .without_keys()
        .request_id_header(HeaderName::from_static("x-amzn-requestid"))
        .code_header(HeaderName::from_static("x-amzn-errortype"))
        .codes_at("__type")
        .rule(
            Rule::status(400)
                .code("ServiceQuotaExceededException")
                .means(Meaning::QuotaExhausted),
        )
        .rule(Rule::status(429).means(Meaning::Untouched))
        .rule(Rule::status(408).means(Meaning::Retry))
        .rule(Rule::status(424).means(Meaning::Retry))
        .known()
}
