use std::time::Duration;

use super::limit::Limit;
use super::pair::needed;
use super::table::{Entry, Table};
use crate::breaker::{CircuitBreaker, CircuitBreakerBuilder, Mode};
use crate::error::ConfigError;

/// The circuit breaker: `[breaker]`.
///
/// The defaults and their reasons are in the table of [`breaker`](crate::breaker).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BreakerSettings {
    /// Whether there is one. Default true.
    pub enabled: Option<bool>,
    /// From which share of failed attempts on it opens: above 0, up to 1.
    pub failure_rate: Option<f64>,
    /// How many attempts the window must hold: 1 to 1,000,000.
    pub min_attempts: Option<u32>,
    /// How far back attempts are counted: 100 ms to 1 h.
    pub window: Option<Duration>,
    /// After how many failures in a row it opens as well: 1 to 1,000,000. Default none.
    pub consecutive_failures: Option<Limit<u32>>,
    /// How long it stays open at first: 1 ms to 1 h.
    pub open_for: Option<Duration>,
    /// How long it stays open at most: `open_for` to 24 h. Default 60 s, or `open_for` if that is longer.
    pub max_open_for: Option<Duration>,
    /// How many probes it lets through when half-open: 1 to 100.
    pub probes: Option<usize>,
    /// After what time another attempt may take the place of a probe that hangs: 1 ms to 1 h.
    pub probe_timeout: Option<Duration>,
    /// What it refuses when open.
    pub mode: Option<Mode>,
    /// The longest `Retry-After` that holds back all callers: 1 ms to 1 h. Default none.
    pub hold_back: Option<Limit<Duration>>,
    /// How many scopes are kept apart: 1 to 32,768.
    pub max_origins: Option<usize>,
    /// When slowness opens it as well.
    pub slow_calls: SlowCallSettings,
}

/// When slowness opens the breaker: `[breaker.slow_calls]`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SlowCallSettings {
    /// From when on an attempt is slow: 1 ms to 1 h. Default none: then nothing is.
    pub from: Option<Limit<Duration>>,
    /// How large a share of slow attempts opens it: above 0, up to 1. There is no default: it belongs to `from`.
    pub rate: Option<f64>,
}

impl BreakerSettings {
    /// Starts a breaker from these settings; [`scope_by`](CircuitBreakerBuilder::scope_by) can be added, and
    /// [`build`](CircuitBreakerBuilder::build) checks. It does not ask `enabled`.
    ///
    /// # Errors
    ///
    /// Names the half of the slow calls that is missing.
    pub fn builder(&self) -> Result<CircuitBreakerBuilder, ConfigError> {
        let mut builder = CircuitBreaker::builder();
        macro_rules! apply {
            ($($setting:ident),+) => {
                $(if let Some(value) = self.$setting {
                    builder = builder.$setting(value);
                })+
            };
        }
        apply!(
            failure_rate,
            min_attempts,
            window,
            open_for,
            max_open_for,
            probes,
            probe_timeout,
            mode,
            max_origins
        );
        if let Some(failures) = self.consecutive_failures.and_then(Limit::at) {
            builder = builder.consecutive_failures(failures);
        }
        if let Some(limit) = self.hold_back.and_then(Limit::at) {
            builder = builder.hold_back(limit);
        }
        Ok(match self.slow_calls.pair()? {
            Some((from, rate)) => builder.slow_calls(from, rate),
            None => builder,
        })
    }

    /// Reads a breaker back, and names what only code can set.
    pub(super) fn of(breaker: &CircuitBreaker) -> (Self, Vec<&'static str>) {
        let set = breaker.settings();
        let settings = Self {
            enabled: Some(true),
            failure_rate: Some(set.failure_rate),
            min_attempts: u32::try_from(set.min_attempts).ok(),
            window: Some(set.window),
            consecutive_failures: Some(set.consecutive_failures.into()),
            open_for: Some(set.open_for),
            max_open_for: Some(set.longest()),
            probes: Some(set.probes),
            probe_timeout: Some(set.probe_timeout),
            mode: Some(set.mode),
            hold_back: Some(set.hold_back.into()),
            max_origins: Some(set.max_origins),
            slow_calls: SlowCallSettings {
                from: Some(set.slow.map(|slow| slow.from).into()),
                rate: set.slow.map(|slow| slow.rate),
            },
        };
        let in_code = breaker.is_keyed().then_some("scope_by");
        (settings, in_code.into_iter().collect())
    }
}

impl SlowCallSettings {
    /// Both halves.
    fn pair(&self) -> Result<Option<(Duration, f64)>, ConfigError> {
        match (self.from, self.rate) {
            (Some(Limit::At(from)), Some(rate)) => Ok(Some((from, rate))),
            (Some(Limit::At(_)), None) => Err(needed("slow_calls.rate", "from")),
            (None, Some(_)) => Err(needed("slow_calls.from", "rate")),
            (Some(Limit::None), _) | (None, None) => Ok(None),
        }
    }
}

impl Table for BreakerSettings {
    fn entries(&mut self) -> Vec<Entry<'_>> {
        vec![
            Entry::leaf("enabled", "", &mut self.enabled),
            Entry::leaf("failure_rate", "a rate above 0, up to 1", &mut self.failure_rate),
            Entry::leaf("min_attempts", "1 to 1,000,000 attempts", &mut self.min_attempts),
            Entry::leaf("window", "100ms to 1h", &mut self.window),
            Entry::leaf(
                "consecutive_failures",
                "1 to 1,000,000 failures",
                &mut self.consecutive_failures,
            ),
            Entry::leaf("open_for", "1ms to 1h", &mut self.open_for),
            Entry::leaf("max_open_for", "`open_for` to 1day", &mut self.max_open_for),
            Entry::leaf("probes", "1 to 100 probes", &mut self.probes),
            Entry::leaf("probe_timeout", "1ms to 1h", &mut self.probe_timeout),
            Entry::leaf("mode", "", &mut self.mode),
            Entry::leaf("hold_back", "1ms to 1h", &mut self.hold_back),
            Entry::leaf("max_origins", "1 to 32,768 origins", &mut self.max_origins),
            Entry::Table("slow_calls", &mut self.slow_calls),
        ]
    }
}

impl Table for SlowCallSettings {
    fn entries(&mut self) -> Vec<Entry<'_>> {
        vec![
            Entry::leaf("from", "1ms to 1h", &mut self.from),
            Entry::leaf("rate", "a rate above 0, up to 1", &mut self.rate),
        ]
    }
}
