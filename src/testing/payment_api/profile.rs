//! How a provider treats keys, as data.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use super::dialect::{Dialect, anthropic, merchant, openai, problem, stripe};
use super::rules::{Carrier, Expiry, Keep, Lapse, Quotes, Repeat, Scope, WithoutKey};

/// How a provider treats idempotency keys: what it stores, for how long, and what it answers.
///
/// The profiles follow what the vendors publish or what was seen of them, as of November 2026. They are models to test
/// a client against, not the vendors' services: of a body, only the parts that tell outcomes apart are like the
/// original. Where a vendor publishes nothing the profile's documentation says what this server does instead.
///
/// | profile | key | finished, same request | in flight | other request | kept |
/// |---|---|---|---|---|---|
/// | [`stripe_v1`](Self::stripe_v1) | `Idempotency-Key`, 255 | replay, marked | 409 | 400 | all, 24 h |
/// | [`stripe_v2`](Self::stripe_v2) | the same, `DELETE` too | success again | 409 | 400 | until success, 30 d |
/// | [`ietf`](Self::ietf) | `Idempotency-Key`, required | replay | 409 | 422 | all, 24 h |
/// | [`checkout`](Self::checkout) | `Cko-Idempotency-Key` | replay | 409 | 422 | 2xx, 24 h |
/// | [`adyen`](Self::adyen) | `Idempotency-Key`, 64 | replay | 409, 704 | 422, 704 | all, 7 d |
/// | [`gocardless`](Self::gocardless) | `Idempotency-Key` | 409, names the resource | 409 | 409 | 2xx, 30 d |
/// | [`paypal`](Self::paypal) | `PayPal-Request-Id`, 108, per path | 200 with the resource | 409 | 422 | 2xx, 45 d |
/// | [`square`](Self::square) | `idempotency_key` in the body, 45 | replay | 409 | 400 | all, 24 h |
/// | [`increase`](Self::increase) | `Idempotency-Key` | replay, marked | 409 | 409, names the resource | all, 24 h |
/// | [`openai`](Self::openai), [`anthropic`](Self::anthropic) | ignored | executes again | executes too | – | – |
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast::testing::payment_api::{Expiry, Profile};
///
/// let profile = Profile::stripe_v1().retention(Duration::from_secs(60)).expiry(Expiry::AfterRetention);
/// assert_eq!(profile.name(), "stripe_v1");
/// ```
#[derive(Clone)]
#[must_use]
pub struct Profile {
    pub(super) name: &'static str,
    pub(super) carrier: Carrier,
    pub(super) methods: &'static [&'static str],
    pub(super) max_key_length: usize,
    pub(super) quotes: Quotes,
    pub(super) without_key: WithoutKey,
    pub(super) scope: Scope,
    pub(super) keep: Keep,
    pub(super) repeat: Repeat,
    pub(super) retention: Duration,
    pub(super) expiry: Expiry,
    pub(super) lease: Duration,
    pub(super) lapse: Lapse,
    /// Put on a replay.
    pub(super) marker: Option<(&'static str, &'static str)>,
    /// Names the header that carries the first request's id on a replay.
    pub(super) original_request: Option<&'static str>,
    pub(super) in_flight_status: Option<StatusCode>,
    pub(super) in_flight_header: Option<(&'static str, &'static str)>,
    pub(super) dialect: Dialect,
}

impl Profile {
    /// Stripe's API v1 (<https://docs.stripe.com/api/idempotent_requests>).
    ///
    /// The outcome of every request whose execution began is stored, a 500 included; a failed validation, a conflict,
    /// a 401 and a 429 are not. Replays carry `Idempotent-Replayed: true`. `DELETE` ignores keys.
    pub const fn stripe_v1() -> Self {
        Self {
            name: "stripe_v1",
            carrier: Carrier::Header("idempotency-key"),
            methods: &["POST"],
            max_key_length: 255,
            quotes: Quotes::Literal,
            without_key: WithoutKey::Execute,
            scope: Scope::Account,
            keep: Keep::All,
            repeat: Repeat::Replay,
            retention: DAY,
            expiry: Expiry::AtRetention,
            lease: Duration::from_secs(60),
            lapse: Lapse::Reexecute,
            marker: Some(("idempotent-replayed", "true")),
            original_request: Some("original-request"),
            in_flight_status: None,
            in_flight_header: None,
            dialect: stripe::DIALECT,
        }
    }

    /// Stripe's API v2: failed work is driven on by the next request, keys live 30 days, `DELETE` has them too.
    pub const fn stripe_v2() -> Self {
        Self {
            name: "stripe_v2",
            methods: &["POST", "DELETE"],
            keep: Keep::UntilSuccess,
            retention: days(30),
            lapse: Lapse::Resume,
            marker: None,
            original_request: None,
            ..Self::stripe_v1()
        }
    }

