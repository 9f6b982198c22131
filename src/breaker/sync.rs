//! The atomics of the tally, named here alone so that a model checker can put its own in their place.

pub(super) use std::sync::atomic::{AtomicU64, Ordering};
