use std::sync::Arc;
use std::time::Duration;

use super::jitter::Jitter;
use super::policy::Parts;
use super::{Backoff, RetryPolicy};
use crate::classify::{Baseline, Classify, FromBodyFn, FromFn, Verdict};
use crate::error::ConfigError;
use crate::operation::Outcome;

/// Builds a [`RetryPolicy`]; every value is checked at [`build`](Self::build).
#[derive(Clone, Debug)]
#[must_use]
pub struct RetryPolicyBuilder {
    parts: Parts,
    jitter: Option<Jitter>,
}

impl RetryPolicyBuilder {
    pub(super) fn new() -> Self {
        Self {
            parts: Parts::default(),
            jitter: None,
        }
    }

    /// Sets how many attempts at most, the first included: 1 to 100. Default 5.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.parts.max_attempts = attempts;
        self
    }

    /// Sets the waits between attempts.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.parts.backoff = backoff;
        self
    }

    /// Sets the jitter, whatever backoff is set.
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = Some(jitter);
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
        if let Some(jitter) = self.jitter {
            self.parts.backoff = self.parts.backoff.jitter(jitter);
        }
        ConfigError::check("max_attempts", 1..=100, self.parts.max_attempts)?;
        ConfigError::check(
            "retry_after_limit",
            Duration::ZERO..=Backoff::LONGEST,
            self.parts.retry_after_limit,
        )?;
        self.parts.backoff.validate()?;
        Ok(RetryPolicy::from_parts(self.parts))
    }
}
