use std::time::{Duration, Instant};

use super::Leave;
use crate::breaker::{CircuitBreaker, Transition};
use crate::budget::RetryBudget;
use crate::engine::{Guards, Refused, Shields, Steps};
use crate::operation::{Effect, Scope, StopReason};
use crate::retry::{ReplaySafety, RetryPolicy};

/// One operation, to be driven: see the [module](super) for the loop.
#[derive(Debug)]
pub struct Operation {
    steps: Steps,
    breaker: Option<CircuitBreaker>,
    budget: Option<RetryBudget>,
    news: News,
}

/// What the last step brought about, beside its decision.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) stop: Option<StopReason>,
    pub(super) retry_after: Option<Duration>,
    pub(super) transitions: Vec<Transition>,
}

impl Operation {
    /// Prepares an operation: what makes its repeats safe, what it fails with, and when it starts.
    ///
    /// Without more it has neither deadline nor breaker nor budget.
    #[must_use]
    pub fn new(policy: &RetryPolicy, safety: ReplaySafety, scope: impl Into<Scope>, now: Instant) -> Self {
        Self {
            steps: Steps {
                attempts: policy.attempts(safety, now),
                guards: Guards::of_scope(scope.into()),
            },
            breaker: None,
            budget: None,
            news: News::default(),
        }
    }

    /// Sets the instant by which the operation must be over.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        let attempts = self.steps.attempts.with_deadline(deadline);
        self.steps.attempts = attempts;
        self
    }

    /// Has every attempt admitted by this breaker; a clone shares it.
    #[must_use]
    pub fn with_circuit_breaker(mut self, breaker: CircuitBreaker) -> Self {
        self.breaker = Some(breaker);
        self
    }

    /// Has retries paid from this budget; a clone shares it.
    #[must_use]
    pub fn with_retry_budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Asks for leave to make the next attempt. A refusal is no attempt, and costs nothing.
    ///
    /// # Errors
    ///
    /// Why there is no further attempt: the deadline, no attempts left, an open circuit, an empty budget, or whatever
    /// stopped the operation before.
    pub fn begin(&mut self, now: Instant) -> Result<Leave<'_>, StopReason> {
        if let Some(stop) = self.news.stop {
            return Err(stop);
        }
        let shields = Shields {
            breaker: self.breaker.as_ref(),
            budget: self.budget.as_ref(),
        };
        let mut permit = None;
        match self.steps.admit(shields, &mut permit, now) {
            Ok(begin) => {
                self.news = News::of(permit.as_ref().and_then(|permit| permit.transition().copied()));
                Ok(Leave::new(
                    (&mut self.steps, &mut self.news),
                    shields,
                    (begin, permit),
                    now,
                ))
            }
            Err(refused) => {
                let Refused {
                    stop,
                    retry_after,
                    transition,
                } = *refused;
                self.news = News {
                    stop: Some(stop),
                    retry_after,
                    ..News::of(transition)
                };
                Err(stop)
            }
        }
    }

    /// How many attempts were begun.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.steps.attempts.begun()
    }

    /// What the far side may have done because of the attempts so far.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.steps.attempts.effect()
    }

    /// Why there is no further attempt; `None` until then.
    #[must_use]
    pub fn stop(&self) -> Option<StopReason> {
        self.news.stop
    }

    /// How long to wait before trying again, once it has stopped; where the server or the breaker said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.news.retry_after
    }

    /// How many attempts were begun that may have repeated a processed one; see [`Replay`](crate::Replay).
    #[must_use]
    pub fn possible_duplicates(&self) -> u32 {
        self.steps.attempts.possible_duplicates()
    }

    /// How the breaker changed in the last step.
    pub fn transitions(&self) -> impl Iterator<Item = &Transition> {
        self.news.transitions.iter()
    }
}

impl News {
    fn of(transition: Option<Transition>) -> Self {
        Self {
            transitions: transition.into_iter().collect(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method, StatusCode};

    use super::*;
    use crate::fixture::start;
    use crate::operation::{KeySupport, Outcome};
    use crate::retry::Decision;

    /// Who waits as decided has waited for what the server asked; to say it once more would have it waited for twice.
    #[test]
    fn a_wish_is_told_when_it_stops_and_is_part_of_the_wait_before() {
        let now = start();
        let policy = RetryPolicy::builder().max_attempts(2).build().unwrap();
        let safety = ReplaySafety::of_method(&Method::POST).with_key(KeySupport::Honored);
        let mut operation = Operation::new(&policy, safety, Scope::named("orders"), now);
        let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, http::HeaderValue::from_static("7"))]);
        let busy = Outcome::response(StatusCode::SERVICE_UNAVAILABLE, &headers);

        let first = operation.begin(now).unwrap().ended(&busy, now, 0.0);
        assert_eq!(first, Decision::RetryAfter(Duration::from_secs(7)));
        assert_eq!((operation.stop(), operation.retry_after()), (None, None));

        let second = operation.begin(now).unwrap().ended(&busy, now, 0.0);
        assert_eq!(second, Decision::Stop(StopReason::AttemptsExhausted));
        assert_eq!(operation.retry_after(), Some(Duration::from_secs(7)));
    }

    /// Two wait for what pays for one: the second to come has waited, too.
    #[test]
    fn a_wish_that_was_waited_for_is_not_told_by_whoever_is_refused_after_the_wait() {
        let now = start();
        let policy = RetryPolicy::default();
        let budget = RetryBudget::builder().initial(0.5).build().unwrap();
        let safety = ReplaySafety::of_method(&Method::POST).with_key(KeySupport::Honored);
        let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, http::HeaderValue::from_static("7"))]);
        let busy = Outcome::response(StatusCode::SERVICE_UNAVAILABLE, &headers);
        let mut operations = [(); 2].map(|()| {
            let operation = Operation::new(&policy, safety, Scope::named("orders"), now);
            operation.with_retry_budget(budget.clone())
        });
        for operation in &mut operations {
            let decision = operation.begin(now).unwrap().ended(&busy, now, 0.0);
            assert_eq!(decision, Decision::RetryAfter(Duration::from_secs(7)));
        }
        let later = now + Duration::from_secs(7);
        let [first, second] = &mut operations;
        assert!(first.begin(later).is_ok());
        assert_eq!(second.begin(later).err(), Some(StopReason::BudgetExhausted));
        assert_eq!(second.retry_after(), None);
    }
}
