use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};

use super::Fields;
use super::fields::append;
use crate::error::Error;
use crate::operation::{IdempotencyKey, KeyError, KeyHeader, KeySettings, KeySupport};
use crate::preset::member_of_json;
use crate::retry::ReplaySafety;
use crate::rng;

/// The key's header field, the same on every attempt; its name stands in the key's settings.
#[derive(Clone, Debug)]
pub(crate) enum KeyField {
    /// The key as it is, written anew for each attempt: a copy of it takes less than a share in a value would.
    Raw(IdempotencyKey),
    /// In the form that the settings want, or as the caller wrote it, which is not rewritten.
    Written(HeaderValue),
}

impl KeyField {
    /// A key is visible ASCII, so it always is a header value.
    fn new(header: &KeyHeader, key: &IdempotencyKey, adopted: Option<HeaderValue>) -> Option<Self> {
        match adopted {
            None if header.is_raw() => Some(Self::Raw(key.clone())),
            adopted => adopted.or_else(|| header.write(key)).map(Self::Written),
        }
    }

    /// Puts the field on a request, by the settings that it was prepared with.
    ///
    /// The request has none of its name: the caller's was taken out, the hook's was refused.
    pub(crate) fn put(&self, headers: &mut HeaderMap, settings: &KeySettings) {
        let value = match self {
            Self::Raw(key) => settings.header.write(key),
            Self::Written(value) => Some(value.clone()),
        };
        if let Some(mut value) = value {
            value.set_sensitive(true);
            append(headers, settings.header.name(), value);
        }
    }
}

/// What the key's rules ask of a request's body.
pub(crate) trait Payload {
    /// The bytes, where they are known before sending.
    fn bytes(&self) -> Option<Bytes>;

    /// True if it can be sent only once.
    fn is_one_shot(&self) -> bool;
}

/// Fixes the key, the field that carries it, and what they make safe.
///
/// The key is the one given, the one already on the request, or a random one for a method that carries a key. It is
/// written where it stays: 36 characters that are moved as soon as they are written cost more than to write them.
///
/// # Errors
///
/// If the request carries several keys, one that is not visible ASCII of 1 to 255, or another one than was given; or if that
/// was derived from nothing.
pub(crate) fn prepare(
    method: &Method,
    (headers, body): (&mut Fields, &impl Payload),
    (key, field): (&mut Option<IdempotencyKey>, &mut Option<KeyField>),
    settings: &KeySettings,
    support: KeySupport,
) -> Result<ReplaySafety, Error> {
    let mut adopted = None;
    match &settings.body_member {
        Some(member) => adopt_from_body(body, member, key)?,
        None if headers.contains(settings.header.name()) => adopted = adopt(headers, settings, key)?,
        None if key.is_none() && settings.methods.contains(method) => mint(key)?,
        None => {}
    }
    if let Some(key) = key {
        fits(key, settings.max_length)?;
        if settings.body_member.is_none() {
            *field = KeyField::new(&settings.header, key, adopted);
        }
    }
    Ok(safety(method, key.is_some(), body, settings, support))
}

/// Takes the key's field out, so that it travels with the key's rules: not to other origins, not on a GET that a redirect
/// made.
#[cold]
fn adopt(
    headers: &mut Fields,
    settings: &KeySettings,
    key: &mut Option<IdempotencyKey>,
) -> Result<Option<HeaderValue>, Error> {
    let name = settings.header.name();
    if headers.get_all(name).nth(1).is_some() {
        return Err(Error::request("the request carries more than one idempotency key"));
    }
    let Some(value) = headers.take(name) else {
        return Ok(None);
    };
    let found = settings.header.read(&value)?;
    if key.as_ref().is_some_and(|given| *given != found) {
        return Err(different());
    }
    *key = Some(found);
    Ok(Some(value))
}

/// Providers that take the key in the body get it from the caller, who alone can write there; it is read, not written.
#[cold]
fn adopt_from_body(body: &impl Payload, member: &str, key: &mut Option<IdempotencyKey>) -> Result<(), Error> {
    let found = body.bytes().and_then(|bytes| member_of_json(&bytes, member));
    let found = found.map(IdempotencyKey::new).transpose()?;
    match (&*key, &found) {
        (Some(given), Some(found)) if given != found => return Err(different()),
        (Some(_), None) => {
            return Err(Error::request(
                "this provider takes the idempotency key in the JSON body: put it there",
            ));
        }
        _ => {}
    }
    *key = found;
    Ok(())
}

fn different() -> Error {
    Error::request("the request carries another idempotency key than the one given")
}

/// A key that is too long is refused by the server, or worse, cut; one of no parts would be shared by all operations.
pub(crate) fn fits(key: &IdempotencyKey, limit: Option<usize>) -> Result<(), KeyError> {
    key.check()?;
    let length = key.as_bytes().len();
    match limit {
        Some(limit) if length > limit => Err(KeyError::OverLimit { length, limit }),
        _ => Ok(()),
    }
}

/// Makes a random key.
///
/// # Errors
///
/// If the operating system has no randomness.
pub(crate) fn mint(key: &mut Option<IdempotencyKey>) -> Result<(), Error> {
    rng::random_key(key).map_err(|error| Error::request_because("no randomness for an idempotency key", error))
}

fn safety(
    method: &Method,
    keyed: bool,
    body: &impl Payload,
    settings: &KeySettings,
    support: KeySupport,
) -> ReplaySafety {
    let mut safety = ReplaySafety::of_method(method);
    // Where keys are ignored, "without a key" would be misleading: one would not help.
    if keyed || support == KeySupport::Ignored {
        safety = safety.with_key(support);
    }
    if let Some(lifetime) = settings.lifetime {
        safety = safety.with_key_lifetime(lifetime);
    }
    if body.is_one_shot() {
        safety.with_one_shot_body()
    } else {
        safety
    }
}
