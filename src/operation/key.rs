use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The idempotency key of one operation: the same on every attempt, never minted twice.
///
/// A key is 1 to 255 visible ASCII characters (0x21–0x7E). Three ways to get one:
///
/// - [`IdempotencyKey::random`]: a bare `UUIDv4` from the operating system's randomness; what the client does unasked.
/// - [`IdempotencyKey::derive`]: from what identifies the operation in *your* data; survives a crash without storage.
/// - [`IdempotencyKey::new`]: a text of your own.
///
/// `Debug` shows a short [fingerprint](Self::fingerprint) instead of the key, so that a log line does not hand out the
/// right to replay an operation; [`as_str`](Self::as_str) and `serde` give it whole. There is no `Display`, on purpose.
///
/// # Examples
///
/// ```
/// use steadfast::IdempotencyKey;
///
/// let order_id = "order-42";
/// let key = IdempotencyKey::derive(["charge", order_id]);
/// assert_eq!(key, IdempotencyKey::derive(["charge", "order-42"]));
/// assert_eq!(key.as_str().len(), 36);
/// assert!(!format!("{key:?}").contains(key.as_str()));
/// ```
#[derive(Clone)]
pub struct IdempotencyKey(Text);

/// UUIDs, which most keys are, live inline: cloning one into headers, receipts and errors allocates nothing.
#[derive(Clone)]
enum Text {
    Uuid([u8; UUID_LEN]),
    Other(Arc<str>),
    /// Derived from nothing: every operation would have it, and the server would take the second for the first.
    Nothing,
}

impl IdempotencyKey {
    /// Takes a text of the caller's own.
    ///
    /// # Errors
    ///
    /// If the text is empty, longer than 255 characters, or holds anything but visible ASCII (0x21–0x7E): a space, a
    /// control character or a non-ASCII letter. The error names the first offender's position, never the text.
    pub fn new(text: impl AsRef<str>) -> Result<Self, KeyError> {
        let text = text.as_ref();
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        if let Some(position) = text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            return Err(KeyError::NotVisibleAscii { position });
        }
        if text.len() > MAX_LEN {
            return Err(KeyError::TooLong { length: text.len() });
        }
        Ok(Self(match <[u8; UUID_LEN]>::try_from(text.as_bytes()) {
            Ok(bytes) => Text::Uuid(bytes),
            Err(_) => Text::Other(text.into()),
        }))
    }

    /// Derives a key from the parts that identify the operation.
    ///
    /// The same parts in the same order give the same key in every process and every version of this crate. Each part is
    /// length-prefixed and the whole is domain-separated, so `["a", "bc"]` and `["ab", "c"]` differ. The key is a
    /// name-based `UUIDv8` over SHA-256 (RFC 9562 §5.8 and appendix B.2): 36 characters, 122 bits.
    ///
    /// The key is as secret and as unique as its parts: put in what makes *this* operation different from the next one
    /// that is meant to happen too (an order id, an attempt the *customer* made), and nothing that changes between
    /// retries (a timestamp, a fresh token).
    ///
    /// Parts that say nothing, because there are none or all are empty, would give every operation the same key, and the
    /// server would swallow all but the first. Such a key is no key: a request that is given it fails before it is sent,
    /// with [`KeyError::NoParts`]. An empty part beside others counts as it is, so check an id that may be missing.
    ///
    /// # Examples
    ///
    /// These values are pinned:
    ///
    /// ```
    /// use steadfast::IdempotencyKey;
    ///
    /// assert_eq!(IdempotencyKey::derive(["charge", "order-42"]).as_str(), "04344926-5e9a-828b-a7e9-f9f8ae100781");
    /// assert_eq!(IdempotencyKey::derive(["a", "bc"]).as_str(), "db615156-4d43-87b1-a11c-60f597cf053c");
    /// assert_eq!(IdempotencyKey::derive(["ab", "c"]).as_str(), "7ecf4fb9-0773-8e61-80e6-00f0728f2415");
    /// ```
    #[must_use]
    pub fn derive<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Self {
        let mut hash = Sha256::new();
        hash.update(DERIVE_DOMAIN);
        let mut says_nothing = true;
        for part in parts {
            let part = part.as_ref();
            says_nothing &= part.is_empty();
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        if says_nothing {
            return Self(Text::Nothing);
        }
        let digest = hash.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The key itself, as it goes on the wire before any quoting; empty if it was [derived](Self::derive) from nothing.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Uuid(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
            Text::Other(text) => text,
            Text::Nothing => "",
        }
    }

    /// Fails if it was derived from nothing: then it may go nowhere.
    #[inline]
    pub(crate) fn check(&self) -> Result<(), KeyError> {
        match self.0 {
            Text::Nothing => Err(KeyError::NoParts),
            Text::Uuid(_) | Text::Other(_) => Ok(()),
        }
    }

    /// The same as bytes, which are known to be text.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Text::Uuid(bytes) => bytes,
            Text::Other(text) => text.as_bytes(),
            Text::Nothing => b"",
        }
    }

    /// A short hash by which log lines about one operation can be told from others.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let digest = Sha256::digest(self.as_str());
        Fingerprint([digest[0], digest[1], digest[2], digest[3]])
    }

    pub(crate) fn from_uuid(uuid: Uuid) -> Self {
        let mut bytes = [0; UUID_LEN];
        uuid.hyphenated().encode_lower(&mut bytes);
        Self(Text::Uuid(bytes))
    }

    /// Writes a key where it stays.
    pub(crate) fn write_uuid(key: &mut Option<Self>, uuid: Uuid) {
        let Self(text) = key.insert(Self(Text::Uuid([0; UUID_LEN])));
        if let Text::Uuid(bytes) = text {
            uuid.hyphenated().encode_lower(bytes);
        }
    }
}

