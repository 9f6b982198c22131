use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::jitter::{Decorrelation, Jitter};
use crate::error::{ConfigError, Span};

/// How long to wait before each retry.
///
/// The default waits 1, 2, 4 and 8 s, each plus up to 25 %. A cap bounds the wait before the jitter is added.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast::{Backoff, Jitter};
///
/// let backoff = Backoff::exponential(Duration::from_millis(200)).max(Duration::from_secs(5)).jitter(Jitter::None);
/// assert_eq!(backoff.wait(1, None, 0.0), Duration::from_millis(200));
/// assert_eq!(backoff.wait(3, None, 0.0), Duration::from_millis(800));
/// assert_eq!(backoff.wait(u32::MAX, None, 0.0), Duration::from_secs(5));
/// ```
#[derive(Clone)]
pub struct Backoff {
    curve: Curve,
    max: Duration,
    jitter: Jitter,
}

#[derive(Clone)]
enum Curve {
    Exponential { base: Duration, factor: f64 },
    Steps(Arc<[Duration]>),
    Custom(Arc<dyn Fn(u32) -> Duration + Send + Sync>),
}

impl Backoff {
    /// The first wait of the default: long enough for a server to come back, short enough for a caller who waits.
    pub const DEFAULT_BASE: Duration = Duration::from_secs(1);
    /// The growth of the default: 1, 2, 4, 8 s.
    pub const DEFAULT_FACTOR: f64 = 2.0;
    /// The cap of the default: the last of its four waits.
    pub const DEFAULT_MAX: Duration = Duration::from_secs(8);
    /// The longest wait that any backoff gives: a day. Beyond it an operation belongs into an outbox.
    pub const LONGEST: Duration = Duration::from_secs(86_400);

    /// The most waits that a [list](Self::steps) keeps: no policy makes more than 99 retries.
    pub const MOST_STEPS: usize = 99;

    /// Waits that start at `base` (1 ms to a day) and double, up to [`max`](Self::max), which is a day until set.
    ///
    /// The cap of 8 s belongs to the [default](Self::default) alone, and to settings files, where what is not set is the
    /// default's.
    #[must_use]
    pub fn exponential(base: Duration) -> Self {
        let curve = Curve::Exponential {
            base,
            factor: Self::DEFAULT_FACTOR,
        };
        Self {
            curve,
            max: Self::LONGEST,
            jitter: Jitter::DEFAULT,
        }
    }

    /// Always the same wait, 1 ms to a day.
    #[must_use]
    pub fn constant(wait: Duration) -> Self {
        let curve = Curve::Exponential {
            base: wait,
            factor: 1.0,
        };
        Self {
            curve,
            max: Self::LONGEST,
            jitter: Jitter::DEFAULT,
        }
    }

