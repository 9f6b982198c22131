use std::time::Duration;

use super::choice::Classification;
use super::table::{Entry, Table};
use crate::retry::backoff::Backoff;
use crate::retry::builder::RetryPolicyBuilder;
use crate::retry::jitter::Jitter;
use crate::retry::policy::RetryPolicy;

/// The retry policy: `[retry]`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RetrySettings {
    /// How many attempts at most, the first included: 1 to 100. Default 5.
    pub max_attempts: Option<u32>,
    /// The longest `Retry-After` that is waited for, up to a day. Default 2 min.
    pub retry_after_limit: Option<Duration>,
    /// Which table says what an outcome means. Default the standard one.
    pub classify: Option<Classification>,
    /// The waits between attempts.
    pub backoff: BackoffSettings,
}

/// The waits between attempts: `[retry.backoff]`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BackoffSettings {
    /// The first wait: 1 ms to a day. Default 1 s.
    pub base: Option<Duration>,
    /// What each wait is multiplied by for the next: 1 to 100. Default 2.
    pub factor: Option<f64>,
    /// The cap on a wait before jitter: the base to a day. Default 8 s.
    pub max: Option<Duration>,
    /// The random part of each wait: a fraction of 0 to 1 that is added, or a name. Default 0.25.
    pub jitter: Option<Jitter>,
}

impl RetrySettings {
    /// Starts a policy from these settings; classifiers can be added, and [`build`](RetryPolicyBuilder::build) checks.
    pub fn builder(&self) -> RetryPolicyBuilder {
        let mut builder = RetryPolicy::builder().backoff(self.backoff.backoff());
        if let Some(attempts) = self.max_attempts {
            builder = builder.max_attempts(attempts);
        }
        if let Some(limit) = self.retry_after_limit {
            builder = builder.retry_after_limit(limit);
        }
        match self.classify {
            Some(Classification::Strict) => builder.strict(),
            Some(Classification::Standard) | None => builder,
        }
    }

    /// Reads a policy back, and names what only code can set.
    pub(super) fn of(policy: &RetryPolicy) -> (Self, Vec<&'static str>) {
        let mut in_code = Vec::new();
        if policy.has_classifiers() {
            in_code.push("classify");
        }
        if policy.backoff().curve().is_none() {
            in_code.push("backoff");
        }
        let settings = Self {
            max_attempts: Some(policy.max_attempts()),
            retry_after_limit: Some(policy.retry_after_limit()),
            classify: Some(policy.baseline().into()),
            backoff: BackoffSettings::of(policy.backoff()),
        };
        (settings, in_code)
    }
}

impl BackoffSettings {
    /// The waits; the policy's builder checks them.
    #[must_use]
    pub fn backoff(&self) -> Backoff {
        Backoff::exponential(self.base.unwrap_or(Backoff::DEFAULT_BASE))
            .factor(self.factor.unwrap_or(Backoff::DEFAULT_FACTOR))
            .max(self.max.unwrap_or(Backoff::DEFAULT_MAX))
            .jitter(self.jitter.unwrap_or(Jitter::DEFAULT))
    }

    fn of(backoff: &Backoff) -> Self {
        let (max, jitter) = backoff.bounds();
        let (base, factor) = backoff.curve().unzip();
        Self {
            base,
            factor,
            max: Some(max),
            jitter: Some(jitter),
        }
    }
}

impl Table for RetrySettings {
    fn entries(&mut self) -> Vec<Entry<'_>> {
        vec![
            Entry::leaf("max_attempts", "1 to 100", &mut self.max_attempts),
            Entry::leaf("retry_after_limit", "0ns to 86400s", &mut self.retry_after_limit),
            Entry::leaf("classify", "", &mut self.classify),
            Entry::Table("backoff", &mut self.backoff),
        ]
    }
}

impl Table for BackoffSettings {
    fn entries(&mut self) -> Vec<Entry<'_>> {
        vec![
            Entry::leaf("base", "1ms to 86400s", &mut self.base),
            Entry::leaf("factor", "1.0 to 100.0", &mut self.factor),
            Entry::leaf("max", "the base to 86400s", &mut self.max),
            Entry::leaf("jitter", "0.0 to 1.0", &mut self.jitter),
        ]
    }
}
