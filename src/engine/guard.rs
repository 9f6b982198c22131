use std::time::{Duration, Instant};

use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::breaker::{CircuitBreaker, Permit, Refusal, Signal, Target, Transition, Try};
use crate::budget::{Earned, Failed, Paid, RetryBudget, Withdrawal};
use crate::clock::Clock;
use crate::operation::{Failure, FailureKind, Origin, Outcome, Scope, StopReason};
use crate::retry::Decision;
use crate::rng;

/// What stands between an operation and the wire: the breaker and the budget of its origin.
///
/// Dropped at any point it gives everything back: an unfinished permit is abandoned, an unspent withdrawal returned.
#[derive(Debug)]
pub(crate) struct Guards<'a> {
    breaker: Option<(&'a CircuitBreaker, Scope)>,
    budget: Option<(&'a RetryBudget, Scope)>,
    withdrawal: Option<Withdrawal<'a>>,
    paid: Option<Paid>,
}

impl<'a> Guards<'a> {
    pub(crate) fn new(
        (breaker, budget): (Option<&'a CircuitBreaker>, &'a RetryBudget),
        (method, url, headers): (&Method, &Url, &HeaderMap),
    ) -> Self {
        // An http URL always has an origin; without one there would be nothing to guard.
        let account = Scope::of_url(url);
        let scope = breaker.and_then(|breaker| {
            if !breaker.is_keyed() {
                return account;
            }
            let origin = Origin::of(url)?;
            Some(breaker.scope(&Target::new(&origin, method, url.path(), headers)))
        });
        Self {
            breaker: breaker.zip(scope),
            budget: account.map(|account| (budget, account)),
            withdrawal: None,
            paid: None,
        }
    }

    /// Asks the breaker for leave to send.
    pub(crate) fn admit(&self, attempt: Try, now: Instant) -> Result<Option<Permit<'a>>, Refusal> {
        self.breaker
            .map(|(breaker, scope)| breaker.admit(scope, attempt, now))
            .transpose()
    }

    /// An attempt is being sent: what was withdrawn for it is spent.
    pub(crate) fn spend(&mut self) {
        if let Some(withdrawal) = self.withdrawal.take() {
            self.paid = Some(withdrawal.spend());
        }
    }

    /// Reports how an attempt ended to the breaker.
    pub(crate) fn settle(
        &self,
        permit: Option<Permit<'a>>,
        outcome: &Outcome<'_>,
        now: Instant,
        took: Duration,
    ) -> [Option<Transition>; 2] {
        let Some(((breaker, scope), permit)) = self.breaker.zip(permit) else {
            return [None, None];
        };
        let signal = signal_of(outcome);
        // Only a breaker that opens needs a random number.
        let random = if signal == Signal::Failure { rng::jitter() } else { 0.0 };
        let settled = permit.settle(signal, now, took, random);
        // The wish is looked for only where it counts: reading one parses the response's date.
        let wish = throttled(outcome).then(|| outcome.retry_after()).flatten();
        [settled, wish.and_then(|wait| breaker.hold(scope, wait, now))]
    }

    /// Has the last word on a retry, and credits a success; with the wait that was asked for, if it stops.
    pub(crate) fn last_word(
        &mut self,
        (decision, hint): (Decision, Option<Duration>),
        outcome: &Outcome<'_>,
        clock: &Clock,
    ) -> (Decision, Option<Duration>) {
        match decision {
            Decision::RetryAfter(wait) => match self.retry(outcome, wait, clock.now()) {
                Ok(()) => (decision, None),
                Err((stop, retry_after)) => (Decision::Stop(stop), retry_after.max(hint)),
            },
            Decision::Stop(stop) => {
                if stop == StopReason::Accepted {
                    self.earn(outcome);
                }
                (decision, hint)
            }
        }
    }

    fn earn(&self, outcome: &Outcome<'_>) {
        if let (Some((budget, account)), Signal::Success) = (self.budget, signal_of(outcome)) {
            budget.deposit(account, self.paid.map_or(Earned::FirstTry, Earned::AfterRetrying));
        }
    }

    /// Would the breaker admit it at the end of the wait, and does the budget pay?
    fn retry(
        &mut self,
        outcome: &Outcome<'_>,
        wait: Duration,
        now: Instant,
    ) -> Result<(), (StopReason, Option<Duration>)> {
        if let Some((breaker, scope)) = self.breaker {
            let at = now.checked_add(wait).unwrap_or(now);
            if !breaker.would_admit(scope, at) {
                let retry_at = breaker.state(scope, now).retry_at;
                return Err((
                    StopReason::CircuitOpen,
                    retry_at.map(|at| at.saturating_duration_since(now)),
                ));
            }
        }
        if let Some((budget, account)) = self.budget {
            self.withdrawal = budget.withdraw(account, failed(outcome));
            if self.withdrawal.is_none() {
                return Err((StopReason::BudgetExhausted, None));
            }
        }
        Ok(())
    }
}

/// What an outcome says about the server's health.
///
/// 5xx, time limits and failed connections count against it. A 4xx is a sign of life; a 429 and a refusal by protocol
/// are neutral, the server being busy or going away in good order; so is a request that failed by itself.
fn signal_of(outcome: &Outcome<'_>) -> Signal {
    match (outcome.status(), outcome.error().map(Failure::kind)) {
        (Some(StatusCode::TOO_MANY_REQUESTS), _) | (None, Some(FailureKind::Request | FailureKind::Nack) | None) => {
            Signal::Neutral
        }
        (Some(status), _) if status.is_server_error() => Signal::Failure,
        (Some(_), _) | (None, Some(FailureKind::BodyTooLarge)) => Signal::Success,
        (None, Some(_)) => Signal::Failure,
    }
}

/// What a retry after this outcome costs.
fn failed(outcome: &Outcome<'_>) -> Failed {
    if throttled(outcome) {
        Failed::Throttled
    } else if outcome.error().is_some_and(Failure::is_timeout) {
        Failed::TimedOut
    } else {
        Failed::Error
    }
}

/// The server refused for its load: RFC 6585 §4, RFC 9110 §15.6.4.
fn throttled(outcome: &Outcome<'_>) -> bool {
    match outcome.status() {
        Some(StatusCode::TOO_MANY_REQUESTS) => true,
        Some(StatusCode::SERVICE_UNAVAILABLE) => outcome.retry_after().is_some(),
        _ => false,
    }
}