    /// These waits, one after the other, each 1 ms or more; then the last one again. Jitter and cap still apply.
    ///
    /// The iterator is asked now, for 99 waits at most, so it may be endless, and every operation waits alike. How many
    /// retries there are is for [`max_attempts`](crate::RetryPolicyBuilder::max_attempts) to say, not for the list's length.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast::Backoff;
    ///
    /// let backoff = Backoff::steps([1, 5, 30].map(Duration::from_secs));
    /// assert_eq!(backoff.wait(2, None, 0.0), Duration::from_secs(5));
    /// assert_eq!(backoff.wait(9, None, 0.0), Duration::from_secs(30));
    ///
    /// // Two quick ones, then doubling.
    /// let quick = std::iter::repeat_n(Duration::from_millis(50), 2);
    /// let doubling = std::iter::successors(Some(Duration::from_secs(1)), |wait| Some(wait.saturating_mul(2)));
    /// let backoff = Backoff::steps(quick.chain(doubling)).max(Duration::from_secs(60));
    /// assert_eq!(backoff.wait(4, None, 0.0), Duration::from_secs(2));
    /// assert_eq!(backoff.wait(50, None, 0.0), Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn steps(waits: impl IntoIterator<Item = Duration>) -> Self {
        Self {
            curve: Curve::Steps(waits.into_iter().take(Self::MOST_STEPS).collect()),
            max: Self::LONGEST,
            jitter: Jitter::DEFAULT,
        }
    }

    /// The caller's own waits: from the retry's number, the first being 1. Jitter and cap still apply.
    #[must_use]
    pub fn custom(wait: impl Fn(u32) -> Duration + Send + Sync + 'static) -> Self {
        Self {
            curve: Curve::Custom(Arc::new(wait)),
            max: Self::LONGEST,
            jitter: Jitter::DEFAULT,
        }
    }

    /// Sets what each wait is multiplied by for the next, 1 to 100; nothing to a list or a custom backoff.
    #[must_use]
    pub fn factor(mut self, by: f64) -> Self {
        if let Curve::Exponential { factor, .. } = &mut self.curve {
            *factor = by;
        }
        self
    }

    /// Sets the cap on a wait before jitter: at least the base, at most a day.
    #[must_use]
    pub fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// Sets the jitter.
    #[must_use]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// The wait before a retry: its number (the first is 1), the wait before it, and a random number in [0, 1).
    ///
    /// If a custom backoff panics, it is the cap; an operation is then not retried at all.
    #[must_use]
    pub fn wait(&self, retry: u32, previous: Option<Duration>, random: f64) -> Duration {
        self.checked_wait(retry, previous, random).unwrap_or(self.max)
    }

    /// As [`wait`](Self::wait); `None` if the caller's closure panicked.
    pub(super) fn checked_wait(&self, retry: u32, previous: Option<Duration>, random: f64) -> Option<Duration> {
        let capped = self.capped(retry)?;
        let base = match &self.curve {
            Curve::Exponential { base, .. } => *base,
            Curve::Steps(_) | Curve::Custom(_) => capped,
        };
        let span = Decorrelation {
            base,
            max: self.max,
            previous,
        };
        Some(self.jitter.apply(capped, span, random))
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let least = match &self.curve {
            Curve::Exponential { base, factor } => {
                ConfigError::check("backoff.base", SHORTEST..=Self::LONGEST, *base)?;
                ConfigError::check("backoff.factor", 1.0..=100.0, *factor)?;
                *base
            }
            Curve::Steps(waits) => {
                ConfigError::require(|| !waits.is_empty(), "backoff.steps", "at least one wait", "none")?;
                for wait in waits.iter() {
                    ConfigError::require(
                        || *wait >= SHORTEST,
                        "backoff.steps",
                        "waits of 1ms or more",
                        Span(*wait),
                    )?;
                }
                SHORTEST
            }
            Curve::Custom(_) => SHORTEST,
        };
        ConfigError::check("backoff.max", least..=Self::LONGEST, self.max)?;
        match self.jitter {
            Jitter::Additive(fraction) => ConfigError::check("backoff.jitter", 0.0..=1.0, fraction),
            _ => Ok(()),
        }
    }

    fn capped(&self, retry: u32) -> Option<Duration> {
        match &self.curve {
            Curve::Exponential { base, factor } => {
                // `powi` saturates to infinity, which `try_from_secs_f64` refuses: both mean "the cap".
                let exponent = i32::try_from(retry.saturating_sub(1)).unwrap_or(i32::MAX);
                let seconds = base.as_secs_f64() * factor.powi(exponent);
                Some(Duration::try_from_secs_f64(seconds).unwrap_or(self.max).min(self.max))
            }
            Curve::Steps(waits) => {
                let at = usize::try_from(retry.saturating_sub(1)).unwrap_or(usize::MAX);
                let wait = waits.get(at).or(waits.last());
                Some(wait.map_or(self.max, |wait| self.max.min(*wait)))
            }
            // A panic in the caller's closure must not take the operation, and its receipt, with it.
            Curve::Custom(wait) => catch_unwind(AssertUnwindSafe(|| wait(retry)))
                .ok()
                .map(|wait| wait.min(self.max)),
        }
    }
}

/// For reading back what is in force.
#[cfg(feature = "serde")]
impl Backoff {
    /// Base and factor; `None` if the waits are a list or the caller's own.
    pub(crate) fn curve(&self) -> Option<(Duration, f64)> {
        match self.curve {
            Curve::Exponential { base, factor } => Some((base, factor)),
            Curve::Steps(_) | Curve::Custom(_) => None,
        }
    }

