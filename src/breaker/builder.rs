use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::circuit::{CircuitBreaker, Keying};
use super::report::Mode;
use super::target::Target;
use crate::error::{ConfigError, Span};
use crate::operation::Scope;
use crate::origins::{DEFAULT_CAPACITY, MAX_CAPACITY};

/// Builds a [`CircuitBreaker`]; the defaults are in the [module's table](super).
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct CircuitBreakerBuilder {
    settings: Settings,
    keying: Option<Arc<Keying>>,
}

impl CircuitBreakerBuilder {
    /// Sets from which share of failed attempts on it opens: above 0, up to 1.
    pub fn failure_rate(mut self, rate: f64) -> Self {
        self.settings.failure_rate = rate;
        self
    }

    /// Sets how many attempts the window must hold before a share means anything: 1 to 1,000,000.
    ///
    /// With 1, the first failure of a quiet origin opens the breaker.
    pub fn min_attempts(mut self, attempts: u32) -> Self {
        self.settings.min_attempts = attempts.into();
        self
    }

    /// Sets how far back attempts are counted: 100 ms to 1 h; it slides in tenths.
    pub fn window(mut self, span: Duration) -> Self {
        self.settings.window = span;
        self
    }

    /// Also opens when this share of the attempts takes that long: 1 ms to 1 h; above 0, up to 1. Off by default.
    ///
    /// A slow probe then counts as a failed one.
    pub fn slow_calls(mut self, from: Duration, rate: f64) -> Self {
        self.settings.slow = Some(SlowCalls { from, rate });
        self
    }

    /// Also opens after this many failures without a success between them: 1 to 1,000,000. Off by default.
    pub fn consecutive_failures(mut self, failures: u32) -> Self {
        self.settings.consecutive_failures = Some(failures);
        self
    }

    /// Sets how long it stays open at first: 1 ms to 1 h. Every failed probe doubles it.
    pub fn open_for(mut self, time: Duration) -> Self {
        self.settings.open_for = time;
        self
    }

    /// Sets how long it stays open at most: [`open_for`](Self::open_for) to 24 h, before jitter.
    pub fn max_open_for(mut self, time: Duration) -> Self {
        self.settings.max_open_for = Some(time);
        self
    }

    /// Sets how many probes a half-open breaker lets through: 1 to 100. All must succeed for it to close.
    pub fn probes(mut self, probes: usize) -> Self {
        self.settings.probes = probes;
        self
    }

    /// Sets after what time another attempt may take the place of a probe that has not ended: 1 ms to 1 h.
    ///
    /// A success that comes later than that counts all the same, a failure no more if the place was taken. Choose it no
    /// shorter than answers take: a slow server gets more probes at once than it should.
    pub fn probe_timeout(mut self, time: Duration) -> Self {
        self.settings.probe_timeout = time;
        self
    }

    /// Sets what an open breaker refuses.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.settings.mode = mode;
        self
    }

    /// Lets a server's `Retry-After` hold back all callers, for at most this long: 1 ms to 1 h. Off by default.
    ///
    /// The wait comes from the server, hence the limit: without one a wrong header takes the origin out of service.
    pub fn hold_back(mut self, limit: Duration) -> Self {
        self.settings.hold_back = Some(limit);
        self
    }

    /// Sets what shares a breaker, where an origin is too coarse: routes, tenants.
    ///
    /// It sees the request as the caller made it, default headers included. If it panics, the origin's own breaker is
    /// asked. The budget stays the origin's.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast::breaker::CircuitBreaker;
    /// use steadfast::Scope;
    ///
    /// let per_route = CircuitBreaker::builder()
    ///     .scope_by(|target| {
    ///         let route = target.path().split('/').nth(1).unwrap_or_default();
    ///         Scope::within(target.origin(), route)
    ///     })
    ///     .build()?;
    /// # Ok::<(), steadfast::ConfigError>(())
    /// ```
    pub fn scope_by(mut self, scope: impl Fn(&Target<'_>) -> Scope + Send + Sync + 'static) -> Self {
        self.keying = Some(Arc::new(scope));
        self
    }

    /// Sets how many scopes are kept apart: 1 to 32,768.
    ///
    /// Beyond, one not in use makes room and starts anew when it comes back; when all are open, the excess shares one.
    pub fn max_origins(mut self, origins: usize) -> Self {
        self.settings.max_origins = origins;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Names the first setting outside its range.
    pub fn build(self) -> Result<CircuitBreaker, ConfigError> {
        self.settings.check()?;
        Ok(CircuitBreaker::new(self.settings, self.keying))
    }
}

impl fmt::Debug for CircuitBreakerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) failure_rate: f64,
    pub(crate) min_attempts: u64,
    pub(crate) window: Duration,
    pub(crate) slow: Option<SlowCalls>,
    pub(crate) consecutive_failures: Option<u32>,
    pub(crate) open_for: Duration,
    /// By default a minute, or `open_for` if that is longer.
    pub(crate) max_open_for: Option<Duration>,
    pub(crate) probes: usize,
    pub(crate) probe_timeout: Duration,
    pub(crate) mode: Mode,
    pub(crate) hold_back: Option<Duration>,
    pub(crate) max_origins: usize,
}

