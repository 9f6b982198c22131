use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};

use super::Fields;
use super::fields::append;
use crate::error::Error;
use crate::operation::{IdempotencyKey, KeyError, KeyHeader, KeySettings, KeySupport};
use crate::preset::member_of_json;
use crate::retry::ReplaySafety;
use crate::rng;

/// The value of the key's header field, the same on every attempt; its name stands in the key's settings.
#[derive(Clone, Debug)]
pub(crate) struct KeyField(HeaderValue);

impl KeyField {
    /// Writes the field; what the caller wrote is not rewritten. A key is visible ASCII, so it always is a header value.
    fn new(header: &KeyHeader, key: &IdempotencyKey, adopted: Option<HeaderValue>) -> Option<Self> {
        let mut value = adopted.or_else(|| header.write(key))?;
        value.set_sensitive(true);
        Some(Self(value))
    }

    /// Puts the field on a request, by the settings that it was prepared with.
    ///
    /// The request has none of its name: the caller's was taken out, the hook's was refused.
    pub(crate) fn put(&self, headers: &mut HeaderMap, settings: &KeySettings) {
        append(headers, settings.header.name(), &self.0);
    }
}

/// What the key's rules ask of a request's body.
pub(crate) trait Payload {
    /// The bytes, where they are known before sending.
    fn bytes(&self) -> Option<Bytes>;

    /// True if it can be sent only once.
    fn is_one_shot(&self) -> bool;
}

/// What is fixed before the first attempt: the key, and what it makes safe.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) field: Option<KeyField>,
    pub(crate) safety: ReplaySafety,
}

/// Fixes the key: the one given, the one already on the request, or a random one for a method that carries a key.
///
/// # Errors
///
/// If the request carries several keys, one that is not visible ASCII of 1 to 255, or another one than was given; or if that
/// was derived from nothing.
pub(crate) fn prepare(
    method: &Method,
    (headers, body): (&mut Fields, &impl Payload),
    given: Option<IdempotencyKey>,
    settings: &KeySettings,
    support: KeySupport,
) -> Result<Prepared, Error> {
    let found = match &settings.body_member {
        Some(member) => adopt_from_body(body, member)?,
        None => adopt(headers, settings)?,
    };
    // Taken out, so that it travels with the key's rules: not to other origins, not on a GET that a redirect made.
    let in_header = settings.body_member.is_none();
    let adopted = found
        .as_ref()
        .filter(|_| in_header)
        .and_then(|_| headers.take(settings.header.name()));
    let key = match (given, found) {
        (Some(given), Some(found)) if given != found => {
            return Err(Error::request(
                "the request carries another idempotency key than the one given",
            ));
        }
        (Some(_), None) if settings.body_member.is_some() => {
            return Err(Error::request(
                "this provider takes the idempotency key in the JSON body: put it there",
            ));
        }
        (Some(key), _) | (None, Some(key)) => Some(key),
        (None, None) if settings.body_member.is_some() => None,
        (None, None) if settings.methods.contains(method) => Some(mint()?),
        (None, None) => None,
    };
    if let Some(key) = &key {
        fits(key, settings.max_length)?;
    }
    let field = key
        .as_ref()
        .filter(|_| in_header)
        .and_then(|key| KeyField::new(&settings.header, key, adopted));
    let safety = safety(method, key.is_some(), body, settings, support);
    Ok(Prepared { key, field, safety })
}

fn adopt(headers: &Fields, settings: &KeySettings) -> Result<Option<IdempotencyKey>, Error> {
    let mut values = headers.get_all(settings.header.name());
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::request("the request carries more than one idempotency key"));
    }
    Ok(Some(settings.header.read(value)?))
}

/// Providers that take the key in the body get it from the caller, who alone can write there; it is read, not written.
fn adopt_from_body(body: &impl Payload, member: &str) -> Result<Option<IdempotencyKey>, Error> {
    let key = body.bytes().and_then(|bytes| member_of_json(&bytes, member));
    Ok(key.map(IdempotencyKey::new).transpose()?)
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
pub(crate) fn mint() -> Result<IdempotencyKey, Error> {
    rng::random_key().map_err(|error| Error::request_because("no randomness for an idempotency key", error))
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
