use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::{IdempotencyKey, KeyError};

/// How a key goes on the wire: the header's name and the value's form.
///
/// The default is the raw token under `Idempotency-Key`, which every vendor found uses.
///
/// # Examples
///
/// ```
/// use http::HeaderName;
/// use steadfast::{KeyFormat, KeyHeader};
///
/// let paypal = KeyHeader::new(HeaderName::from_static("paypal-request-id"));
/// let draft = KeyHeader::default().format(KeyFormat::Quoted);
/// assert_ne!(paypal, draft);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHeader {
    name: HeaderName,
    pub(crate) format: KeyFormat,
}

/// The form of a key in its header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyFormat {
    /// The key as it is.
    #[default]
    Raw,
    /// A quoted string, as draft-ietf-httpapi-idempotency-key-header-07 §2.1 has it (RFC 8941 §3.3.3).
    Quoted,
}

/// Whether a server honours the key it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeySupport {
    /// A second request with the same key has no second effect.
    #[default]
    Honored,
    /// The server does not look at keys.
    Ignored,
}

impl KeyHeader {
    /// A raw key under this name.
    #[must_use]
    pub fn new(name: HeaderName) -> Self {
        Self {
            name,
            format: KeyFormat::Raw,
        }
    }

    /// Sets the value's form.
    #[must_use]
    pub fn format(mut self, format: KeyFormat) -> Self {
        self.format = format;
        self
    }

    pub(crate) fn name_as(mut self, name: HeaderName) -> Self {
        self.name = name;
        self
    }

    /// The header's name.
    #[must_use]
    pub fn name(&self) -> &HeaderName {
        &self.name
    }

    /// Writes a key as the header's value.
    pub(crate) fn write(&self, key: &IdempotencyKey) -> Option<HeaderValue> {
        match self.format {
            KeyFormat::Raw => HeaderValue::from_maybe_shared(Bytes::from_owner(Token(key.clone()))).ok(),
            KeyFormat::Quoted => {
                let escaped = key.as_str().replace('\\', "\\\\").replace('"', "\\\"");
                HeaderValue::from_str(&format!("\"{escaped}\"")).ok()
            }
        }
    }

    /// Whether a key is written as it is.
    pub(crate) fn is_raw(&self) -> bool {
        self.format == KeyFormat::Raw
    }

    /// Reads a key that the caller put on the request.
    pub(crate) fn read(&self, value: &HeaderValue) -> Result<IdempotencyKey, KeyError> {
        let text = String::from_utf8_lossy(value.as_bytes());
        match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(quoted) if self.format == KeyFormat::Quoted => {
                IdempotencyKey::new(quoted.replace("\\\"", "\"").replace("\\\\", "\\"))
            }
            _ => IdempotencyKey::new(text),
        }
    }
}

impl Default for KeyHeader {
    fn default() -> Self {
        Self::new(HeaderName::from_static("idempotency-key"))
    }
}

/// Owns a key's bytes for a header value: cloned several times per attempt, which then takes no second allocation.
struct Token(IdempotencyKey);

impl AsRef<[u8]> for Token {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_key_is_a_structured_field_string_and_reads_back() {
        let header = KeyHeader::default().format(KeyFormat::Quoted);
        for (key, wire) in [("abc", r#""abc""#), (r#"a"b\c"#, r#""a\"b\\c""#)] {
            let key = IdempotencyKey::new(key).unwrap();
            let value = header.write(&key).unwrap();
            assert_eq!(value.as_bytes(), wire.as_bytes());
            assert_eq!(header.read(&value).unwrap(), key);
        }
    }

    #[test]
    fn a_raw_key_is_taken_and_written_as_it_is() {
        let header = KeyHeader::default();
        let key = header.read(&HeaderValue::from_static("\"abc\"")).unwrap();
        assert_eq!(key.as_str(), "\"abc\"");
        assert_eq!(header.write(&key).unwrap().as_bytes(), b"\"abc\"");
    }
}
