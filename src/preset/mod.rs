//! What payment and AI providers really do: who honours which header, for how long, and what their answers mean.
//!
//! Nothing on the wire tells whether a server honours a key, and the same status means different things at different
//! providers: a 429 may mean "later" or "out of money", a 409 "still working on it" or "no". A [`Preset`] knows, for the
//! origins that it is bound to. The ones below are on for every client, unasked;
//! [`without_builtin_presets`](crate::ClientBuilder::without_builtin_presets) turns them off, and the receipt names
//! the [preset that applied](crate::Receipt::preset).
//!
//! | preset | hosts | key | lifetime | in flight | other parameters |
//! |---|---|---|---|---|---|
//! | [`stripe`], [`stripe_v2`] | `api.stripe.com`, `files.stripe.com` | `Idempotency-Key`, 255 | 24 h, 30 d | 409, code | 400, type |
//! | [`adyen`] | `*.adyen.com`, `*.adyenpayments.com` | `Idempotency-Key`, 64 | 7 d | 422 or 409, 704, transient | the same, not transient |
//! | [`paypal`] | `api-m.paypal.com`, `api.paypal.com`, sandbox | `PayPal-Request-Id`, 108; some paths | 3 h | – | 400 to 422, code |
//! | [`square`] | `connect.squareup.com`, sandbox | in the body | not published | – | 400, code |
//! | [`checkout`] | `api.checkout.com`, `transfers.` and its like, sandbox, prefixed | `Cko-Idempotency-Key`; some paths | 24 h | 409, there | – |
//! | [`gocardless`] | `api.gocardless.com`, sandbox | `Idempotency-Key` | not published | – | – |
//! | [`mollie`] | `api.mollie.com` | `Idempotency-Key` | 1 h | – | – |
//! | [`braintree`] | `*.braintree-api.com`, `*.braintreegateway.com` | none | | | |
//! | [`openai`] | `api.openai.com`, `*.api.openai.com` | none | | | |
//! | [`azure_openai`] | `*.openai.azure.com`, `/openai` of `*.services.ai.azure.com` and its like | none | | | |
//! | [`anthropic`] | `api.anthropic.com`, and where clouds serve it unchanged | none | | | |
//! | [`gemini`], [`bedrock`] | theirs | none | | | |
//! | [`github`] | `api.github.com`, `uploads.github.com`, `api.*.ghe.com` | none | | | |
//! | [`ietf`] | bind it: [`Preset::at`] | `Idempotency-Key`, quoted | the server's | 409, title | 422, title |
//! | [`cloudflare`] | bind it: [`Preset::at`] | as the client says | | | |
//!
//! # What a preset changes
//!
//! - **Facts before settings.** The key's header, form, methods, worth and lifetime: request, then preset, then client.
//!   Time limits: request, then what was set on the client, then preset, then default.
//! - **The replay gate stays.** Presets propose, as classifiers do; only "the provider says that it did not act" opens it.
//! - **Some 4xx become errors.** `Ok(4xx)` is the rule, and stays it for every answer that a preset has no line for. Three
//!   are an `Err` with a predicate of its own, since a caller who takes them for an answer does harm:
//!   [`is_key_reused`](crate::Error::is_key_reused), [`is_key_in_use`](crate::Error::is_key_in_use) (after waiting and
//!   asking again under the same key), [`is_quota_exhausted`](crate::Error::is_quota_exhausted). And a 4xx that a preset
//!   retries (429, for one) is an `Err` when the retries are over. The response is in the error, body and all.
//! - **A stored failure is final**, and a new key is never minted: the first attempt may have taken effect.
//! - **Error bodies** are read up to 64 KiB, for at most 2 s and a quarter of the attempt timeout, only for statuses
//!   that a rule asks about. The caller still gets the response whole.
//!
//! # AI providers
//!
//! None of them honours keys: every request that arrives is computed and paid. So an attempt that may have been processed
//! (time limit, lost connection, 500) is not repeated unless the caller says
//! [`Replay::AtLeastOnce`](crate::Replay::AtLeastOnce), on the client or the request. That is the default of all five
//! presets, although the vendors' own libraries repeat silently: only the caller knows whether a second completion costs
//! a cent or a hundred dollars, or calls a tool twice, and a silent duplicate cannot be found afterwards, while an error
//! can be answered. What the provider refused unprocessed (429 for rates, 529, overload) is retried without being asked.
//!
//! # Sources
//!
//! Each preset's documentation names the source of each fact and its date, by these marks: \[D\] the vendor's (or the
//! IETF's) own document, \[S\] read in the source of the vendor's library, \[M\] seen on the wire with it, \[2\] a
//! secondary source. Time limits are not facts but our choice. All as of November 2026.

mod builder;
mod facts;
mod json;
mod judge;
mod known;
mod pattern;
mod reset;
mod rule;
mod stream_end;
mod table;
mod value;

pub use builder::PresetBuilder;
pub(crate) use json::member_of_json;
pub use known::{
    adyen, anthropic, azure_openai, bedrock, braintree, checkout, cloudflare, gemini, github, gocardless, ietf, mollie,
    openai, paypal, square, stripe, stripe_v2,
};
pub use reset::ResetFormat;
pub use rule::{Meaning, Rule};
pub use stream_end::StreamEnd;
pub(crate) use table::Presets;
pub use value::Preset;
