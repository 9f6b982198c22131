//! What the payment API does by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use steadfast::testing::payment_api::Turn;

use super::world::HINT;

/// Whether the server has moods.
#[derive(Clone, Default)]
pub(super) struct Calm(Arc<AtomicBool>);

impl Calm {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// What becomes of an arrival: some of everything, or a charge when it is calm.
    pub(super) fn turn(&self, arrival: u64) -> Turn {
        if self.0.load(Ordering::Relaxed) {
            Turn::charge()
        } else {
            turn(arrival)
        }
    }
}

fn turn(arrival: u64) -> Turn {
    let hint = HINT.as_secs().to_string();
    match arrival % 200 {
        1 | 50 => Turn::shed().header("retry-after", &hint),
        2 => Turn::rate_limited(HINT),
        3 => Turn::decline(),
        4 => Turn::reject(),
        5 => Turn::fail(),
        6 => Turn::fail_after_effect(),
        7 => Turn::crash(),
        8 => Turn::crash_after_effect(),
        9 => Turn::overloaded().header("retry-after", &hint),
        number if number % 20 == 0 => Turn::charge().takes(Duration::from_millis(2)),
        _ => Turn::charge(),
    }
}
