use std::time::Duration;

/// A random part of each wait, applied **after** the cap.
///
/// Clients that failed together would otherwise come back together; and if the jitter came before the cap, they would
/// meet again at the cap.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Jitter {
    /// None: all clients that failed together come back together.
    ///
    /// But for those that a server's `Retry-After` sent away: that is always spread, upwards by up to a tenth and 5 s.
    None,
    /// Adds up to this fraction of the wait, 0 to 1: a wait never gets shorter. The default, with 0.25.
    Additive(f64),
    /// Anywhere from nothing to the whole wait ("full jitter"): fewest collisions, but waits can be near zero.
    Full,
    /// Half the wait, plus up to the other half ("equal jitter").
    Equal,
    /// From the base to three times the wait before, within the cap ("decorrelated jitter"); ignores the factor.
    Decorrelated,
}

impl Jitter {
    /// The default: "a small random offset added to each wait".
    pub const DEFAULT: Self = Self::Additive(0.25);

    /// Applies the jitter to a capped wait.
    pub(super) fn apply(self, wait: Duration, span: Decorrelation, random: f64) -> Duration {
        let random = within(random);
        match self {
            Self::None => wait,
            Self::Additive(fraction) => wait.saturating_add(scale(wait, fraction * random)),
            Self::Full => scale(wait, random),
            Self::Equal => (wait / 2).saturating_add(scale(wait / 2, random)),
            Self::Decorrelated => {
                let top = span
                    .previous
                    .unwrap_or(span.base)
                    .saturating_mul(3)
                    .clamp(span.base, span.max.max(span.base));
                span.base.saturating_add(scale(top.saturating_sub(span.base), random))
            }
        }
    }
}

impl Default for Jitter {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What decorrelated jitter needs beside the wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decorrelation {
    pub(super) base: Duration,
    pub(super) max: Duration,
    pub(super) previous: Option<Duration>,
}

/// Jitter on a server's wish, upwards only: earlier would be refused again, and all at once would be a herd.
pub(super) fn spread(hint: Duration, random: f64) -> Duration {
    hint.saturating_add(scale((hint / 10).min(WIDEST_SPREAD), within(random)))
}

/// A random number in [0, 1], whatever was given.
fn within(random: f64) -> f64 {
    if random.is_finite() {
        random.clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// `Duration::mul_f64` panics on overflow; factors here are at most 1, so the result fits, but rounding may not.
fn scale(wait: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(wait.as_secs_f64() * factor)
        .unwrap_or(wait)
        .min(wait)
}

/// Enough to spread a fleet that was sent away together.
const WIDEST_SPREAD: Duration = Duration::from_secs(5);
