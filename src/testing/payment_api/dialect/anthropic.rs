//! Anthropic's wording: no keys, 529 when overloaded, and errors inside a stream that began with 200.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{Dialect, Freshness, whole_seconds};
use crate::testing::payment_api::answer::{Answer, StreamEnd};
use crate::testing::payment_api::charge::Charge;
use crate::testing::payment_api::refusal::Refusal;

pub(crate) const DIALECT: Dialect = Dialect {
    accept,
    refuse,
    stream: Some(stream),
};

fn accept(charge: &Charge, _: Freshness) -> Answer {
    let body = json!({
        "id": charge.id,
        "type": "message",
        "role": "assistant",
        "content": [{ "type": "text", "text": "Hello" }],
        "stop_reason": "end_turn",
        "usage": { "input_tokens": 1, "output_tokens": 1 },
    });
    Answer::json(StatusCode::OK, &body)
}

fn refuse(refusal: &Refusal<'_>) -> Answer {
    let (status, kind) = match refusal {
        Refusal::Overloaded => (overloaded(), "overloaded_error"),
        Refusal::RateLimited(_) | Refusal::OutOfQuota => (refusal.status(), "rate_limit_error"),
        Refusal::Unauthorized => (refusal.status(), "authentication_error"),
        Refusal::NotFound => (refusal.status(), "not_found_error"),
        Refusal::Failed | Refusal::Indeterminate | Refusal::Shed => (refusal.status(), "api_error"),
        _ => (refusal.status(), "invalid_request_error"),
    };
    let mut body = error(kind, refusal.message());
    if matches!(refusal, Refusal::OutOfQuota) {
        body["error"]["details"] = json!({ "error_code": "enforced_spend_limit_reached" });
    }
    let answer = Answer::json(status, &body);
    match refusal {
        Refusal::RateLimited(after) => answer
            .with_retry_after(whole_seconds(*after))
            .with("x-should-retry", "true"),
        Refusal::Overloaded => answer.with("x-should-retry", "true"),
        _ => answer,
    }
}

fn stream(charge: &Charge, end: StreamEnd) -> Vec<Bytes> {
    let start = json!({ "type": "message_start", "message": { "id": charge.id, "role": "assistant" } });
    let text = json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "Hel" } });
    let mut events = vec![
        event("message_start", &start),
        event("ping", &json!({ "type": "ping" })),
        event("content_block_delta", &text),
    ];
    match end {
        StreamEnd::Complete => events.push(event("message_stop", &json!({ "type": "message_stop" }))),
        StreamEnd::Error => events.push(event(
            "error",
            &error("overloaded_error", Refusal::Overloaded.message()),
        )),
        StreamEnd::Cut => {}
    }
    events
}

fn event(name: &str, data: &Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

fn error(kind: &str, message: &str) -> Value {
    json!({ "type": "error", "error": { "type": kind, "message": message } })
}

fn overloaded() -> StatusCode {
    StatusCode::from_u16(529).expect("529 is within 100..=999")
}
