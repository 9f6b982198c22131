use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

/// A length of time in half the room of a [`Duration`], to the nanosecond; more than 584 years are 584 years.
///
/// For what a receipt holds of each attempt, through every wait.
#[derive(Clone, Copy)]
pub(super) struct Nanos(
    /// One more than the number, so that an `Option` takes no more room.
    NonZeroU64,
);

impl Nanos {
    pub(super) const ZERO: Self = Self(NonZeroU64::MIN);
}

impl From<Duration> for Nanos {
    fn from(length: Duration) -> Self {
        let nanos = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        Self(NonZeroU64::MIN.saturating_add(nanos))
    }
}

impl From<Nanos> for Duration {
    fn from(Nanos(one_more): Nanos) -> Self {
        Self::from_nanos(one_more.get() - 1)
    }
}

impl fmt::Debug for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Duration::from(*self).fmt(f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Nanos {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Duration::from(*self).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_comes_back_as_it_was_and_an_endless_one_as_the_longest() {
        for length in [0, 1, 999, 1_000_000_001, u64::MAX - 1].map(Duration::from_nanos) {
            assert_eq!(Duration::from(Nanos::from(length)), length);
        }
        let longest = Duration::from(Nanos::from(Duration::MAX));
        assert_eq!(longest, Duration::from_nanos(u64::MAX - 1));
        assert_eq!(Duration::from(Nanos::ZERO), Duration::ZERO);
        assert_eq!(size_of::<Option<Nanos>>(), 8);
    }
}
