use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::origins::{Cell, Spares};

/// One origin's places and its queue.
#[derive(Debug)]
pub(super) struct Desk {
    places: Semaphore,
    attempts: usize,
    waiting: AtomicUsize,
}

/// A place in the queue, given back when dropped.
#[derive(Debug)]
pub(super) struct Waiting<'a>(&'a AtomicUsize);

impl Desk {
    pub(super) fn new(attempts: usize) -> Self {
        Self {
            places: Semaphore::new(attempts),
            attempts,
            waiting: AtomicUsize::new(0),
        }
    }

    /// Takes a place if one is free and nobody waits for it: the semaphore serves its queue first.
    pub(super) fn try_enter(&self) -> Option<SemaphorePermit<'_>> {
        self.places.try_acquire().ok()
    }

    /// Joins the queue; `None` if it is as long as it may be.
    pub(super) fn queue(&self, most: usize) -> Option<Waiting<'_>> {
        self.waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                (waiting < most).then_some(waiting + 1)
            })
            .ok()?;
        Some(Waiting(&self.waiting))
    }

    /// Waits for a place; `None` never, since the semaphore is not closed.
    pub(super) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        self.places.acquire().await.ok()
    }

    pub(super) fn free(&self) -> usize {
        self.places.available_permits()
    }

    pub(super) fn queued(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Cell for Desk {
    type Now = ();

    /// Only an idle one can go: places that are out must come back to where they were taken.
    fn evict(&self, _spares: Spares, (): ()) -> bool {
        self.queued() == 0 && self.free() == self.attempts
    }
}
