use std::time::Instant;

use super::course::Course;
use crate::concurrency::{ConcurrencyLimit, Place};
use crate::operation::StopReason;
use crate::retry::Attempts;

/// Leave to send, as far as the concurrency limit is concerned.
#[derive(Debug)]
pub(super) struct Entered<'a> {
    /// `None` for an address that has no origin.
    pub(super) place: Option<Place<'a>>,
    /// When it was given.
    pub(super) at: Instant,
}

/// Takes a place for one attempt, if need be after waiting for it.
///
/// # Errors
///
/// Why there is none, and when that was clear: the queue is full or too slow, or the deadline left no time to wait.
pub(super) async fn enter<'a>(
    limit: &'a ConcurrencyLimit,
    course: &mut Course<'_>,
    now: Instant,
) -> Result<Entered<'a>, (StopReason, Instant)> {
    let Some(origin) = course.steps.guards.origin() else {
        return Ok(Entered { place: None, at: now });
    };
    if let Some(place) = limit.try_enter(origin) {
        return Ok(Entered {
            place: Some(place),
            at: now,
        });
    }
    // What comes later than that would leave no time for the attempt.
    let patience = course.steps.attempts.time_left(now);
    let patience = patience.map(|left| left.saturating_sub(Attempts::LEAST_TIME_LEFT));
    let place = limit.enter(origin, patience).await;
    let at = course.plan.setup.clock.now();
    let queued = at.saturating_duration_since(now);
    course.receipt.queued_for(queued);
    match place {
        Some(place) => Ok(Entered { place: Some(place), at }),
        None if patience.is_some_and(|patience| queued >= patience) => Err((StopReason::Deadline, at)),
        None => Err((StopReason::ConcurrencyLimited, at)),
    }
}
