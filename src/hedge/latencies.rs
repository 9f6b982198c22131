use std::time::Duration;

/// How long attempts took, as counts in buckets that grow by 19 % each.
///
/// A fixed 64 counters from 1 ms to about a minute, whatever was observed. When a thousand are counted all are halved, so that
/// what was longer ago counts less.
#[derive(Debug)]
pub(super) struct Latencies {
    counts: [u32; BUCKETS],
    total: u32,
}

impl Latencies {
    pub(super) fn is_empty(&self) -> bool {
        self.total == 0
    }

    pub(super) fn add(&mut self, took: Duration) {
        if self.total >= HALVED_AT {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.total = self.counts.iter().sum();
        }
        self.counts[bucket(took)] += 1;
        self.total += 1;
    }

    /// The upper end of the bucket that this share of what was observed does not exceed; `None` below `least` of them.
    pub(super) fn percentile(&self, share: f64, least: u32) -> Option<Duration> {
        if self.total < least {
            return None;
        }
        let wanted = f64::from(self.total) * share;
        let mut below = 0;
        let reached = self.counts.iter().position(|count| {
            below += count;
            f64::from(below) >= wanted
        });
        Some(upper_end(reached.unwrap_or(BUCKETS - 1)))
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            counts: [0; BUCKETS],
            total: 0,
        }
    }
}

/// Three buckets to a doubling would be coarse for a percentile, four are 19 % each.
fn bucket(took: Duration) -> usize {
    (0..BUCKETS - 1)
        .find(|bucket| took <= upper_end(*bucket))
        .unwrap_or(BUCKETS - 1)
}

/// 1 ms times the fourth root of two to the bucket's power, in integer steps within each doubling.
fn upper_end(bucket: usize) -> Duration {
    let doubling = 1_u64 << (bucket / 4);
    Duration::from_micros(doubling * STEPS[bucket % 4])
}

/// The fourth roots of two, in microseconds from 1 ms.
const STEPS: [u64; 4] = [1_000, 1_189, 1_414, 1_682];
/// The last one ends at 2¹⁵ · 1.68 ms, about 55 s, and takes all that is longer.
const BUCKETS: usize = 64;
const HALVED_AT: u32 = 1_024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn too_few_have_no_percentile() {
        let mut latencies = Latencies::default();
        for _ in 0..49 {
            latencies.add(Duration::from_millis(5));
        }
        assert_eq!(latencies.percentile(0.95, 50), None);
        latencies.add(Duration::from_millis(5));
        assert!(latencies.percentile(0.95, 50).is_some());
    }

    #[test]
    fn what_is_observed_now_replaces_what_was() {
        let mut latencies = Latencies::default();
        for _ in 0..100_000 {
            latencies.add(Duration::from_millis(5));
        }
        for _ in 0..2_000 {
            latencies.add(Duration::from_millis(500));
        }
        assert!(latencies.percentile(0.5, 1) >= Some(Duration::from_millis(500)));
    }

    proptest! {
        #[test]
        fn a_percentile_is_at_most_a_fifth_too_high(
            mut millis in proptest::collection::vec(1_u64..50_000, 60..1_000), share in 0.5..=0.999_f64,
        ) {
            let mut latencies = Latencies::default();
            for millis in &millis {
                latencies.add(Duration::from_millis(*millis));
            }
            millis.sort_unstable();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "small and positive")]
            let exact = millis[((millis.len() as f64 * share).ceil() as usize).clamp(1, millis.len()) - 1];
            let found = latencies.percentile(share, 1).unwrap();
            prop_assert!(found >= Duration::from_millis(exact), "{found:?} {exact}");
            prop_assert!(found <= Duration::from_millis(exact).mul_f64(1.2), "{found:?} {exact}");
        }
    }
}
