use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::series::OriginSeries;

/// The series of each origin, up to a number; those that come later share one.
///
/// A hash table with open addressing, at most half full, whose slots are written once. So finding an origin takes no
/// lock, and a miss ends at the first free slot; newcomers take their slot under the lock.
#[derive(Debug)]
pub(super) struct ByOrigin {
    slots: Box<[OnceLock<Box<OriginSeries>>]>,
    most: usize,
    taken: AtomicUsize,
    newcomers: Mutex<()>,
    other: OriginSeries,
    hasher: RandomState,
}

impl ByOrigin {
    pub(super) fn new(most: usize) -> Self {
        Self {
            slots: (0..(2 * most).next_power_of_two()).map(|_| OnceLock::new()).collect(),
            most,
            taken: AtomicUsize::new(0),
            newcomers: Mutex::new(()),
            other: OriginSeries::other(),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn find(&self, origin: &str) -> &OriginSeries {
        match self.locate(origin) {
            Some(series) => series,
            None => self.admit(origin),
        }
    }

    fn locate(&self, origin: &str) -> Option<&OriginSeries> {
        self.probe(origin)
            .map_while(|slot| slot.get())
            .find(|series| series.is_of(origin))
            .map(|series| &**series)
    }

    #[cold]
    fn admit(&self, origin: &str) -> &OriginSeries {
        // The count is raised after the last slot is written: who sees that all are taken sees them all, without a lock.
        if self.taken.load(Ordering::Acquire) == self.most {
            return self.locate(origin).unwrap_or(&self.other);
        }
        let _newcomer = self.newcomers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = self.locate(origin) {
            return series;
        }
        let taken = self.taken.load(Ordering::Relaxed);
        let free = self.probe(origin).find(|slot| slot.get().is_none());
        let Some(slot) = free.filter(|_| taken < self.most) else {
            return &self.other;
        };
        let series = slot.get_or_init(|| Box::new(OriginSeries::of(origin)));
        self.taken.store(taken + 1, Ordering::Release);
        series
    }

    #[expect(clippy::cast_possible_truncation, reason = "masked to the number of slots")]
    fn probe(&self, origin: &str) -> impl Iterator<Item = &OnceLock<Box<OriginSeries>>> {
        let home = self.hasher.hash_one(origin) as usize;
        let mask = self.slots.len() - 1;
        (0..=mask).map(move |step| &self.slots[(home.wrapping_add(step)) & mask])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn threads_that_come_at_once_agree_on_who_has_a_place() {
        let origins = ByOrigin::new(32);
        let address = |number: usize| std::ptr::from_ref(origins.find(&format!("https://{number}.example"))).addr();
        let seen: Vec<Vec<usize>> = std::thread::scope(|threads| {
            let threads: Vec<_> = (0..4)
                .map(|thread| threads.spawn(move || (0..200).map(|n| address((n + 50 * thread) % 200)).collect()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let last: Vec<usize> = (0..200).map(address).collect();
        assert_eq!(last.iter().collect::<HashSet<_>>().len(), 33);
        for (thread, seen) in seen.into_iter().enumerate() {
            assert!((0..200).all(|n| seen[n] == last[(n + 50 * thread) % 200]));
        }
    }

    #[test]
    fn without_places_all_share_one() {
        let origins = ByOrigin::new(0);
        assert!(std::ptr::eq(
            origins.find("https://a.example"),
            &raw const origins.other
        ));
    }
}
