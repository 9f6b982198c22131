use steadfast::breaker::CircuitBreaker;
use steadfast::budget::RetryBudget;
use steadfast::{Backoff, Jitter, RetryPolicy};

/// How the clients of a fleet retry.
#[derive(Clone, Debug)]
pub(crate) struct Strategy {
    pub(crate) name: &'static str,
    pub(crate) policy: RetryPolicy,
    pub(crate) budget: fn() -> RetryBudget,
    pub(crate) funding: Funding,
    pub(crate) breaker: Option<fn() -> CircuitBreaker>,
}

/// What fills the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Funding {
    /// Operations that succeed, as in the crate.
    Successes,
    /// Operations that begin, as in most libraries; here for comparison.
    Requests,
}

impl Strategy {
    /// One attempt.
    pub(crate) fn none() -> Self {
        Self {
            policy: RetryPolicy::never(),
            ..Self::naive()
        }
        .named("no retries")
    }

    /// Five attempts after 1, 2, 4 and 8 s, whatever happens.
    pub(crate) fn naive() -> Self {
        Self {
            name: "naive: five attempts",
            policy: RetryPolicy::default(),
            budget: RetryBudget::unlimited,
            funding: Funding::Successes,
            breaker: None,
        }
    }

    /// The crate's defaults.
    pub(crate) fn steadfast() -> Self {
        Self {
            breaker: Some(default_breaker),
            ..Self::budget_alone()
        }
        .named("steadfast")
    }

    /// The crate's defaults without the breaker.
    pub(crate) fn budget_alone() -> Self {
        Self {
            budget: default_budget,
            ..Self::naive()
        }
        .named("steadfast, breaker off")
    }

    /// Five attempts with full jitter, as the published comparison has them.
    pub(crate) fn with_full_jitter(self) -> Self {
        let backoff = Backoff::exponential(Backoff::DEFAULT_BASE)
            .max(Backoff::DEFAULT_MAX)
            .jitter(Jitter::Full);
        self.with_backoff(backoff)
    }

    fn with_backoff(self, backoff: Backoff) -> Self {
        let policy = RetryPolicy::builder()
            .backoff(backoff)
            .build()
            .expect("within all ranges");
        Self { policy, ..self }
    }

    /// Pays retries from a budget of this kind.
    pub(crate) fn with_budget(self, budget: fn() -> RetryBudget, funding: Funding) -> Self {
        Self {
            budget,
            funding,
            ..self
        }
    }

    fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

/// The default but for its size: a fleet has a budget per client, and each sees one origin.
fn default_budget() -> RetryBudget {
    RetryBudget::builder()
        .max_origins(1)
        .build()
        .expect("within all ranges")
}

/// The default but for its size.
fn default_breaker() -> CircuitBreaker {
    CircuitBreaker::builder()
        .max_origins(1)
        .build()
        .expect("within all ranges")
}
