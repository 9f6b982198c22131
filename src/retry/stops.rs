use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::Progress;
use crate::error::ConfigError;
use crate::operation::StopReason;

/// What ends an operation between two attempts, beside the number of attempts and the deadline.
#[derive(Clone, Default)]
pub(super) struct Stops {
    pub(super) max_elapsed: Option<Duration>,
    pub(super) conditions: Vec<Arc<StopTest>>,
}

type StopTest = dyn Fn(&Progress<'_>) -> bool + Send + Sync;

impl Stops {
    /// Why the retry that would begin at the end of the wait is not made.
    pub(super) fn reason(&self, progress: &Progress<'_>) -> Option<StopReason> {
        if self.is_late(progress.elapsed().saturating_add(progress.wait())) {
            return Some(StopReason::TimeExhausted);
        }
        self.conditions.iter().find_map(|condition| {
            // A panic in the caller's closure must not take the operation, and its receipt, with it.
            match catch_unwind(AssertUnwindSafe(|| condition(progress))) {
                Ok(false) => None,
                Ok(true) => Some(StopReason::StopCondition),
                Err(_panic) => Some(StopReason::Final),
            }
        })
    }

    /// True if it is too late to begin a retry, that long after the operation began.
    pub(super) fn is_late(&self, elapsed: Duration) -> bool {
        self.max_elapsed.is_some_and(|most| elapsed > most)
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let accepted = Duration::from_millis(1)..=Duration::from_secs(30 * 86_400);
        self.max_elapsed
            .map_or(Ok(()), |most| ConfigError::check("max_elapsed", accepted, most))
    }
}

impl fmt::Debug for Stops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stops")
            .field("max_elapsed", &self.max_elapsed)
            .field("conditions", &self.conditions.len())
            .finish()
    }
}
