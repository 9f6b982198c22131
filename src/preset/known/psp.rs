use http::{HeaderName, Method};

use super::lifetime;
use crate::preset::{Meaning, Preset, Rule};

/// Adyen.
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | `Idempotency-Key`, raw, at most 64 characters, on POST | \[D\] docs.adyen.com/development-resources/api-idempotency |
/// | a key is kept for 7 to 14 days; an older page says 31 | \[2\]; \[D\] the older page. We plan with 7 |
/// | keys hold per company account and region | \[D\] the same page |
/// | processed or in progress: 422 or 409, error code 704 | \[D\] the same page |
/// | `transient-error: true`: retry later, same key; absent or false: do not | \[D\] the same page |
/// | the idempotency store is down: 503, code 703 | \[2\]; covered by `transient-error` |
///
/// So without that header no 5xx is retried here, while time limits and lost connections are. A 704 that is not
/// transient is [`is_key_reused`](crate::Error::is_key_reused): Adyen does not say whether by this request or another.
#[must_use]
pub fn adyen() -> Preset {
    const TRANSIENT: HeaderName = HeaderName::from_static("transient-error");
    Preset::builder("adyen")
        .origin("https://*.adyen.com")
        .origin("https://*.adyenpayments.com")
        .for_payments()
        .key_methods([Method::POST])
        .key_max_length(64)
        .key_lifetime(lifetime(7 * 24))
        .no_replay_marker()
        .codes_at("errorCode")
        .rule(
            Rule::statuses(409..=422)
                .code("704")
                .header_is(TRANSIENT, "true")
                .means(Meaning::KeyInUse),
        )
        .rule(Rule::status(409).code("704").means(Meaning::KeyReused))
        .rule(Rule::status(422).code("704").means(Meaning::KeyReused))
        .rule(
            Rule::statuses(400..=599)
                .header_is(TRANSIENT, "true")
                .means(Meaning::Retry),
        )
        .rule(Rule::statuses(500..=599).means(Meaning::Final))
        .known()
}

/// Square.
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | the key is `idempotency_key` in the JSON body, per endpoint | \[D\] developer.squareup.com/docs/working-with-apis/idempotency |
/// | its longest form differs by endpoint (192 for payment links) | \[S\] square-python-sdk, `create-payment-link-request.md` |
/// | same key, other parameters: 400, `IDEMPOTENCY_KEY_REUSED` | \[D\] Square API reference, error codes |
/// | how long a key is kept is not published | \[2\] Square developer forum 28303, October 2026 |
///
/// So nothing is added to the request: a key that the caller put into a JSON body is found there and counts; without one,
/// a POST that may have been processed is not repeated. Never unasked: 429, which Square documents without saying
/// whether the request was processed, is retried under such a key alone.
#[must_use]
pub fn square() -> Preset {
    Preset::builder("square")
        .origin("https://connect.squareup.com")
        .origin("https://connect.squareupsandbox.com")
        .for_payments()
        .key_in_body("idempotency_key")
        .no_replay_marker()
        .codes_at("errors.code")
        .rule(
            Rule::status(400)
                .code("IDEMPOTENCY_KEY_REUSED")
                .means(Meaning::KeyReused),
        )
        .rule(Rule::status(429).means(Meaning::Retry))
        .known()
}

/// `GoCardless`.
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | `Idempotency-Key`, a `UUIDv4`, on POST | \[S\] gocardless-pro libraries |
/// | a used key: 409, reason `idempotent_creation_conflict`, with `links.conflicting_resource_id` | \[S\] the same: they GET that resource |
/// | rate limits: `ratelimit-remaining`, `ratelimit-reset` as an HTTP date or seconds | \[2\]; not relied on |
/// | how long a key is kept | not published |
///
/// That 409 is `Ok` with the effect "applied": an earlier request under this key made the resource that the body names,
/// to be read with a GET. Without that id it proves nothing, and is left as it came.
#[must_use]
pub fn gocardless() -> Preset {
    Preset::builder("gocardless")
        .origin("https://api.gocardless.com")
        .origin("https://api-sandbox.gocardless.com")
        .for_payments()
        .key_methods([Method::POST])
        .no_replay_marker()
        .codes_at("error.errors.reason")
        .rule(
            Rule::status(409)
                .code("idempotent_creation_conflict")
                .field("error.errors.links.conflicting_resource_id")
                .means(Meaning::AlreadyDone),
        )
        .known()
}

/// Mollie.
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | `Idempotency-Key` on POST; a second request with it is ignored as a duplicate | \[D\] docs.mollie.com/reference/api-idempotency |
/// | recurring payments, subscriptions and refunds are what a repeat without a key can double | \[D\] the same page |
/// | the library retries connect failures alone | \[S\] mollie-api-python |
///
/// How long a key is kept we could not source. We plan with one hour, a cautious guess: after it, an attempt that may
/// have been processed is not repeated.
#[must_use]
pub fn mollie() -> Preset {
    Preset::builder("mollie")
        .origin("https://api.mollie.com")
        .for_payments()
        .key_methods([Method::POST])
        .key_lifetime(lifetime(1))
        .no_replay_marker()
        .known()
}

/// Braintree.
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | its libraries send no key and never retry | \[S\] braintree-python, braintree-ruby |
///
/// So only what certainly never reached the gateway is sent again.
#[must_use]
pub fn braintree() -> Preset {
    Preset::builder("braintree")
        .origin("https://*.braintree-api.com")
        .origin("https://*.braintreegateway.com")
        .for_payments()
        .without_keys()
        .known()
}
