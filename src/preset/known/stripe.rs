use http::{HeaderName, Method};

use super::lifetime;
use crate::preset::{Meaning, Preset, PresetBuilder, Rule};

/// Stripe's API v1.
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | `Idempotency-Key`, raw, at most 255 characters, on POST; not on GET and DELETE | \[D\] <https://docs.stripe.com/api/idempotent_requests> |
/// | a key is kept for at least 24 hours, then it executes again | \[D\] the same |
/// | what is stored: status and body once execution began, a 500 too; not failed validation, conflicts, 429 | \[D\] the same |
/// | `Idempotent-Replayed: true` on a stored answer; `Request-Id` | \[D\] docs.stripe.com/error-low-level |
/// | same key, other parameters or endpoint: 400, type `idempotency_error` | \[2\] stripe-ruby issues 503, 598 |
/// | in flight: 409, code `idempotency_key_in_use` | \[2\] stripity-stripe issue 564; \[D\] docs.stripe.com/error-codes |
/// | any other 409 is a conflict that is retried | \[S\] stripe-ruby, stripe-node |
/// | 429 is refused before execution; `lock_timeout` and rate limits are retried with backoff | \[D\] docs.stripe.com/rate-limits |
/// | files are created at `files.stripe.com`, by a POST like any other | \[D\] docs.stripe.com/api/files/create |
/// | `Stripe-Should-Retry: true` or `false` wins over the status | \[S\] stripe-ruby, stripe-node, stripe-go |
///
/// Our choice: 429 is retried, under the key and within the budget, though Stripe's libraries retry only `lock_timeout`.
#[must_use]
pub fn stripe() -> Preset {
    rules(Preset::builder("stripe").origins(["https://api.stripe.com", "https://files.stripe.com"]))
        .key_methods([Method::POST])
        .key_lifetime(lifetime(24))
        .known()
}

/// Stripe's API v2: as [`stripe`], with these differences.
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | POST and DELETE carry keys | \[S\] Stripe's libraries |
/// | a key is kept for 30 days | \[D\] docs.stripe.com/api-v2-overview |
/// | failed or partial work is driven on by a repeat, and the answer is the new one: nothing is marked as replayed | \[D\] the same |
#[must_use]
pub fn stripe_v2() -> Preset {
    rules(Preset::builder("stripe_v2").origin("https://api.stripe.com/v2"))
        .key_methods([Method::POST, Method::DELETE])
        .key_lifetime(lifetime(30 * 24))
        .no_replay_marker()
        .known()
}

fn rules(builder: PresetBuilder) -> PresetBuilder {
    builder
        .for_payments()
        .key_max_length(255)
        .request_id_header(HeaderName::from_static("request-id"))
        .hint_header(HeaderName::from_static("stripe-should-retry"))
        .codes_at("error.code")
        .codes_at("error.type")
        .rule(Rule::status(400).code("idempotency_error").means(Meaning::KeyReused))
        .rule(
            Rule::status(409)
                .code("idempotency_key_in_use")
                .means(Meaning::KeyInUse),
        )
        .rule(Rule::status(409).means(Meaning::Retry))
        .rule(Rule::status(429).means(Meaning::Untouched))
}
