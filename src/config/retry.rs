use std::time::Duration;

use super::attempts_for::AttemptsFor;
use super::choice::Classification;
use super::limit::Limit;
use super::pair::excluded;
use super::table::{Entry, Table};
use super::value::Value;
use crate::error::ConfigError;
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
    /// How many attempts may end in certain ways, 1 to 100 each, at most 6 ways. Default no limits of their own.
    pub max_attempts_for: Option<Vec<AttemptsFor>>,
    /// How long after the operation's start a retry may begin: 1 ms to 30 days. Default none.
    pub max_elapsed: Option<Limit<Duration>>,
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
    /// These waits one after the other, then the last one again, instead of `base` and `factor`; each 1 ms or more, of
    /// more than 99 the first. Default none.
    pub steps: Option<Limit<Vec<Duration>>>,
    /// The first wait: 1 ms to a day. Default 1 s.
    pub base: Option<Duration>,
    /// What each wait is multiplied by for the next: 1 to 100. Default 2.
    pub factor: Option<f64>,
    /// The cap on a wait before jitter: the base to a day. Default 8 s; with `steps`, a day.
    ///
    /// A base above 8 s needs it. [`Backoff::exponential`] in code has a day until set: there a curve is started anew, here
    /// the default's is changed.
    pub max: Option<Duration>,
    /// The random part of each wait: a fraction of 0 to 1 that is added, or a name. Default 0.25.
    pub jitter: Option<Jitter>,
}

impl RetrySettings {
    /// Starts a policy from these settings; classifiers can be added, and [`build`](RetryPolicyBuilder::build) checks.
    ///
    /// # Errors
    ///
    /// As [`BackoffSettings::backoff`].
    pub fn builder(&self) -> Result<RetryPolicyBuilder, ConfigError> {
        let mut builder = RetryPolicy::builder().backoff(self.backoff.backoff()?);
        if let Some(attempts) = self.max_attempts {
            builder = builder.max_attempts(attempts);
        }
        for limit in self.max_attempts_for.iter().flatten() {
            builder = builder.max_attempts_for(limit.which.condition(), limit.attempts);
        }
        if let Some(elapsed) = self.max_elapsed.and_then(Limit::at) {
            builder = builder.max_elapsed(elapsed);
        }
        if let Some(limit) = self.retry_after_limit {
            builder = builder.retry_after_limit(limit);
        }
        Ok(match self.classify {
            Some(Classification::Strict) => builder.strict(),
            Some(Classification::Standard) | None => builder,
        })
    }

    /// Reads a policy back, and names what only code can set.
    pub(super) fn of(policy: &RetryPolicy) -> (Self, Vec<&'static str>) {
        let limits: Option<_> = policy.max_attempts_for().iter().map(AttemptsFor::of).collect();
        let backoff = policy.backoff();
        let in_code = [
            (limits.is_none(), "max_attempts_for"),
            (policy.has_stop_conditions(), "stop_when"),
            (policy.has_classifiers(), "classify"),
            (backoff.curve().is_none() && backoff.list().is_none(), "backoff"),
        ];
        let settings = Self {
            max_attempts: Some(policy.max_attempts()),
            max_attempts_for: limits,
            max_elapsed: Some(policy.max_elapsed().into()),
            retry_after_limit: Some(policy.retry_after_limit()),
            classify: Some(policy.baseline().into()),
            backoff: BackoffSettings::of(backoff),
        };
        let in_code = in_code.into_iter().filter_map(|(used, setter)| used.then_some(setter));
        (settings, in_code.collect())
    }
}

impl BackoffSettings {
    /// The waits; the policy's builder checks them.
    ///
    /// # Errors
    ///
    /// Names `base` or `factor`, if it is set beside `steps`.
    pub fn backoff(&self) -> Result<Backoff, ConfigError> {
        let backoff = match &self.steps {
            Some(Limit::At(waits)) => self.stepped(waits)?,
            Some(Limit::None) | None => Backoff::exponential(self.base.unwrap_or(Backoff::DEFAULT_BASE))
                .factor(self.factor.unwrap_or(Backoff::DEFAULT_FACTOR))
                .max(self.max.unwrap_or(Backoff::DEFAULT_MAX)),
        };
        Ok(backoff.jitter(self.jitter.unwrap_or(Jitter::DEFAULT)))
    }

    /// A list has no cap of its own: the default's would cut waits that somebody wrote down.
    fn stepped(&self, waits: &[Duration]) -> Result<Backoff, ConfigError> {
        if let Some(base) = self.base {
            return Err(excluded("backoff.base", "steps", base.write()));
        }
        if let Some(factor) = self.factor {
            return Err(excluded("backoff.factor", "steps", factor.write()));
        }
        let backoff = Backoff::steps(waits.iter().copied());
        Ok(backoff.max(self.max.unwrap_or(Backoff::LONGEST)))
    }

    fn of(backoff: &Backoff) -> Self {
        let (max, jitter) = backoff.bounds();
        let (base, factor) = backoff.curve().unzip();
        // Unset beside waits of the caller's own, which are neither.
        let steps = match (base, backoff.list()) {
            (Some(_), _) => Some(Limit::None),
            (None, list) => list.map(|waits| Limit::At(waits.to_vec())),
        };
        Self {
            steps,
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
            Entry::leaf(
                "max_attempts_for",
                "at most 6, each 1 to 100",
                &mut self.max_attempts_for,
            ),
            Entry::leaf("max_elapsed", "1ms to 30days", &mut self.max_elapsed),
            Entry::leaf("retry_after_limit", "0s to 1day", &mut self.retry_after_limit),
            Entry::leaf("classify", "", &mut self.classify),
            Entry::Table("backoff", &mut self.backoff),
        ]
    }
}

impl Table for BackoffSettings {
    fn entries(&mut self) -> Vec<Entry<'_>> {
        vec![
            Entry::leaf("steps", "each 1ms or more, at least one wait", &mut self.steps),
            Entry::leaf("base", "1ms to 1day", &mut self.base),
            Entry::leaf("factor", "1.0 to 100.0", &mut self.factor),
            Entry::leaf("max", "the base to 1day", &mut self.max),
            Entry::leaf("jitter", "0.0 to 1.0", &mut self.jitter),
        ]
    }
}
