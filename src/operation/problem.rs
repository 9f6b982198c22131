use std::fmt;

/// What a provider said was wrong, where that needs an answer of its own.
///
/// Told by [`Error::is_key_reused`](crate::Error::is_key_reused) and its siblings, and kept per attempt in the receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Problem {
    /// Another request with this key is still being processed.
    KeyInUse,
    /// The key was used before, by a request that this server holds to be another one.
    KeyReused,
    /// The account has no money or quota left, which no wait within an operation heals.
    QuotaExhausted,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyInUse => "the key is in use",
            Self::KeyReused => "the key was used before",
            Self::QuotaExhausted => "the quota is exhausted",
        })
    }
}
