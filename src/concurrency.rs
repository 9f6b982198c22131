//! How many attempts may be under way at once, per origin.

mod cell;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::cell::Desk;
use crate::clock::Clock;
use crate::error::ConfigError;
use crate::operation::Scope;
use crate::origins::{DEFAULT_CAPACITY, Origins};

/// At most so many attempts at once to one origin, with a bounded queue.
///
/// Clones share the places and the queue; how long a queue they join, and for how long, is each one's own.
///
/// A server that slows down makes its callers pile up: at 100 operations a second, a second of delay is 100 more requests
/// in flight, and the server slows down further. A limit keeps what is in flight constant and lets the rest wait in
/// order, or turns it away. Off by default: the right number is the server's, and nobody else knows it.
///
/// | setting | default | why |
/// |---|---|---|
/// | attempts at once | – | there is no limit until one is given |
/// | [`queue`](ConcurrencyLimit::queue) | as many again | a longer queue only makes every answer later |
/// | [`max_wait`](ConcurrencyLimit::max_wait) | 30 s | as long as an attempt may take |
///
/// A place is taken before an attempt and given back with its response head (with the whole body when that is
/// [buffered](crate::ClientBuilder::buffer)); an operation holds none while it waits between attempts. First come, first
/// served. With a total time limit, nobody queues longer than what leaves 250 ms for the attempt. Time in the queue is
/// no part of the attempt's own limit, and shows in the receipt as [`queued`](crate::Receipt::queued).
///
/// Not covered: the requests that a redirect to another origin makes there. A
/// [`before_attempt`](crate::ClientBuilder::before_attempt) hook runs while its attempt holds a place: one that sends to
/// the same origin through the same limit needs a second, and where all places are held so, they wait for each other
/// until the attempt's limit ends it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast::{Client, ConcurrencyLimit};
///
/// let limit = ConcurrencyLimit::new(16).queue(64).max_wait(Duration::from_secs(2));
/// let client = Client::builder().concurrency_limit(limit).build()?;
/// # Ok::<(), steadfast::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct ConcurrencyLimit {
    settings: Settings,
    desks: Arc<Origins<Desk>>,
}

#[derive(Clone, Copy, Debug)]
struct Settings {
    attempts: usize,
    queue: usize,
    max_wait: Duration,
}

/// Leave to send, as far as the limit is concerned; dropped, it goes to the next in the queue.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    _permit: tokio::sync::SemaphorePermit<'a>,
}

impl ConcurrencyLimit {
    /// The longest wait in the queue unless set: as long as an attempt may take by default.
    pub const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(30);

    /// Lets so many attempts at once go to one origin, 1 to 1,000,000, and as many again wait.
    pub fn new(attempts: usize) -> Self {
        Self {
            settings: Settings {
                attempts,
                queue: attempts,
                max_wait: Self::DEFAULT_MAX_WAIT,
            },
            desks: Arc::new(Origins::new(DEFAULT_CAPACITY)),
        }
    }

    /// Sets how many attempts may wait for one origin at most, 0 to 1,000,000; the next one is turned away.
    pub fn queue(mut self, queue: usize) -> Self {
        self.settings.queue = queue;
        self
    }

    /// Sets how long an attempt may wait, 1 ms to a day.
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.settings.max_wait = max_wait;
        self
    }

    /// How many attempts to an origin are under way now.
    #[must_use]
    pub fn in_flight(&self, scope: impl Into<Scope>) -> usize {
        let desk = self.desks.peek(scope.into());
        desk.map_or(0, |desk| self.settings.attempts.saturating_sub(desk.free()))
    }

    /// How many attempts to an origin wait now.
    #[must_use]
    pub fn queued(&self, scope: impl Into<Scope>) -> usize {
        self.desks.peek(scope.into()).map_or(0, Desk::queued)
    }

    /// Takes a place if one is free.
    pub(crate) fn try_enter(&self, scope: Scope) -> Option<Place<'_>> {
        let permit = self.desk(scope).try_enter()?;
        Some(Place { _permit: permit })
    }

    /// Waits for a place, at most `limit`; `None` if the queue is full or too slow.
    pub(crate) async fn enter(&self, scope: Scope, limit: Option<Duration>) -> Option<Place<'_>> {
        let desk = self.desk(scope);
        let _waiting = desk.queue(self.settings.queue)?;
        let limit = limit.map_or(self.settings.max_wait, |limit| limit.min(self.settings.max_wait));
        let permit = Clock::limit(limit, desk.enter()).await??;
        Some(Place { _permit: permit })
    }

    fn desk(&self, scope: Scope) -> &Desk {
        self.desks.get(scope, (), || Desk::new(self.settings.attempts))
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::check("concurrency_limit", 1..=MOST, self.settings.attempts)?;
        ConfigError::check("concurrency_limit.queue", 0..=MOST, self.settings.queue)?;
        let wait = Duration::from_millis(1)..=Duration::from_secs(86_400);
        ConfigError::check("concurrency_limit.max_wait", wait, self.settings.max_wait)
    }
}

/// For reading back what is in force.
#[cfg(feature = "serde")]
impl ConcurrencyLimit {
    /// The attempts at once, the queue and the longest wait.
    pub(crate) fn bounds(&self) -> (usize, usize, Duration) {
        let Settings {
            attempts,
            queue,
            max_wait,
        } = self.settings;
        (attempts, queue, max_wait)
    }
}

impl fmt::Debug for ConcurrencyLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConcurrencyLimit").field(&self.settings).finish()
    }
}

/// Far above what a process can have in flight, far below the semaphore's own limit.
const MOST: usize = 1_000_000;