    /// The draft of the IETF (draft-ietf-httpapi-idempotency-key-header-07).
    ///
    /// The key is required, quoted or raw, and both forms are the same key; errors are problem details. The draft
    /// leaves the expiry to the server: 24 hours here.
    pub const fn ietf() -> Self {
        Self {
            name: "ietf",
            methods: &["POST", "PATCH"],
            quotes: Quotes::Optional,
            without_key: WithoutKey::Refuse,
            marker: None,
            original_request: None,
            dialect: problem::DIALECT,
            ..Self::stripe_v1()
        }
    }

    /// Checkout.com: only 2xx is stored, so a failure can be tried again with its key.
    ///
    /// The status for a key with another request is not published; it is 422 here. In flight was 429 in the past:
    /// see [`in_flight_status`](Self::in_flight_status).
    pub const fn checkout() -> Self {
        Self {
            name: "checkout",
            carrier: Carrier::Header("cko-idempotency-key"),
            keep: Keep::Success,
            dialect: merchant::CHECKOUT,
            ..Self::unmarked()
        }
    }

    /// Adyen: error 704, and `transient-error: true` when waiting can help; keys of at most 64 characters.
    ///
    /// Keys are per region: a second region is a second server. The answer to another request under the key is not
    /// published; it is 422 with 704 here. The retention is the shorter of those published, 7 days.
    pub const fn adyen() -> Self {
        Self {
            name: "adyen",
            max_key_length: 64,
            retention: days(7),
            dialect: merchant::ADYEN,
            ..Self::unmarked()
        }
    }

    /// `GoCardless`: a used key is a 409 that names the resource it made, which is then read with `GET`.
    ///
    /// How long keys live and what a request in flight gets is not published; 30 days and a 409 without a resource
    /// here.
    pub const fn gocardless() -> Self {
        Self {
            name: "gocardless",
            keep: Keep::Success,
            repeat: Repeat::Conflict,
            retention: days(30),
            dialect: merchant::GOCARDLESS,
            ..Self::unmarked()
        }
    }

    /// `PayPal`: keys per kind of call, answered with the resource as it is, 201 first and 200 later.
    ///
    /// The retention is that of Payments v2, 45 days; orders have 6 hours, vault tokens 3.
    pub const fn paypal() -> Self {
        Self {
            name: "paypal",
            carrier: Carrier::Header("paypal-request-id"),
            max_key_length: 108,
            scope: Scope::Path,
            keep: Keep::Success,
            repeat: Repeat::Current,
            retention: days(45),
            dialect: merchant::PAYPAL,
            ..Self::unmarked()
        }
    }

    /// Square: the key is a member of the JSON body. What is stored, and for how long, is not published.
    pub const fn square() -> Self {
        Self {
            name: "square",
            carrier: Carrier::Body("idempotency_key"),
            max_key_length: 45,
            dialect: merchant::SQUARE,
            ..Self::unmarked()
        }
    }

    /// Increase: replays are marked, and a key with another body is a 409 that names the resource.
    pub const fn increase() -> Self {
        Self {
            name: "increase",
            original_request: None,
            dialect: merchant::INCREASE,
            ..Self::stripe_v1()
        }
    }

    /// `OpenAI`: keys are ignored, every request executes; `"stream": true` streams.
    pub const fn openai() -> Self {
        Self {
            name: "openai",
            carrier: Carrier::Nowhere,
            methods: &[],
            dialect: openai::DIALECT,
            ..Self::unmarked()
        }
    }

    /// Anthropic: keys are ignored, every request executes; `"stream": true` streams, overload is 529.
    pub const fn anthropic() -> Self {
        Self {
            name: "anthropic",
            dialect: anthropic::DIALECT,
            ..Self::openai()
        }
    }

    const fn unmarked() -> Self {
        Self {
            marker: None,
            original_request: None,
            ..Self::stripe_v1()
        }
    }

    /// Sets how long a key is remembered, from its first request on.
    pub const fn retention(self, retention: Duration) -> Self {
        Self { retention, ..self }
    }

    /// Sets whether a key is forgotten at its retention or just after.
    pub const fn expiry(self, expiry: Expiry) -> Self {
        Self { expiry, ..self }
    }

    /// Sets how long an execution holds its key without an outcome; 60 seconds unless set.
    pub const fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// Sets what happens once the lease has ended.
    pub const fn lapse(self, lapse: Lapse) -> Self {
        Self { lapse, ..self }
    }

    /// Sets the status for a request whose key is in flight.
    pub const fn in_flight_status(self, status: StatusCode) -> Self {
        Self {
            in_flight_status: Some(status),
            ..self
        }
    }

    /// Adds `Stripe-Should-Retry: true` to the answer for a key in flight, as Stripe sometimes does.
    pub const fn in_flight_hint(self) -> Self {
        Self {
            in_flight_header: Some(("stripe-should-retry", "true")),
            ..self
        }
    }

    /// Returns the name, that of the constructor.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("name", &self.name)
            .field("retention", &self.retention)
            .field("expiry", &self.expiry)
            .field("lease", &self.lease)
            .field("lapse", &self.lapse)
            .finish_non_exhaustive()
    }
}

const DAY: Duration = days(1);

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 60 * 60)
}
