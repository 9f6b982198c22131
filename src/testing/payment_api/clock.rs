//! The clock that ages keys.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::testing::time;

/// The time that a payment API's keys age by: real, or moved by the test.
///
/// Clones share the time. It counts from the clock's creation and never goes back.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast::testing::payment_api::ServerClock;
///
/// let clock = ServerClock::manual();
/// clock.advance(Duration::from_secs(24 * 60 * 60));
/// assert_eq!(clock.elapsed(), Duration::from_secs(86_400));
/// ```
#[derive(Clone)]
pub struct ServerClock {
    source: Source,
    moved: Arc<Mutex<Duration>>,
}

#[derive(Clone, Copy)]
enum Source {
    Real(Instant),
    Manual,
}

impl ServerClock {
    /// Makes a clock that follows real time, and can be moved ahead of it.
    #[must_use]
    pub fn real() -> Self {
        Self::new(Source::Real(time::now()))
    }

    /// Makes a clock that stands still until [`advance`](Self::advance) is called.
    #[must_use]
    pub fn manual() -> Self {
        Self::new(Source::Manual)
    }

    /// Returns the time since the clock was made.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let moved = *self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        match self.source {
            Source::Real(start) => time::now().saturating_duration_since(start).saturating_add(moved),
            Source::Manual => moved,
        }
    }

    /// Moves the clock forward, for all its clones.
    pub fn advance(&self, by: Duration) {
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        *moved = moved.saturating_add(by);
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            moved: Arc::default(),
        }
    }
}

impl fmt::Debug for ServerClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerClock")
            .field("elapsed", &self.elapsed())
            .finish_non_exhaustive()
    }
}