/// From when on an attempt is slow, and how large a share of slow ones is too large.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlowCalls {
    pub(crate) from: Duration,
    pub(crate) rate: f64,
}

impl Settings {
    pub(super) fn looks_for_slow(&self) -> bool {
        self.slow.is_some()
    }

    pub(super) fn is_slow(&self, elapsed: Duration) -> bool {
        self.slow.is_some_and(|slow| elapsed >= slow.from)
    }

    /// How long to stay open after so many earlier openings in a row; `random` is in [0, 1).
    pub(super) fn open_time(&self, openings: u32, random: f64) -> Duration {
        let factor = 1_u32.checked_shl(openings).unwrap_or(u32::MAX);
        let time = self.open_for.saturating_mul(factor).min(self.longest());
        // Whatever a random number may be that is none, a `Duration` must not panic over it.
        let random = if random.is_finite() {
            random.clamp(0.0, 1.0)
        } else {
            0.0
        };
        time + time.mul_f64(OPEN_JITTER * random)
    }

    pub(crate) fn longest(&self) -> Duration {
        self.max_open_for.unwrap_or(MAX_OPEN_FOR.max(self.open_for))
    }

    fn check(&self) -> Result<(), ConfigError> {
        rate("failure_rate", self.failure_rate)?;
        count(
            "min_attempts",
            "1 to 1,000,000 attempts",
            1..=1_000_000,
            self.min_attempts,
        )?;
        time("window", "100ms to 1h", Duration::from_millis(100)..=HOUR, self.window)?;
        if let Some(slow) = self.slow {
            time("slow_calls.from", "1ms to 1h", MILLISECOND..=HOUR, slow.from)?;
            rate("slow_calls.rate", slow.rate)?;
        }
        if let Some(failures) = self.consecutive_failures {
            count(
                "consecutive_failures",
                "1 to 1,000,000 failures",
                1..=1_000_000,
                failures.into(),
            )?;
        }
        time("open_for", "1ms to 1h", MILLISECOND..=HOUR, self.open_for)?;
        time(
            "max_open_for",
            "`open_for` to 1day",
            self.open_for..=24 * HOUR,
            self.longest(),
        )?;
        count("probes", "1 to 100 probes", 1..=100, self.probes as u64)?;
        time("probe_timeout", "1ms to 1h", MILLISECOND..=HOUR, self.probe_timeout)?;
        if let Some(limit) = self.hold_back {
            time("hold_back", "1ms to 1h", MILLISECOND..=HOUR, limit)?;
        }
        count(
            "max_origins",
            "1 to 32,768 origins",
            1..=MAX_CAPACITY as u64,
            self.max_origins as u64,
        )
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            failure_rate: FAILURE_RATE,
            min_attempts: MIN_ATTEMPTS,
            window: WINDOW,
            slow: None,
            consecutive_failures: None,
            open_for: OPEN_FOR,
            max_open_for: None,
            probes: PROBES,
            probe_timeout: PROBE_TIMEOUT,
            mode: Mode::Normal,
            hold_back: None,
            max_origins: DEFAULT_CAPACITY,
        }
    }
}

fn rate(field: &'static str, value: f64) -> Result<(), ConfigError> {
    // Not a number fails both comparisons.
    ConfigError::require(|| value > 0.0 && value <= 1.0, field, "a rate above 0, up to 1", value)
}

fn count(
    field: &'static str,
    accepted: &'static str,
    range: RangeInclusive<u64>,
    value: u64,
) -> Result<(), ConfigError> {
    ConfigError::require(|| range.contains(&value), field, accepted, value)
}

fn time(
    field: &'static str,
    accepted: &'static str,
    range: RangeInclusive<Duration>,
    value: Duration,
) -> Result<(), ConfigError> {
    ConfigError::require(|| range.contains(&value), field, accepted, Span(value))
}

/// High on purpose: a breaker turns a partial failure (one bad shard) into a total one. The budget does the daily work.
const FAILURE_RATE: f64 = 0.5;
/// Below it a rate says too little: of 20 attempts that fail by a third, half or more fail in 5 % of all windows, and each
/// opening is a total outage. With 50 the simulated clients lose nothing, and recover as fast.
const MIN_ATTEMPTS: u64 = 50;
/// As Polly and Finagle.
const WINDOW: Duration = Duration::from_secs(30);
/// As Polly, Hystrix and Finagle: longer and a short failure of the server becomes a long one of the client.
const OPEN_FOR: Duration = Duration::from_secs(5);
/// As Linkerd: a server that stays down is asked once a minute.
const MAX_OPEN_FOR: Duration = Duration::from_secs(60);
/// Upward only, so that no probe comes early: a fleet that saw the same failure must not probe in the same instant.
const OPEN_JITTER: f64 = 0.25;
/// One could be lucky, and resilience4j's ten are a lot for a server that has just come back.
const PROBES: usize = 3;
/// Twice the default attempt timeout: by then a probe has ended, or nobody will ever hear of it.
const PROBE_TIMEOUT: Duration = Duration::from_secs(60);

const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);
