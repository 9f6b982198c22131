use http::HeaderName;

use crate::preset::{Meaning, Preset, PresetBuilder, ResetFormat, Rule, StreamEnd};

/// `OpenAI`.
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | no key on the wire, none honoured | \[M\] \[S\] openai-python, openai-node |
/// | a region's host is a prefix before `api.openai.com`, and so is that for client certificates | \[D\] developers.openai.com/api/docs/guides/data-residency; \[S\] openai-node, data-residency.ts, examples/mtls |
/// | 429 for rates is refused before processing; for money it stays: codes `insufficient_quota`, `credit_balance_exhausted`, `organization_spend_limit_exceeded`, `project_spend_limit_exceeded`, `organization_usage_limit_exceeded` | \[2\] openai/codex issue 6340, agentao issue 283 |
/// | the libraries retry those three times all the same | \[M\] |
/// | overload: 503, code `server_is_overloaded`; `slow_down`, 503 once and 429 now | \[2\] openai/codex |
/// | 408, 409, 429 and 5xx are retried by the libraries | \[S\] |
/// | `x-should-retry: true` or `false` wins over the status | \[S\] |
/// | `retry-after-ms`, then `retry-after` | \[S\] |
/// | `x-ratelimit-remaining-…`, `x-ratelimit-reset-…` for requests and tokens, as `6m0s` or `12ms` | \[2\] thoughtbot.com/blog/openai-rate-limits, community.openai.com 1268905 |
/// | `x-request-id` | \[S\] |
/// | streams end with `data: [DONE]`, of the Responses API with `response.completed`, `.incomplete` or `.failed`; errors come in band | \[S\] |
#[must_use]
pub fn openai() -> Preset {
    rules(
        Preset::builder("openai").origins(["https://api.openai.com", "https://*.api.openai.com"]),
        ResetFormat::Units,
    )
    .request_id_header(HeaderName::from_static("x-request-id"))
    .known()
}

/// Azure `OpenAI`: as [`openai`], with these differences.
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | `openai.azure.com`, and below `/openai` of `services.ai.azure.com` | \[D\] learn.microsoft.com/azure/foundry/openai/api-version-lifecycle |
/// | below `/openai` of `cognitiveservices.azure.com` as well | \[S\] openai-java, `AzureUrlCategory` |
/// | `openai.azure.us` for governments | \[D\] learn.microsoft.com/azure/ai-services/openai/azure-government |
/// | `retry-after-ms` first | \[2\] Azure samples |
/// | `x-ratelimit-reset-tokens` in whole seconds | \[2\] learn.microsoft.com/answers 5625878 |
///
/// A wait that the body's text alone mentions ("retry after 86400 seconds") is not read.
///
/// What else the shared hosts serve is left alone. The address of a project is for [`Preset::at`]:
/// `https://me.services.ai.azure.com/api/projects/mine/openai`.
#[must_use]
pub fn azure_openai() -> Preset {
    let builder = Preset::builder("azure_openai").origins([
        "https://*.openai.azure.com",
        "https://*.openai.azure.us",
        "https://*.services.ai.azure.com/openai",
        "https://*.cognitiveservices.azure.com/openai",
    ]);
    rules(builder, ResetFormat::Seconds).known()
}

fn rules(builder: PresetBuilder, format: ResetFormat) -> PresetBuilder {
    let billing = [
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    ];
    let builder = billing.into_iter().fold(builder, |builder, code| {
        builder.rule(Rule::status(429).code(code).means(Meaning::QuotaExhausted))
    });
    builder
        .for_completions()
        .without_keys()
        .hint_header(HeaderName::from_static("x-should-retry"))
        .codes_at("error.code")
        .codes_at("error.type")
        .rate_limit(
            HeaderName::from_static("x-ratelimit-remaining-requests"),
            HeaderName::from_static("x-ratelimit-reset-requests"),
            format,
        )
        .rate_limit(
            HeaderName::from_static("x-ratelimit-remaining-tokens"),
            HeaderName::from_static("x-ratelimit-reset-tokens"),
            format,
        )
        .rule(Rule::status(429).means(Meaning::Untouched))
        .rule(Rule::status(503).code("server_is_overloaded").means(Meaning::Untouched))
        .rule(Rule::status(503).code("slow_down").means(Meaning::Untouched))
        .rule(Rule::statuses(408..=409).means(Meaning::Retry))
        .stream_end(
            StreamEnd::new()
                .data("[DONE]")
                .event("response.completed")
                .event("response.incomplete")
                .error_event("response.failed")
                .error_event("error")
                .error_member("error"),
        )
}
