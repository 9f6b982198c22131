//! Problem details (RFC 9457), as draft-ietf-httpapi-idempotency-key-header uses them.

use http::StatusCode;
use serde_json::json;

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
    Answer::json(
        StatusCode::CREATED,
        &json!({ "id": charge.id, "amount": charge.amount, "status": "created" }),
    )
}

fn refuse(refusal: &Refusal<'_>) -> Answer {
    let body = json!({
        "type": "https://payments.test/idempotency",
        "title": title(refusal),
        "detail": refusal.message(),
        "status": refusal.status().as_u16(),
    });
    let answer = Answer::problem(refusal.status(), &body);
    match refusal.retry_after() {
        Some(after) => answer.with_retry_after(whole_seconds(after)),
        None => answer,
    }
}

/// The titles of the draft's section on error handling; the other answers are outside its scope.
fn title(refusal: &Refusal<'_>) -> &'static str {
    match refusal {
        Refusal::KeyMissing => "Idempotency-Key is missing",
        Refusal::InFlight { .. } => "A request is outstanding for this Idempotency-Key",
        Refusal::Reused { .. } | Refusal::OtherEndpoint { .. } => "Idempotency-Key is already used",
        _ => refusal.code(),
    }
}
