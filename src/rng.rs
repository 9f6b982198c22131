//! Randomness enters here, and only here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::{SysError, SysRng};
use rand::{RngExt, TryRng};

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
        let bytes = random_bytes().expect("the operating system gives randomness");
        Self::from_uuid(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

/// Mints a key where it stays, or says that the operating system has no randomness.
pub(crate) fn random_key(key: &mut Option<IdempotencyKey>) -> Result<(), SysError> {
    let bytes = random_bytes()?;
    IdempotencyKey::write_uuid(key, uuid::Builder::from_random_bytes(bytes).into_uuid());
    Ok(())
}

fn random_bytes() -> Result<[u8; 16], SysError> {
    let mut bytes = [0; 16];
    SysRng.try_fill_bytes(&mut bytes)?;
    Ok(bytes)
}

/// Where jitter comes from: a generator local to the thread, or a seed, for tests that need the same waits on each run.
///
/// Cloning shares. Keys never come from here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dice(Option<Arc<AtomicU64>>);

impl Dice {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(AtomicU64::new(seed))))
    }

    /// A number in [0, 1): any generator will do.
    pub(crate) fn roll(&self) -> f64 {
        match &self.0 {
            None => rand::rng().random::<f64>(),
            Some(state) => unit(split_mix(state.fetch_add(GOLDEN_GAMMA, Ordering::Relaxed))),
        }
    }
}

/// The output function of `SplitMix64` (Steele, Lea, Flood 2014): fixed here, so that a seed means the same in any version.
fn split_mix(state: u64) -> u64 {
    let mut mixed = state.wrapping_add(GOLDEN_GAMMA);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[expect(clippy::cast_precision_loss, reason = "53 bits are kept, which is what a f64 holds")]
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// The step of `SplitMix64`'s counter.
const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_sequence() {
        // The first output of SplitMix64 for seed 0.
        assert_eq!(split_mix(0), 0xE220_A839_7B1D_CDAF);
        let (one, other) = (Dice::seeded(7), Dice::seeded(7));
        for _ in 0..1_000 {
            let roll = one.roll();
            assert!((0.0..1.0).contains(&roll) && roll.to_bits() == other.roll().to_bits());
        }
    }
}
