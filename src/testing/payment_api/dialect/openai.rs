//! `OpenAI`'s wording: no keys, hints in milliseconds, and a 429 that waiting does not heal.

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
        "object": "chat.completion",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "Hello" }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
    });
    Answer::json(StatusCode::OK, &body)
}

fn refuse(refusal: &Refusal<'_>) -> Answer {
    let (kind, code) = match refusal {
        Refusal::OutOfQuota => ("insufficient_quota", "insufficient_quota"),
        Refusal::RateLimited(_) => ("requests", "rate_limit_exceeded"),
        Refusal::Overloaded | Refusal::Shed => ("server_error", "server_is_overloaded"),
        Refusal::Failed | Refusal::Indeterminate => ("server_error", "server_error"),
        _ => ("invalid_request_error", refusal.code()),
    };
    let answer = Answer::json(refusal.status(), &error(kind, code, refusal.message()));
    match refusal {
        Refusal::RateLimited(after) => answer
            .with("retry-after-ms", &after.as_millis().to_string())
            .with_retry_after(whole_seconds(*after))
            .with("x-should-retry", "true"),
        _ => answer,
    }
}

fn stream(charge: &Charge, end: StreamEnd) -> Vec<Bytes> {
    let chunk = |text: &str| {
        let delta = json!({
            "id": charge.id,
            "object": "chat.completion.chunk",
            "choices": [{ "index": 0, "delta": { "content": text } }],
        });
        Bytes::from(format!("data: {delta}\n\n"))
    };
    let mut events = vec![chunk("Hel"), chunk("lo")];
    match end {
        StreamEnd::Complete => events.push(Bytes::from_static(b"data: [DONE]\n\n")),
        StreamEnd::Error => {
            let failure = error("server_error", "server_error", Refusal::Failed.message());
            events.push(Bytes::from(format!("data: {failure}\n\n")));
        }
        StreamEnd::Cut => {}
    }
    events
}

fn error(kind: &str, code: &str, message: &str) -> Value {
    json!({ "error": { "type": kind, "code": code, "message": message, "param": null } })
}
