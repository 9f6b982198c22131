//! Randomness enters here, and only here.

use rand::{RngExt, TryRng, rngs::SysRng};

use crate::operation::IdempotencyKey;

impl IdempotencyKey {
    /// Mints a `UUIDv4` (RFC 9562 §5.4, 36 characters, 122 random bits) from the operating system's randomness.
    ///
    /// The system is asked on every call: a generator in user space repeats its output after a `fork` or a restored
    /// snapshot, and a repeated key makes a server swallow a payment silently.
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness to give, which no supported platform does after boot. Operations
    /// started by the client never panic for that: they fail before anything is sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast::IdempotencyKey;
    ///
    /// assert_ne!(IdempotencyKey::random(), IdempotencyKey::random());
    /// ```
    #[must_use]
    pub fn random() -> Self {
        random_key().expect("the operating system gives randomness")
    }
}

/// Mints a key, or says that the operating system has no randomness.
pub(crate) fn random_key() -> Result<IdempotencyKey, rand::rngs::SysError> {
    let mut bytes = [0; 16];
    SysRng.try_fill_bytes(&mut bytes)?;
    Ok(IdempotencyKey::from_uuid(
        uuid::Builder::from_random_bytes(bytes).into_uuid(),
    ))
}

/// A number in [0, 1) for jitter: any generator will do, this one is local to the thread.
pub(crate) fn jitter() -> f64 {
    rand::rng().random::<f64>()
}
