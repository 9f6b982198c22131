//! A second attempt before the first has ended, where one may be repeated: the first answer wins.

mod latencies;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::latencies::Latencies;
use crate::error::ConfigError;
use crate::operation::Scope;
use crate::origins::{Cell, DEFAULT_CAPACITY, Origins, Spares};

/// When a second attempt is sent beside one that has not answered yet; clones share what they observed.
///
/// Only where a repeat is safe; the first answer wins. It is paid for from the retry budget, and off by default.
///
/// Against the slow tail of a server: of many replicas one is busy, of many connections one is stuck. Off by default,
/// since it is load that the server did not ask for.
///
/// * Only operations that may be repeated are hedged: idempotent methods, and a key that the server honours. The hedge
///   carries the same key and body. At most one is under way beside an attempt.
/// * It is an attempt: it needs leave from breaker and [concurrency limit](crate::ConcurrencyLimit), counts among the
///   policy's attempts, and is paid for from the retry budget. Its success earns no refund, so that hedges stay below what
///   the budget's successes earn: a tenth of the traffic by default.
/// * The first answer that is accepted wins, and the other attempt is dropped: the receipt calls it cancelled. Under a key,
///   and for methods that are not safe, only a 2xx wins while the other is under way: a 409, or the 404 of a second
///   DELETE, may be due to the other. If neither wins, the one that was sent first decides what follows, unless it was
///   refused so and the hedge failed in a way that is retried.
/// * Both count: for the policy's limits, for the wait that a server asked for, and for the number that the backoff starts
///   from. A [`before_attempt`](crate::ClientBuilder::before_attempt) hook may be asked for both at once.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast::{Client, Hedge};
///
/// let client = Client::builder().hedge(Hedge::after(Duration::from_millis(300))).build()?;
/// let client = Client::builder().hedge(Hedge::percentile(0.95).at_least(Duration::from_millis(20))).build()?;
/// # Ok::<(), steadfast::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Hedge {
    delay: Delay,
    observed: Arc<Origins<Observed>>,
}

#[derive(Clone, Copy, Debug)]
enum Delay {
    Fixed(Duration),
    Percentile { share: f64, least: Duration },
}

impl Hedge {
    /// The shortest delay of [`percentile`](Self::percentile) unless set: below it, a hedge races the network.
    pub const DEFAULT_LEAST: Duration = Duration::from_millis(1);
    /// How many answers of an origin must have been seen before [`percentile`](Self::percentile) hedges: a percentile of
    /// fewer is an accident.
    pub const LEAST_OBSERVED: u32 = 50;

    /// Hedges an attempt that has not answered after this long, 1 ms to a day.
    pub fn after(delay: Duration) -> Self {
        Self::new(Delay::Fixed(delay))
    }

    /// Hedges an attempt that takes longer than this share of its origin's, 0.5 to 0.999: 0.95 is the usual choice.
    ///
    /// Observed are the attempts that succeeded, and those that a hedge outran, for as long as they had run; the last
    /// thousand or so count most. Nothing is hedged before [`LEAST_OBSERVED`](Self::LEAST_OBSERVED) of them.
    pub fn percentile(share: f64) -> Self {
        Self::new(Delay::Percentile {
            share,
            least: Self::DEFAULT_LEAST,
        })
    }

    /// Sets the shortest delay that a percentile may give, 1 ms to a day; nothing to a fixed delay.
    pub fn at_least(mut self, delay: Duration) -> Self {
        if let Delay::Percentile { least, .. } = &mut self.delay {
            *least = delay;
        }
        self
    }

    /// How long an attempt to this origin may take now before it is hedged; `None` while too few were observed.
    #[must_use]
    pub fn delay(&self, scope: impl Into<Scope>) -> Option<Duration> {
        let (share, least) = match self.delay {
            Delay::Fixed(delay) => return Some(delay),
            Delay::Percentile { share, least } => (share, least),
        };
        let observed = self.observed.peek(scope.into())?;
        let delay = observed.with(|latencies| latencies.percentile(share, Self::LEAST_OBSERVED))?;
        Some(delay.max(least))
    }

    /// Notes how long an attempt took, or had taken when it was cancelled.
    pub(crate) fn observe(&self, scope: Scope, took: Duration) {
        if matches!(self.delay, Delay::Percentile { .. }) {
            let observed = self.observed.get(scope, (), Observed::default);
            observed.with(|latencies| latencies.add(took));
        }
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let delays = Duration::from_millis(1)..=Duration::from_secs(86_400);
        match self.delay {
            Delay::Fixed(delay) => ConfigError::check("hedge.after", delays, delay),
            Delay::Percentile { share, least } => {
                ConfigError::check("hedge.percentile", 0.5..=0.999, share)?;
                ConfigError::check("hedge.at_least", delays, least)
            }
        }
    }

    fn new(delay: Delay) -> Self {
        Self {
            delay,
            observed: Arc::new(Origins::new(DEFAULT_CAPACITY)),
        }
    }
}

/// For reading back what is in force.
#[cfg(feature = "serde")]
impl Hedge {
    /// The delay, if it is fixed.
    pub(crate) fn fixed(&self) -> Option<Duration> {
        match self.delay {
            Delay::Fixed(delay) => Some(delay),
            Delay::Percentile { .. } => None,
        }
    }

    /// The share, and the shortest delay that it may give.
    pub(crate) fn share(&self) -> Option<(f64, Duration)> {
        match self.delay {
            Delay::Fixed(_) => None,
            Delay::Percentile { share, least } => Some((share, least)),
        }
    }
}

impl fmt::Debug for Hedge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hedge").field(&self.delay).finish()
    }
}

/// One origin's latencies, behind one short lock.
#[derive(Debug, Default)]
struct Observed(Mutex<Latencies>);

impl Observed {
    fn with<R>(&self, act: impl FnOnce(&mut Latencies) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Cell for Observed {
    type Now = ();

    fn evict(&self, spares: Spares, (): ()) -> bool {
        self.with(|latencies| {
            let evicted = spares == Spares::Memory || latencies.is_empty();
            if evicted {
                *latencies = Latencies::default();
            }
            evicted
        })
    }
}
