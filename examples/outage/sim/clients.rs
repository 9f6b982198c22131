use std::time::{Duration, Instant};

use steadfast::breaker::{CircuitBreaker, Permit, Refusal, Signal, Try};
use steadfast::budget::{Earned, Failed, Paid, RetryBudget, Withdrawal};
use steadfast::retry::{Attempts, Decision};
use steadfast::{Origin, Outcome, RetryPolicy, Scope, StopReason};

use super::strategy::{Funding, Strategy};

/// One process of the fleet, with a budget and a breaker of its own.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) policy: RetryPolicy,
    budget: RetryBudget,
    funding: Funding,
    breaker: Option<CircuitBreaker>,
    scope: Scope,
}

impl Client {
    /// Makes a fleet of clients of the same server.
    pub(crate) fn fleet(strategy: &Strategy, size: usize) -> Vec<Self> {
        let origin: Origin = "https://api.example.com".parse().expect("a valid origin");
        (0..size)
            .map(|_| Self {
                policy: strategy.policy.clone(),
                budget: (strategy.budget)(),
                funding: strategy.funding,
                breaker: strategy.breaker.map(|make| make()),
                scope: (&origin).into(),
            })
            .collect()
    }
}

/// One operation on its way: what the engine's loop holds between its awaits.
///
/// The order in which breaker, policy and budget are asked is the engine's (`src/engine/run.rs`).
#[derive(Debug)]
pub(crate) struct Operation<'f> {
    client: &'f Client,
    attempts: Attempts,
    withdrawal: Option<Withdrawal<'f>>,
    paid: Option<Paid>,
}

/// An attempt on the wire.
#[derive(Debug)]
pub(crate) struct Sent<'f> {
    permit: Option<Permit<'f>>,
    began: Instant,
}

impl<'f> Operation<'f> {
    pub(crate) fn new(client: &'f Client, attempts: Attempts) -> Self {
        if client.funding == Funding::Requests {
            client.budget.deposit(client.scope, Earned::FirstTry);
        }
        Self {
            client,
            attempts,
            withdrawal: None,
            paid: None,
        }
    }

    /// Asks the breaker, then the policy, for leave to send; `None` ends the operation.
    pub(crate) fn admit(&mut self, now: Instant) -> Option<Sent<'f>> {
        let permit = self.permit(now).ok()?;
        self.attempts.begin(now).ok()?;
        if let Some(withdrawal) = self.withdrawal.take() {
            self.paid = Some(withdrawal.spend());
        }
        Some(Sent { permit, began: now })
    }

    /// Tells the breaker how the attempt ended, then asks the policy, the breaker and, last, the budget what follows.
    pub(crate) fn decide(
        &mut self,
        sent: Sent<'f>,
        outcome: &Outcome<'_>,
        now: Instant,
        mut random: impl FnMut() -> f64,
    ) -> Decision {
        let verdict = self.client.policy.classify(outcome);
        if let Some(permit) = sent.permit {
            let signal = if verdict.is_accept() {
                Signal::Success
            } else {
                Signal::Failure
            };
            permit.settle(signal, now, now - sent.began, random());
        }
        match self.attempts.after(outcome, &verdict, now, random()) {
            Decision::RetryAfter(wait) => self.retry(outcome, wait, now),
            Decision::Stop(stop) => {
                if stop == StopReason::Accepted {
                    self.earn();
                }
                Decision::Stop(stop)
            }
        }
    }

    fn permit(&self, now: Instant) -> Result<Option<Permit<'f>>, Refusal> {
        let attempt = if self.attempts.begun() == 0 {
            Try::First
        } else {
            Try::Retry
        };
        let Client { breaker, scope, .. } = self.client;
        breaker
            .as_ref()
            .map(|breaker| breaker.admit(*scope, attempt, now))
            .transpose()
    }

    fn retry(&mut self, outcome: &Outcome<'_>, wait: Duration, now: Instant) -> Decision {
        let Client {
            breaker, budget, scope, ..
        } = self.client;
        if breaker
            .as_ref()
            .is_some_and(|breaker| !breaker.would_admit(*scope, now + wait))
        {
            return Decision::Stop(StopReason::CircuitOpen);
        }
        let failed = match outcome.error() {
            Some(failure) if failure.is_timeout() => Failed::TimedOut,
            _ => Failed::Error,
        };
        self.withdrawal = budget.withdraw(*scope, failed);
        match self.withdrawal {
            Some(_) => Decision::RetryAfter(wait),
            None => Decision::Stop(StopReason::BudgetExhausted),
        }
    }

    fn earn(&self) {
        let Client {
            budget, funding, scope, ..
        } = self.client;
        if *funding == Funding::Successes {
            budget.deposit(*scope, self.paid.map_or(Earned::FirstTry, Earned::AfterRetrying));
        }
    }
}
