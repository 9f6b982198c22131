use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::classify::Condition;
use crate::error::ConfigError;
use crate::operation::{Outcome, StopReason};

/// How many attempts of one operation may end in certain ways.
#[derive(Clone, Debug, Default)]
pub(super) struct Limits(Vec<(Condition, u32)>);

impl Limits {
    /// So few that their counts have a place in every operation, without an allocation.
    pub(super) const MOST: usize = 6;

    pub(super) fn push(&mut self, which: Condition, attempts: u32) {
        self.0.push((which, attempts));
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for (_, attempts) in &self.0 {
            ConfigError::check("max_attempts_for", 1..=100, *attempts)?;
        }
        let accepted = "set at most 6 times";
        ConfigError::require(
            || self.0.len() <= Self::MOST,
            "max_attempts_for",
            accepted,
            self.0.len(),
        )
    }
}

/// For reading back what is in force.
#[cfg(feature = "serde")]
impl Limits {
    pub(super) fn list(&self) -> &[(Condition, u32)] {
        &self.0
    }
}

/// How many attempts of an operation ended in each of the limited ways.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends([u8; Limits::MOST]);

impl Ends {
    /// Counts how an attempt ended, in every way that it fits, and says whether one of these is used up.
    pub(super) fn count(&mut self, limits: &Limits, outcome: &Outcome<'_>) -> Option<StopReason> {
        let mut stop = None;
        for ((which, most), count) in limits.0.iter().zip(&mut self.0) {
            // A panic in the caller's condition must not take the operation, and its receipt, with it.
            let Ok(holds) = catch_unwind(AssertUnwindSafe(|| which.holds(outcome))) else {
                return Some(StopReason::Final);
            };
            *count = count.saturating_add(u8::from(holds));
            if holds && u32::from(*count) >= *most {
                stop = Some(StopReason::OutcomeLimit);
            }
        }
        stop
    }
}
