use std::time::Duration;

use http::HeaderName;
use http::header::RETRY_AFTER;

use crate::operation::{KeyFormat, KeyHeader};
use crate::preset::{Meaning, Preset, ResetFormat, Rule};

/// Services that follow the IETF's draft; bind it with [`Preset::at`].
///
/// | fact | source |
/// |---|---|
/// | `Idempotency-Key` as a quoted string | \[D\] draft-ietf-httpapi-idempotency-key-header-07 (October 2025) §2.1 |
/// | in flight: 409, "A request is outstanding for this Idempotency-Key" | \[D\] the same, §2.7 |
/// | other payload: 422, "Idempotency-Key is already used" | \[D\] the same |
/// | key missing: 400, left as the answer it is | \[D\] the same |
///
/// The titles are the draft's examples: a 409 or 422 without them may be the service's own, and is left as it came. The
/// draft defines neither a replay marker nor a lifetime: set what your service publishes.
#[must_use]
pub fn ietf() -> Preset {
    Preset::builder("ietf")
        .key_header(KeyHeader::default().format(KeyFormat::Quoted))
        .codes_at("title")
        .rule(
            Rule::status(409)
                .code("A request is outstanding for this Idempotency-Key")
                .means(Meaning::KeyInUse),
        )
        .rule(
            Rule::status(422)
                .code("Idempotency-Key is already used")
                .means(Meaning::KeyReused),
        )
        .known()
}

/// GitHub's REST API.
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | a rate limit is 403 or 429; in this order: `retry-after`, or `x-ratelimit-remaining: 0` and `x-ratelimit-reset` in UTC epoch seconds, or a minute at least | \[D\] docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api |
/// | uploads have a host of their own, "the same as the rest of the API" | \[D\] docs.github.com/en/rest/releases/assets |
/// | with data residency `api.` before the enterprise's own name at `ghe.com` | \[D\] docs.github.com/en/enterprise-cloud@latest/admin/data-residency |
/// | and `uploads.` | \[D\] docs.github.com, "Enabling GitHub Connect for GHE.com" |
/// | secondary limits say so in the message | \[D\] the same |
/// | `x-github-request-id` | \[D\] docs.github.com |
///
/// It documents no idempotency key. A limited request was turned away, hence retried; a 403 without any of these signs
/// is a missing permission, and the answer.
#[must_use]
pub fn github() -> Preset {
    const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
    const AT_LEAST: Duration = Duration::from_secs(60);
    Preset::builder("github")
        .origins([
            "https://api.github.com",
            "https://uploads.github.com",
            "https://api.*.ghe.com",
            "https://uploads.*.ghe.com",
        ])
        .without_keys()
        .request_id_header(HeaderName::from_static("x-github-request-id"))
        .rate_limit(
            REMAINING,
            HeaderName::from_static("x-ratelimit-reset"),
            ResetFormat::EpochSeconds,
        )
        .codes_at("message")
        .rule(Rule::status(403).header(RETRY_AFTER).means(Meaning::Untouched))
        .rule(Rule::status(403).header_is(REMAINING, "0").means(Meaning::Untouched))
        .rule(Rule::status(429).header_is(REMAINING, "0").means(Meaning::Untouched))
        .rule(
            Rule::status(403)
                .code_containing("secondary rate limit")
                .means(Meaning::Untouched)
                .not_before(AT_LEAST),
        )
        .rule(Rule::status(429).means(Meaning::Untouched).not_before(AT_LEAST))
        .known()
}

/// Origins behind Cloudflare; bind it with [`Preset::at`].
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | 521: the origin refused the connection; 523: it could not be reached; 525: the TLS handshake with it failed | \[2\] httpstatushub.com, hostney.com, noc.org, domain-monitor.io |
/// | 520, 522, 524: a connection was made, or may have been, and no usable answer came | \[2\] the same; Cloudflare's own 522 page: "was able to connect, but the request didn't finish" |
/// | 526 (certificate) and 530 (a 1xxx error) are configuration | \[2\] the same |
/// | `cf-ray` | \[2\] Cloudflare's error pages show it |
///
/// Keys are the origin's matter: set them on this preset's builder.
#[must_use]
pub fn cloudflare() -> Preset {
    Preset::builder("cloudflare")
        .request_id_header(HeaderName::from_static("cf-ray"))
        .rule(Rule::status(521).means(Meaning::Untouched))
        .rule(Rule::status(523).means(Meaning::Untouched))
        .rule(Rule::status(525).means(Meaning::Untouched))
        .rule(Rule::statuses(520..=524).means(Meaning::Retry))
        .rule(Rule::status(526).means(Meaning::Final))
        .rule(Rule::status(530).means(Meaning::Final))
        .known()
}