    /// The list of waits, if that is what they come from.
    pub(crate) fn list(&self) -> Option<&[Duration]> {
        match &self.curve {
            Curve::Steps(waits) => Some(waits),
            Curve::Exponential { .. } | Curve::Custom(_) => None,
        }
    }

    /// The cap, and the jitter that comes after it.
    pub(crate) fn bounds(&self) -> (Duration, Jitter) {
        (self.max, self.jitter)
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::exponential(Self::DEFAULT_BASE).max(Self::DEFAULT_MAX)
    }
}

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Backoff");
        match &self.curve {
            Curve::Exponential { base, factor } => out.field("base", base).field("factor", factor),
            Curve::Steps(waits) => out.field("steps", waits),
            Curve::Custom(_) => out.field("curve", &"custom"),
        };
        out.field("max", &self.max).field("jitter", &self.jitter).finish()
    }
}

/// Shorter waits than this are a spin.
const SHORTEST: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_jitter() -> impl Strategy<Value = Jitter> {
        prop_oneof![
            Just(Jitter::None),
            (0.0..=1.0_f64).prop_map(Jitter::Additive),
            Just(Jitter::Full),
            Just(Jitter::Equal),
            Just(Jitter::Decorrelated),
        ]
    }

    fn any_backoff() -> impl Strategy<Value = (Backoff, Duration, Duration)> {
        (1_u64..86_400_000, 1.0..=100.0_f64, 0_u64..86_400_000, any_jitter()).prop_map(
            |(base, factor, more, jitter)| {
                let base = Duration::from_millis(base);
                let max = (base + Duration::from_millis(more)).min(Backoff::LONGEST);
                (
                    Backoff::exponential(base).factor(factor).max(max).jitter(jitter),
                    base,
                    max,
                )
            },
        )
    }

    #[test]
    fn the_default_is_1_2_4_8_seconds_plus_at_most_a_quarter() {
        let backoff = Backoff::default();
        for (retry, seconds) in [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 8.0), (u32::MAX, 8.0)] {
            assert_eq!(backoff.wait(retry, None, 0.0), Duration::from_secs_f64(seconds));
            assert_eq!(backoff.wait(retry, None, 1.0), Duration::from_secs_f64(seconds * 1.25));
        }
    }

    #[test]
    fn jitter_comes_after_the_cap() {
        let backoff = Backoff::exponential(Duration::from_secs(1))
            .max(Duration::from_secs(4))
            .jitter(Jitter::Full);
        assert_eq!(backoff.wait(30, None, 0.5), Duration::from_secs(2));
    }

    #[test]
    fn full_jitter_has_the_mean_of_a_uniform() {
        let backoff = Backoff::constant(Duration::from_secs(1)).jitter(Jitter::Full);
        let draws = 100_000;
        let sum: Duration = (0..draws)
            .map(|i| backoff.wait(1, None, f64::from(i) / f64::from(draws)))
            .sum();
        assert!((sum.as_secs_f64() / f64::from(draws) - 0.5).abs() < 0.01);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn backoff_is_monotone_up_to_the_cap((backoff, base, max) in any_backoff(), retry in 1_u32..=u32::MAX - 1) {
            let backoff = backoff.jitter(Jitter::None);
            let (wait, next) = (backoff.wait(retry, None, 0.0), backoff.wait(retry + 1, None, 0.0));
            prop_assert!(base <= wait && wait <= next && next <= max, "{base:?} {wait:?} {next:?} {max:?}");
        }

        #[test]
        fn jitter_stays_within_its_bounds(
            (backoff, base, max) in any_backoff(), retry: u32, previous in proptest::option::of(0_u64..200_000_000), random: f64,
        ) {
            let plain = backoff.clone().jitter(Jitter::None).wait(retry, None, 0.0);
            let wait = backoff.wait(retry, previous.map(Duration::from_millis), random);
            let (least, most) = match backoff.jitter {
                Jitter::None => (plain, plain),
                Jitter::Additive(fraction) => (plain, plain + plain.mul_f64(fraction) + Duration::from_nanos(1)),
                Jitter::Full => (Duration::ZERO, plain),
                Jitter::Equal => (plain / 2, plain),
                Jitter::Decorrelated => (base, max),
            };
            prop_assert!(least <= wait && wait <= most, "{least:?} {wait:?} {most:?}");
        }
    }
}
