//! Stripe's wording, v1 and v2.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Dialect, Freshness, whole_seconds};
use crate::testing::payment_api::answer::Answer;
use crate::testing::payment_api::charge::Charge;
use crate::testing::payment_api::refusal::Refusal;

pub(crate) const DIALECT: Dialect = Dialect {
    accept,
    refuse,
    stream: None,
};

fn accept(charge: &Charge, _: Freshness) -> Answer {
    let body = json!({
        "id": charge.id,
        "object": "charge",
        "amount": charge.amount,
        "paid": true,
        "status": "succeeded",
    });
    Answer::json(StatusCode::OK, &body)
}

fn refuse(refusal: &Refusal<'_>) -> Answer {
    let answer = Answer::json(status(refusal), &json!({ "error": error(refusal) }));
    match refusal {
        Refusal::RateLimited(after) => answer.with_retry_after(whole_seconds(*after)),
        // The failure is stored under the key, so a retry would only fetch it again.
        Refusal::Failed => answer.with("stripe-should-retry", "false"),
        _ => answer,
    }
}

/// Stripe answers misuse of a key with 400 (seen in stripe-ruby issues 503 and 598).
fn status(refusal: &Refusal<'_>) -> StatusCode {
    match refusal {
        Refusal::Reused { .. } | Refusal::OtherEndpoint { .. } => StatusCode::BAD_REQUEST,
        _ => refusal.status(),
    }
}

fn error(refusal: &Refusal<'_>) -> Value {
    match refusal {
        // As seen in stripity-stripe issue 564.
        Refusal::InFlight { key } => json!({
            "type": "invalid_request_error",
            "code": "idempotency_key_in_use",
            "doc_url": "https://stripe.com/docs/error-codes/idempotency-key-in-use",
            "message": format!(
                "There is currently another in-progress request using this Idempotent Key (that probably means you \
                 submitted twice, and the other request is still going through): {key}. Please try again later."
            ),
        }),
        Refusal::Reused { key, .. } => json!({
            "type": "idempotency_error",
            "message": format!(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. \
                 Try using a key other than '{key}' if you meant to execute a different request."
            ),
        }),
        Refusal::OtherEndpoint { key, new, first } => json!({
            "type": "idempotency_error",
            "message": format!(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for \
                 ('{new}' vs '{first}'). Try using a key other than '{key}' if you meant to execute a different \
                 request."
            ),
        }),
        Refusal::KeyMissing | Refusal::KeyInvalid | Refusal::Finished { .. } => plain("idempotency_error", refusal),
        Refusal::Declined => json!({
            "type": "card_error",
            "code": "card_declined",
            "message": "Your card was declined.",
        }),
        Refusal::RateLimited(_) | Refusal::OutOfQuota => json!({
            "type": "invalid_request_error",
            "code": "rate_limit",
            "message": refusal.message(),
        }),
        Refusal::InvalidAmount => json!({
            "type": "invalid_request_error",
            "code": "parameter_invalid_integer",
            "param": "amount",
            "message": refusal.message(),
        }),
        Refusal::Unauthorized | Refusal::Rejected | Refusal::NotFound => plain("invalid_request_error", refusal),
        Refusal::Failed | Refusal::Shed | Refusal::Overloaded | Refusal::Indeterminate => plain("api_error", refusal),
    }
}

fn plain(kind: &str, refusal: &Refusal<'_>) -> Value {
    json!({ "type": kind, "message": refusal.message() })
}
