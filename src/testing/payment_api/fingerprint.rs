//! What makes two requests the same request.

use sha2::{Digest, Sha256};

/// The SHA-256 of a request's method, target and body.
///
/// Headers are left out: a retry may carry another trace id or date and still is the same request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of(method: &str, target: &str, body: &[u8]) -> Self {
        let mut digest = Sha256::new();
        // The zero bytes keep the parts apart; neither a method nor a target can contain one.
        for part in [method.as_bytes(), &[0], target.as_bytes(), &[0], body] {
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}
