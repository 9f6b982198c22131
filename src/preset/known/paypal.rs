use std::time::Duration;

use http::{HeaderName, Method};

use super::lifetime;
use crate::operation::KeyHeader;
use crate::preset::{Meaning, Preset, Rule};

/// `PayPal`.
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | `PayPal-Request-Id` on POST; without it, a repeat is a duplicate | \[D\] developer.paypal.com/reference/guidelines/idempotency |
/// | `api.paypal.com` is the same API, for who must know its addresses | \[D\] developer.paypal.com/limited-release/commerce-platform/v2/develop/urls |
/// | it and `api.sandbox.paypal.com` were the only hosts once; links in answers may lead there | \[D\] developer.paypal.com/docs/api/overview, 2016 |
/// | at most 108 characters | \[D\] Vault API specification |
/// | "Not all APIs support this header": known of Orders, Payments v2, Vault, plans and products | \[D\] the same page; the references of these |
/// | kept: Orders 6 h, Payments v2 45 d, Vault 3 h, plans and products 72 h | \[D\] the same references. We plan with 3 h for all |
/// | a repeat gets the latest status of the first request (200, not 201), unmarked | \[D\] the same page |
/// | retry network time limits and 5xx as long as the id is stored | \[D\] the same page |
/// | id used by another request: `PAYPAL_REQUEST_ID_PREVIOUSLY_USED`, `DUPLICATE_REQUEST_ID` | \[D\] developer.paypal.com, error pages of these names |
/// | `Paypal-Debug-Id` | \[D\] developer.paypal.com/api/rest/responses |
///
/// Of two at once, "`PayPal` might fail the second request" \[D\]; how is not published, so there is no rule for it.
/// Elsewhere on the host the key is sent, and taken to be ignored.
#[must_use]
pub fn paypal() -> Preset {
    Preset::builder("paypal")
        .origins([
            "https://api-m.paypal.com",
            "https://api-m.sandbox.paypal.com",
            "https://api.paypal.com",
            "https://api.sandbox.paypal.com",
        ])
        .for_payments()
        .key_header(KeyHeader::new(HeaderName::from_static("paypal-request-id")))
        .key_methods([Method::POST])
        .key_max_length(108)
        .key_lifetime(lifetime(3))
        .honors_keys_under("/v2/checkout/orders")
        .honors_keys_under("/v2/payments")
        .honors_keys_under("/v3/vault")
        .honors_keys_under("/v1/billing/plans")
        .honors_keys_under("/v1/catalogs/products")
        .no_replay_marker()
        .request_id_header(HeaderName::from_static("paypal-debug-id"))
        .codes_at("name")
        .codes_at("details.issue")
        .rule(
            Rule::statuses(400..=422)
                .code("PAYPAL_REQUEST_ID_PREVIOUSLY_USED")
                .means(Meaning::KeyReused),
        )
        .rule(
            Rule::statuses(400..=422)
                .code("DUPLICATE_REQUEST_ID")
                .means(Meaning::KeyReused),
        )
        .known()
}

/// Checkout.com.
///
/// | fact | source, as of November 2026 |
/// |---|---|
/// | `Cko-Idempotency-Key` on payments, payment contexts and transfers | \[D\] checkout.com/docs/payments/manage-payments/idempotency, January 2026 |
/// | transfers have a host of their own, `transfers.checkout.com` | \[D\] checkout.com/docs/platforms/transfer-sub-entity-funds |
/// | so has forwarding | \[D\] checkout.com/docs/payments/store-and-manage-credentials/forward-stored-credentials |
/// | so have files, balances and identity verification | \[S\] checkout-sdk-net, checkout-sdk-go |
/// | kept for 24 hours | \[D\] the same page |
/// | only 2xx is stored: after a 4xx or 5xx the payment is attempted again | \[D\] the same page |
/// | in flight: 409, 429 in the past; wait 30 s or more | \[D\] support article on concurrent requests |
/// | elsewhere a 409 is a conflict with what exists, for one with an entity, and the answer | \[D\] api-reference.checkout.com, `/accounts/entities` |
/// | 429 is a rate limit everywhere, to be retried | \[D\] checkout.com/docs/developer-resources/api/api-rate-limits |
#[must_use]
pub fn checkout() -> Preset {
    const IN_FLIGHT_WAIT: Duration = Duration::from_secs(30);
    Preset::builder("checkout")
        .origins([
            "https://api.checkout.com",
            "https://api.sandbox.checkout.com",
            "https://*.api.checkout.com",
            "https://*.api.sandbox.checkout.com",
            "https://transfers.checkout.com",
            "https://transfers.sandbox.checkout.com",
            "https://forward.checkout.com",
            "https://forward.sandbox.checkout.com",
            "https://files.checkout.com",
            "https://files.sandbox.checkout.com",
            "https://balances.checkout.com",
            "https://balances.sandbox.checkout.com",
            "https://identity-verification.checkout.com",
            "https://identity-verification.sandbox.checkout.com",
        ])
        .for_payments()
        .key_header(KeyHeader::new(HeaderName::from_static("cko-idempotency-key")))
        .key_methods([Method::POST])
        .key_lifetime(lifetime(24))
        .honors_keys_under("/payments")
        .honors_keys_under("/payment-contexts")
        .honors_keys_under("/transfers")
        .no_replay_marker()
        .rule(Rule::status(409).means(Meaning::KeyInUse).not_before(IN_FLIGHT_WAIT))
        .rule(Rule::status(429).means(Meaning::Retry).not_before(IN_FLIGHT_WAIT))
        .known()
}
