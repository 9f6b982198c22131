/// How attempts ended in the latest stretch of time.
///
/// Ten buckets, each a tenth of the window wide: the oldest is dropped whole, so what is counted reaches back nine to
/// ten tenths of the window. Recording and sliding take constant time, and nothing is allocated.
///
/// Time is in nanoseconds from any fixed start; it never runs backwards here, an earlier time counts as the latest.
#[derive(Clone, Debug)]
pub(super) struct Window {
    buckets: [Counts; BUCKETS],
    totals: Counts,
    /// The number of the bucket that is being filled, counted from the start of time.
    newest: u64,
    width: u64,
}

impl Window {
    /// Makes an empty window; `span` is in nanoseconds.
    pub(super) fn new(span: u64) -> Self {
        let width = (span / BUCKETS as u64).max(1);
        Self {
            buckets: Default::default(),
            totals: Counts::default(),
            newest: 0,
            width,
        }
    }

    /// How much time a bucket covers.
    pub(super) fn width(&self) -> u64 {
        self.width
    }

    /// When the bucket began that is being filled.
    pub(super) fn from(&self) -> u64 {
        self.newest.saturating_mul(self.width)
    }

    pub(super) fn totals(&self) -> Counts {
        self.totals
    }

    /// What is counted as seen from a later time.
    pub(super) fn totals_at(&self, at: u64) -> Counts {
        let mut later = self.clone();
        later.slide(at);
        later.totals
    }

    /// Drops what is too old.
    pub(super) fn slide(&mut self, at: u64) {
        let now = at / self.width;
        if now <= self.newest {
            return;
        }
        for number in (self.newest + 1..=now).take(BUCKETS) {
            let dropped = std::mem::take(self.bucket(number));
            self.totals.subtract(dropped);
        }
        self.newest = now;
    }

    /// Adds to the bucket that is being filled.
    pub(super) fn add(&mut self, counts: Counts) {
        let newest = self.newest;
        self.bucket(newest).add(counts);
        self.totals.add(counts);
    }

    /// Forgets everything, but not what time it is.
    pub(super) fn clear(&mut self) {
        self.buckets = Default::default();
        self.totals = Counts::default();
    }

    #[expect(clippy::cast_possible_truncation, reason = "less than the number of buckets")]
    fn bucket(&mut self, number: u64) -> &mut Counts {
        &mut self.buckets[(number % BUCKETS as u64) as usize]
    }
}

/// How many attempts ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) successes: u64,
    pub(super) failures: u64,
    /// How many of both took too long.
    pub(super) slow: u64,
}

impl Counts {
    pub(super) fn attempts(self) -> u64 {
        self.successes + self.failures
    }

    /// The share of failures, 0 to 1; 0 when there was no attempt.
    pub(super) fn failure_rate(self) -> f64 {
        share(self.failures, self.attempts())
    }

    /// The share of slow attempts, 0 to 1; 0 when there was no attempt.
    pub(super) fn slow_rate(self) -> f64 {
        share(self.slow, self.attempts())
    }

    fn add(&mut self, other: Self) {
        self.successes += other.successes;
        self.failures += other.failures;
        self.slow += other.slow;
    }

    fn subtract(&mut self, other: Self) {
        self.successes -= other.successes;
        self.failures -= other.failures;
        self.slow -= other.slow;
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate of more than 2^53 attempts may be off in its last digit"
)]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// As Polly, Hystrix and Linkerd: fine enough that the window slides smoothly, coarse enough to sum up in no time.
const BUCKETS: usize = 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SUCCESS: Counts = Counts {
        successes: 1,
        failures: 0,
        slow: 0,
    };
    const FAILURE: Counts = Counts {
        successes: 0,
        failures: 1,
        slow: 0,
    };

    #[test]
    fn what_happened_a_window_ago_is_forgotten_and_what_happened_since_is_not() {
        let mut window = Window::new(100);
        window.add(SUCCESS);
        window.slide(50);
        window.add(FAILURE);
        window.slide(99);
        assert_eq!((window.totals().successes, window.totals().failures), (1, 1));
        window.slide(100);
        assert_eq!((window.totals().successes, window.totals().failures), (0, 1));
        window.slide(149);
        assert_eq!(window.totals().failures, 1);
        window.slide(150);
        assert_eq!(window.totals(), Counts::default());
    }

    #[test]
    fn time_that_runs_backwards_counts_as_the_latest() {
        let mut window = Window::new(100);
        window.slide(1000);
        window.slide(0);
        window.add(SUCCESS);
        assert_eq!(window.from(), 1000);
        assert_eq!(window.totals_at(1099).successes, 1);
        assert_eq!(window.totals_at(u64::MAX).successes, 0);
    }

    proptest! {
        #[test]
        fn it_counts_what_a_list_of_all_events_counts(
            span in 1_u64..500,
            events in proptest::collection::vec((0_u64..200, any::<bool>()), 0..200),
        ) {
            let mut window = Window::new(span);
            let mut all = Vec::new();
            let mut at = 0;
            for (wait, success) in events {
                at += wait;
                window.slide(at);
                window.add(if success { SUCCESS } else { FAILURE });
                let number = at / window.width();
                all.push((number, success));
                let recent = |wanted| all.iter().filter(|(n, s)| n + BUCKETS as u64 > number && *s == wanted).count() as u64;
                prop_assert_eq!(window.totals(), Counts { successes: recent(true), failures: recent(false), slow: 0 });
            }
        }
    }
}
