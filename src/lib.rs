//! An operation happens once; attempts are how.

#[cfg(feature = "testing")]
pub mod testing;
