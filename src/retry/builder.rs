use std::sync::Arc;
use std::time::Duration;

use super::jitter::Jitter;
use super::policy::Parts;
use super::{Backoff, Progress, RetryPolicy};
use crate::classify::{Baseline, Classify, Condition, FromBodyFn, FromFn, Verdict};
use crate::error::ConfigError;
use crate::operation::Outcome;

/// Builds a [`RetryPolicy`]; every value is checked at [`build`](Self::build).
#[derive(Clone, Debug)]
#[must_use]
pub struct RetryPolicyBuilder {
    parts: Parts,
}

impl RetryPolicyBuilder {
    pub(super) fn from_parts(parts: Parts) -> Self {
        Self { parts }
    }

    /// Sets how many attempts at most, the first included: 1 to 100. Default 5.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.parts.max_attempts = attempts;
        self
    }

    /// Sets how many attempts at most may end in one way, such as a status: 1 to 100; callable 6 times.
    ///
    /// With the last of them the operation stops, by [`OutcomeLimit`](crate::StopReason::OutcomeLimit): 1 means that it is
    /// not retried at all.
    ///
    /// # Examples
    ///
    /// ```
    /// use http::StatusCode;
    /// use steadfast::RetryPolicy;
    /// use steadfast::classify::on_timeout;
    ///
    /// let policy = RetryPolicy::builder()
    ///     .max_attempts(10)
    ///     .max_attempts_for(StatusCode::SERVICE_UNAVAILABLE, 3)
    ///     .max_attempts_for(on_timeout(), 2)
    ///     .build()?;
    /// # Ok::<(), steadfast::ConfigError>(())
    /// ```
    pub fn max_attempts_for(mut self, which: impl Into<Condition>, attempts: u32) -> Self {
        self.parts.limits.push(which.into(), attempts);
        self
    }

    /// Sets how long after the operation's start a retry may begin: 1 ms to 30 days. Default: no limit.
    ///
    /// It is asked between attempts alone, so the last one may end as much later as an attempt may take. A
    /// [total timeout](crate::ClientBuilder::total_timeout) ends a running attempt, too.
    pub fn max_elapsed(mut self, elapsed: Duration) -> Self {
        self.parts.stops.max_elapsed = Some(elapsed);
        self
    }

    /// Adds a condition that ends the operation: asked when all else allows a retry, before the wait for it.
    ///
    /// One that panics ends it, too.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast::{Effect, RetryPolicy};
    ///
    /// // A doubtful charge is looked up rather than repeated late.
    /// let policy = RetryPolicy::builder()
    ///     .stop_when(|so_far| so_far.effect() == Effect::Unknown && so_far.elapsed() > Duration::from_secs(30))
    ///     .build()?;
    /// # Ok::<(), steadfast::ConfigError>(())
    /// ```
    pub fn stop_when(mut self, condition: impl Fn(&Progress<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.parts.stops.conditions.push(Arc::new(condition));
        self
    }

    /// Sets the waits between attempts.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.parts.backoff = backoff;
        self
    }

    /// Sets the jitter, whatever backoff is set.
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.parts.jitter = Some(jitter);
        self
    }

    /// Sets the longest `Retry-After` that is waited for: up to a day. Default 120 s; zero refuses every wish.
    pub fn retry_after_limit(mut self, limit: Duration) -> Self {
        self.parts.retry_after_limit = limit;
        self
    }

    /// Adds a classifier; they are asked in the order in which they were added.
    pub fn classify(mut self, classifier: impl Classify) -> Self {
        self.parts.classifiers.push(Arc::new(classifier));
        self
    }

    /// Adds a closure as a classifier; `None` leaves the outcome to the next one.
    pub fn classify_fn(self, classify: impl Fn(&Outcome<'_>) -> Option<Verdict> + Send + Sync + 'static) -> Self {
        self.classify(FromFn(classify))
    }

    /// Adds a closure that is also shown the beginning of each error's body ([`Outcome::body`]), 4xx and 5xx alike.
    pub fn classify_body_fn(self, classify: impl Fn(&Outcome<'_>) -> Option<Verdict> + Send + Sync + 'static) -> Self {
        self.classify(FromBodyFn(classify))
    }

    /// Retries 5xx and time limits alone where no classifier has an opinion, as [`RetryPolicy::strict`] does.
    pub fn strict(mut self) -> Self {
        self.parts.baseline = Baseline::Strict;
        self
    }

    /// Checks every value.
    ///
    /// # Errors
    ///
    /// Names the first field that is out of its range, and the range.
    pub fn build(mut self) -> Result<RetryPolicy, ConfigError> {
        if let Some(jitter) = self.parts.jitter {
            self.parts.backoff = self.parts.backoff.jitter(jitter);
        }
        ConfigError::check("max_attempts", 1..=100, self.parts.max_attempts)?;
        self.parts.limits.validate()?;
        self.parts.stops.validate()?;
        ConfigError::check(
            "retry_after_limit",
            Duration::ZERO..=Backoff::LONGEST,
            self.parts.retry_after_limit,
        )?;
        self.parts.backoff.validate()?;
        Ok(RetryPolicy::from_parts(self.parts))
    }
}