impl PartialEq for IdempotencyKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for IdempotencyKey {}

impl Hash for IdempotencyKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdempotencyKey(#{})", self.fingerprint())
    }
}

impl FromStr for IdempotencyKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::new(text)
    }
}

impl TryFrom<&str> for IdempotencyKey {
    type Error = KeyError;

    fn try_from(text: &str) -> Result<Self, KeyError> {
        Self::new(text)
    }
}

impl TryFrom<&String> for IdempotencyKey {
    type Error = KeyError;

    fn try_from(text: &String) -> Result<Self, KeyError> {
        Self::new(text)
    }
}

impl From<&Self> for IdempotencyKey {
    fn from(key: &Self) -> Self {
        key.clone()
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        Self::new(text)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for IdempotencyKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for IdempotencyKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::new(text).map_err(serde::de::Error::custom)
    }
}

/// A short hash of a key: eight hexadecimal digits, stable over processes and versions.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 4]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// Why a text cannot be an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is nothing in it.
    #[error("an idempotency key must have 1 to {MAX_LEN} characters, this one is empty")]
    Empty,
    /// It was derived from parts that say nothing: none, or empty ones.
    #[error("an idempotency key must be derived from at least one part that is not empty")]
    NoParts,
    /// It is longer than 255 characters.
    #[error("an idempotency key must have 1 to {MAX_LEN} characters, this one has {length}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// It is longer than this server takes.
    #[error("this server takes idempotency keys of at most {limit} characters, this one has {length}")]
    OverLimit {
        /// Its length in bytes.
        length: usize,
        /// The server's limit.
        limit: usize,
    },
    /// It holds something else than visible ASCII.
    #[error("an idempotency key must be visible ASCII (0x21 to 0x7e), the byte at {position} is not")]
    NotVisibleAscii {
        /// The first offending byte, counted from 0.
        position: usize,
    },
}

/// Stripe's limit and the largest that any vendor found accepts; a longer key is an error there.
const MAX_LEN: usize = 255;

const UUID_LEN: usize = uuid::fmt::Hyphenated::LENGTH;

/// Keeps derived keys apart from any other use of SHA-256 over the same parts; the version is part of the promise.
const DERIVE_DOMAIN: &[u8] = b"steadfast idempotency key v1\0";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_callers_key_is_visible_ascii_of_1_to_255() {
        assert_eq!(IdempotencyKey::new("").unwrap_err(), KeyError::Empty);
        assert!(IdempotencyKey::new("k").is_ok());
        assert!(IdempotencyKey::new("k".repeat(255)).is_ok());
        assert_eq!(
            IdempotencyKey::new("k".repeat(256)).unwrap_err(),
            KeyError::TooLong { length: 256 }
        );
        for (position, text) in [
            (1, "a b"),
            (0, "\tk"),
            (2, "ab\n"),
            (1, "aé"),
            (3, "key\u{7f}"),
            (0, "\0"),
        ] {
            assert_eq!(
                IdempotencyKey::new(text).unwrap_err(),
                KeyError::NotVisibleAscii { position },
                "{text:?}"
            );
        }
    }

    #[test]
    fn parts_are_length_prefixed() {
        assert_ne!(IdempotencyKey::derive(["a", "bc"]), IdempotencyKey::derive(["ab", "c"]));
        assert_ne!(IdempotencyKey::derive(["a", ""]), IdempotencyKey::derive(["a"]));
        assert_ne!(IdempotencyKey::derive(["", "a"]), IdempotencyKey::derive(["a", ""]));
    }

    #[test]
    fn parts_that_say_nothing_make_no_key() {
        for parts in [&[][..], &[""], &["", "", ""]] {
            let key = IdempotencyKey::derive(parts);
            assert_eq!((key.check(), key.as_str()), (Err(KeyError::NoParts), ""), "{parts:?}");
        }
        for parts in [&["charge", ""][..], &["", "order-42"], &[" "], &["0"]] {
            assert_eq!(IdempotencyKey::derive(parts).check(), Ok(()), "{parts:?}");
        }
    }

    #[test]
    fn debug_shows_the_fingerprint_alone() {
        for text in ["sk_live_51", "1b4e28ba-2fa1-11d2-883f-0016d3cca427"] {
            let key = IdempotencyKey::new(text).unwrap();
            assert_eq!(format!("{key:?}"), format!("IdempotencyKey(#{})", key.fingerprint()));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_key_or_a_typed_error(text in ".{0,300}") {
            match IdempotencyKey::new(&text) {
                Ok(key) => prop_assert_eq!(key.as_str(), text),
                Err(error) => prop_assert!(error.to_string().starts_with("an idempotency key must")),
            }
        }

        #[test]
        fn different_parts_give_different_keys(a: Vec<Vec<u8>>, b: Vec<Vec<u8>>) {
            let say_nothing = a.concat().is_empty() && b.concat().is_empty();
            prop_assert_eq!(a == b || say_nothing, IdempotencyKey::derive(&a) == IdempotencyKey::derive(&b));
        }
    }
}
