//! One request, read to its end.

use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method};
use serde_json::Value;
use url::form_urlencoded;

use super::fingerprint::Fingerprint;
use super::profile::Profile;
use super::rules::{Carrier, Quotes};

#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) credential: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) key: PresentedKey,
    pub(super) fingerprint: Fingerprint,
    pub(super) amount: Amount,
    pub(super) wants_stream: bool,
    pub(super) at: Duration,
}

/// The key as the request presented it.
#[derive(Debug)]
pub(super) enum PresentedKey {
    Absent,
    Malformed,
    Present(String),
}

/// What the body says about money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    Absent,
    Valid(u64),
    Invalid,
}

impl Arrival {
    pub(super) fn read(head: &Parts, body: &Bytes, profile: &Profile, operation_header: &str, at: Duration) -> Self {
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let json = serde_json::from_slice::<Value>(body).ok();
        Self {
            method: head.method.clone(),
            path: head.uri.path().to_owned(),
            credential: credential(&head.headers),
            operation: text(&head.headers, operation_header),
            key: key(&head.headers, json.as_ref(), profile),
            fingerprint: Fingerprint::of(head.method.as_str(), target, body),
            amount: amount(json.as_ref(), body),
            wants_stream: json.is_some_and(|json| json["stream"] == true),
            at,
        }
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.method.is_safe()
    }

    pub(super) fn key(&self) -> Option<&str> {
        match &self.key {
            PresentedKey::Present(key) => Some(key),
            PresentedKey::Absent | PresentedKey::Malformed => None,
        }
    }
}

fn credential(headers: &HeaderMap) -> Option<String> {
    text(headers, AUTHORIZATION.as_str()).or_else(|| text(headers, "x-api-key"))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn key(headers: &HeaderMap, json: Option<&Value>, profile: &Profile) -> PresentedKey {
    let raw = match profile.carrier {
        Carrier::Header(name) => text(headers, name),
        Carrier::Body(member) => json.and_then(|json| json[member].as_str()).map(str::to_owned),
        // Not looked at by the server, but counted for the test.
        Carrier::Nowhere => text(headers, "idempotency-key"),
    };
    let Some(raw) = raw else { return PresentedKey::Absent };
    let key = match profile.quotes {
        Quotes::Literal => raw,
        Quotes::Optional => unquoted(&raw),
    };
    let is_valid =
        (1..=profile.max_key_length).contains(&key.len()) && key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if is_valid {
        PresentedKey::Present(key)
    } else {
        PresentedKey::Malformed
    }
}

/// Takes the quotes and escapes off a quoted string (RFC 8941 §4.2.5); leaves anything else as it is.
fn unquoted(raw: &str) -> String {
    let Some(inner) = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return raw.to_owned();
    };
    let mut key = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        key.extend(if character == '\\' {
            characters.next()
        } else {
            Some(character)
        });
    }
    key
}

/// Finds `amount` in a JSON body, bare or as `{"value": …}`, or in a form.
fn amount(json: Option<&Value>, body: &Bytes) -> Amount {
    let text = if let Some(json) = json {
        match &json["amount"] {
            Value::Null => None,
            Value::Object(money) => Some(money.get("value").map(plain).unwrap_or_default()),
            bare => Some(plain(bare)),
        }
    } else {
        form_urlencoded::parse(body)
            .find(|(name, _)| name == "amount")
            .map(|(_, value)| value.into_owned())
    };
    let Some(text) = text else { return Amount::Absent };
    match text.parse() {
        Ok(amount) if amount > 0 => Amount::Valid(amount),
        _ => Amount::Invalid,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
