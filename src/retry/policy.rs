use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;

use super::builder::RetryPolicyBuilder;
use super::jitter::Jitter;
use super::limits::Limits;
use super::stops::Stops;
use super::{Attempts, Backoff, ReplaySafety};
use crate::classify::{Baseline, Chain, Verdict};
use crate::operation::Outcome;

/// How often an operation is attempted, after which waits, and for which outcomes.
///
/// | what | default |
/// |---|---|
/// | attempts | 5, the first included; no other limit for any outcome, or on time |
/// | backoff | 1, 2, 4, 8 s |
/// | jitter | up to 25 % more, after the cap |
/// | `Retry-After` | a floor on the wait; more than 120 s stops the operation and hands the hint to the caller |
/// | classification | the standard table of [`Classify`](crate::Classify) |
///
/// Cloning shares.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast::{Backoff, Jitter, RetryPolicy, Verdict};
///
/// let policy = RetryPolicy::builder()
///     .max_attempts(4)
///     .backoff(Backoff::exponential(Duration::from_millis(200)).max(Duration::from_secs(5)).jitter(Jitter::Full))
///     .classify_fn(|outcome| match outcome.status()?.as_u16() {
///         423 => Some(Verdict::retry()),
///         _ => None,
///     })
///     .build()?;
/// assert_eq!(policy.max_attempts(), 4);
/// # Ok::<(), steadfast::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RetryPolicy(Arc<Parts>);

#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub(super) max_attempts: u32,
    pub(super) limits: Limits,
    pub(super) stops: Stops,
    pub(super) backoff: Backoff,
    /// Set beside the backoff, it holds for the next one, too.
    pub(super) jitter: Option<Jitter>,
    pub(super) retry_after_limit: Duration,
    pub(super) classifiers: Chain,
    pub(super) baseline: Baseline,
}

impl RetryPolicy {
    /// Attempts of the default policy, the first included, as AWS, gRPC and Temporal count.
    pub const DEFAULT_MAX_ATTEMPTS: u32 = 5;
    /// The longest `Retry-After` that is waited for by default: vendors' clients range from 8 s to days.
    pub const DEFAULT_RETRY_AFTER_LIMIT: Duration = Duration::from_secs(120);

    /// Starts from the defaults.
    pub fn builder() -> RetryPolicyBuilder {
        RetryPolicyBuilder::from_parts(Parts::default())
    }

    /// Starts from this policy, to make one that differs: classifiers, limits and stop conditions are added to its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast::RetryPolicy;
    ///
    /// let usual = RetryPolicy::strict();
    /// let hasty = usual.to_builder().max_attempts(2).build()?;
    /// assert_eq!((usual.max_attempts(), hasty.max_attempts()), (5, 2));
    /// # Ok::<(), steadfast::ConfigError>(())
    /// ```
    pub fn to_builder(&self) -> RetryPolicyBuilder {
        RetryPolicyBuilder::from_parts((*self.0).clone())
    }

    /// Retries 5xx (501 and 505 too) and time limits, and nothing else: not even a refused connection.
    #[must_use]
    pub fn strict() -> Self {
        Self::from_parts(Parts {
            baseline: Baseline::Strict,
            ..Parts::default()
        })
    }

    /// Makes one attempt: nothing is retried.
    #[must_use]
    pub fn never() -> Self {
        Self::from_parts(Parts {
            max_attempts: 1,
            ..Parts::default()
        })
    }

    /// How many attempts at most, the first included.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        self.0.max_attempts
    }

    /// How long after its start an operation may begin a retry, if that is limited.
    #[must_use]
    pub fn max_elapsed(&self) -> Option<Duration> {
        self.0.stops.max_elapsed
    }

    /// The waits between attempts.
    #[must_use]
    pub fn backoff(&self) -> &Backoff {
        &self.0.backoff
    }

    /// The longest `Retry-After` that is waited for.
    #[must_use]
    pub fn retry_after_limit(&self) -> Duration {
        self.0.retry_after_limit
    }

    /// What an outcome means under this policy: its classifiers' first opinion, else its table's.
    pub fn classify(&self, outcome: &Outcome<'_>) -> Verdict {
        self.opinion(outcome).unwrap_or_else(|| self.by_table(outcome))
    }

    /// Starts the state machine of one operation.
    #[must_use]
    #[inline]
    pub fn attempts(&self, safety: ReplaySafety, now: Instant) -> Attempts {
        Attempts::new(self.clone(), safety, now, None)
    }

    /// The same for a driver that borrows the policy for as long as the operation runs.
    #[inline]
    pub(crate) fn attempts_until(
        &self,
        safety: ReplaySafety,
        now: Instant,
        deadline: Option<Instant>,
    ) -> Attempts<&Self> {
        Attempts::new(self, safety, now, deadline)
    }

    /// Starts from this policy without its classifiers: for a request, whose client's are asked after its own.
    pub(crate) fn to_builder_without_classifiers(&self) -> RetryPolicyBuilder {
        RetryPolicyBuilder::from_parts(Parts {
            classifiers: Chain::default(),
            ..(*self.0).clone()
        })
    }

    /// How many attempts may end in certain ways.
    pub(super) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// What ends an operation between two attempts.
    pub(super) fn stops(&self) -> &Stops {
        &self.0.stops
    }

    /// What this policy's own classifiers say.
    pub(crate) fn opinion(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
        self.0.classifiers.opinion(outcome)
    }

    /// Whether a classifier of this policy asks for the bodies of answers with this status.
    pub(crate) fn wants_body(&self, status: StatusCode) -> bool {
        self.0.classifiers.wants_body(status)
    }

    /// What this policy's table says when no classifier has an opinion.
    pub(crate) fn by_table(&self, outcome: &Outcome<'_>) -> Verdict {
        self.0.baseline.judge(outcome)
    }

    /// Tells whether two handles are the same policy.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn from_parts(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

/// For reading back what is in force.
#[cfg(feature = "serde")]
impl RetryPolicy {
    pub(crate) fn baseline(&self) -> Baseline {
        self.0.baseline
    }

    pub(crate) fn has_classifiers(&self) -> bool {
        !self.0.classifiers.is_empty()
    }

    pub(crate) fn has_stop_conditions(&self) -> bool {
        !self.0.stops.conditions.is_empty()
    }

    /// How many attempts may end in which ways.
    pub(crate) fn max_attempts_for(&self) -> &[(crate::classify::Condition, u32)] {
        self.0.limits.list()
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::from_parts(Parts::default())
    }
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            max_attempts: RetryPolicy::DEFAULT_MAX_ATTEMPTS,
            limits: Limits::default(),
            stops: Stops::default(),
            backoff: Backoff::default(),
            jitter: None,
            retry_after_limit: RetryPolicy::DEFAULT_RETRY_AFTER_LIMIT,
            classifiers: Chain::default(),
            baseline: Baseline::Standard,
        }
    }
}
