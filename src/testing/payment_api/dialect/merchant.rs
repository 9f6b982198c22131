//! The smaller wordings: Checkout.com, Adyen, `GoCardless`, `PayPal`, Square, Increase.
//!
//! Each fixes what is published about its key errors; the rest of an answer is the common shape.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Dialect, Freshness, whole_seconds};
use crate::testing::payment_api::answer::Answer;
use crate::testing::payment_api::charge::Charge;
use crate::testing::payment_api::refusal::Refusal;

pub(crate) const CHECKOUT: Dialect = Dialect {
    accept: accept_created,
    refuse: refuse_checkout,
    stream: None,
};
pub(crate) const ADYEN: Dialect = Dialect {
    accept: accept_adyen,
    refuse: refuse_adyen,
    stream: None,
};
pub(crate) const GOCARDLESS: Dialect = Dialect {
    accept: accept_gocardless,
    refuse: refuse_gocardless,
    stream: None,
};
pub(crate) const PAYPAL: Dialect = Dialect {
    accept: accept_paypal,
    refuse: refuse_paypal,
    stream: None,
};
pub(crate) const SQUARE: Dialect = Dialect {
    accept: accept_square,
    refuse: refuse_square,
    stream: None,
};
pub(crate) const INCREASE: Dialect = Dialect {
    accept: accept_created,
    refuse: refuse_increase,
    stream: None,
};

fn accept_created(charge: &Charge, _: Freshness) -> Answer {
    Answer::json(
        StatusCode::CREATED,
        &json!({ "id": charge.id, "amount": charge.amount, "status": "Pending" }),
    )
}

fn refuse_checkout(refusal: &Refusal<'_>) -> Answer {
    let body = json!({ "error_type": "request_invalid", "error_codes": [refusal.code()] });
    finish(refusal, Answer::json(refusal.status(), &body))
}

fn accept_adyen(charge: &Charge, _: Freshness) -> Answer {
    Answer::json(
        StatusCode::OK,
        &json!({ "pspReference": charge.id, "resultCode": "Authorised" }),
    )
}

/// Error 704 for both, and `transient-error: true` only while waiting can help.
fn refuse_adyen(refusal: &Refusal<'_>) -> Answer {
    let (code, message) = match refusal {
        Refusal::InFlight { .. } | Refusal::Finished { .. } | Refusal::Reused { .. } => {
            ("704", "request already processed or in progress")
        }
        _ => (refusal.code(), refusal.message()),
    };
    let status = refusal.status();
    let body = json!({ "status": status.as_u16(), "errorCode": code, "message": message, "errorType": "validation" });
    let answer = finish(refusal, Answer::json(status, &body));
    match refusal {
        Refusal::InFlight { .. } | Refusal::Shed => answer.with("transient-error", "true"),
        _ => answer,
    }
}

fn accept_gocardless(charge: &Charge, freshness: Freshness) -> Answer {
    let body = json!({ "payments": { "id": charge.id, "amount": charge.amount, "status": "pending_submission" } });
    Answer::json(created_or_ok(freshness), &body)
}

/// A used key names the resource that it made, which the caller then reads (gocardless-pro SDKs do).
fn refuse_gocardless(refusal: &Refusal<'_>) -> Answer {
    let (status, kind, reason) = match refusal {
        Refusal::InFlight { .. } | Refusal::Finished { .. } | Refusal::Reused { .. } => {
            (StatusCode::CONFLICT, "invalid_state", "idempotent_creation_conflict")
        }
        _ => (refusal.status(), "invalid_api_usage", refusal.code()),
    };
    let mut detail = json!({ "reason": reason, "message": refusal.message() });
    if let Some(resource) = refusal.resource() {
        detail["links"] = json!({ "conflicting_resource_id": resource });
    }
    let body = json!({ "error": {
        "type": kind, "code": status.as_u16(), "message": refusal.message(), "errors": [detail],
    } });
    finish(refusal, Answer::json(status, &body))
}

fn accept_paypal(charge: &Charge, freshness: Freshness) -> Answer {
    Answer::json(
        created_or_ok(freshness),
        &json!({ "id": charge.id, "status": "COMPLETED" }),
    )
}

fn refuse_paypal(refusal: &Refusal<'_>) -> Answer {
    let name = match refusal {
        Refusal::Reused { .. } | Refusal::OtherEndpoint { .. } => "DUPLICATE_REQUEST_ID",
        _ => refusal.code(),
    };
    finish(
        refusal,
        Answer::json(refusal.status(), &json!({ "name": name, "message": refusal.message() })),
    )
}

fn accept_square(charge: &Charge, _: Freshness) -> Answer {
    let body = json!({ "payment": { "id": charge.id, "amount_money": { "amount": charge.amount } } });
    Answer::json(StatusCode::OK, &body)
}

fn refuse_square(refusal: &Refusal<'_>) -> Answer {
    let (status, code) = match refusal {
        Refusal::Reused { .. } | Refusal::OtherEndpoint { .. } => (StatusCode::BAD_REQUEST, "IDEMPOTENCY_KEY_REUSED"),
        _ => (refusal.status(), refusal.code()),
    };
    let body = json!({ "errors": [{ "category": "API_ERROR", "code": code, "detail": refusal.message() }] });
    finish(refusal, Answer::json(status, &body))
}

/// A key with another body is answered 409 and names the resource that the key made.
fn refuse_increase(refusal: &Refusal<'_>) -> Answer {
    let (status, kind) = match refusal {
        Refusal::Reused { .. } | Refusal::OtherEndpoint { .. } => {
            (StatusCode::CONFLICT, "idempotency_key_already_used_error")
        }
        _ => (refusal.status(), refusal.code()),
    };
    let mut body = json!({ "type": kind, "title": refusal.message(), "status": status.as_u16() });
    if let Some(resource) = refusal.resource() {
        body["resource_id"] = Value::from(resource);
    }
    finish(refusal, Answer::json(status, &body))
}

fn created_or_ok(freshness: Freshness) -> StatusCode {
    match freshness {
        Freshness::Created => StatusCode::CREATED,
        Freshness::Existing => StatusCode::OK,
    }
}

fn finish(refusal: &Refusal<'_>, answer: Answer) -> Answer {
    match refusal.retry_after() {
        Some(after) => answer.with_retry_after(whole_seconds(after)),
        None => answer,
    }
}
