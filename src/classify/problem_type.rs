//! Problem types of RFC 9457, out of whatever arrived: malformed, cut, hostile.

use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::operation::Outcome;

/// True if the answer describes itself as a problem of this type.
pub(super) fn is(outcome: &Outcome<'_>, wanted: &str) -> bool {
    let described = outcome.headers().and_then(|headers| headers.get(CONTENT_TYPE));
    let media_type = described
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next());
    if !media_type.is_some_and(|text| text.trim().eq_ignore_ascii_case("application/problem+json")) {
        return false;
    }
    let body = outcome
        .body()
        .and_then(|body| serde_json::from_slice::<Value>(body).ok());
    body.and_then(|body| {
        Some(
            body.as_object()?
                .get("type")
                .map_or(UNTYPED, |kind| kind.as_str().unwrap_or(UNTYPED))
                == wanted,
        )
    })
    .unwrap_or_default()
}

/// What an absent type stands for (RFC 9457 §3.1.1), and one that is no text: such a member is ignored (§3.1).
const UNTYPED: &str = "about:blank";
