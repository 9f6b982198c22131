use std::time::{Duration, Instant};

use super::course::{Course, Ended};
use super::race::Runner;
use super::steps::Admitted;
use crate::concurrency::Place;
use crate::event::Event;
use crate::operation::{Attempt, Hop, Outcome};

/// What a [hedge](crate::Hedge) adds to an operation's course.
impl<'a> Course<'a> {
    /// After what time the attempt is hedged; `None` if it is not.
    pub(super) fn hedge_delay(&self) -> Option<Duration> {
        let hedge = self.plan.hedge?;
        let delay = hedge.delay(self.steps.guards.origin()?)?;
        self.steps.attempts.may_hedge(self.started).then_some(delay)
    }

    /// Asks for leave to send a hedge; it never queues, and a refusal changes nothing.
    pub(super) fn hedge(&mut self, now: Instant) -> Option<(Runner<'a>, Option<Place<'a>>)> {
        let place = match (self.plan.limit, self.steps.guards.origin()) {
            (Some(limit), Some(origin)) => Some(limit.try_enter(origin)?),
            _ => None,
        };
        let admitted: Admitted<'a> = self.steps.hedge(self.plan.shields, now)?;
        let number = admitted.begin.number;
        self.tell(&Event::Hedged {
            receipt: self.receipt,
            number,
        });
        let span = self.span(admitted.begin);
        let runner = Runner {
            admitted,
            span,
            began: now,
        };
        Some((runner, place))
    }

    /// Whether an answer ends the race: accepted, and under a key a success.
    ///
    /// A 4xx under a key may speak of the other attempt, as "in use" does.
    pub(super) fn wins(&self, outcome: Outcome<'_>, hops: &[Hop]) -> bool {
        let (outcome, verdict) = self.plan.judged(outcome, self.receipt.method(), hops);
        let conclusive = self.receipt.key().is_none() || outcome.status().is_some_and(|status| status.is_success());
        verdict.is_accept() && conclusive
    }

    /// Writes down an attempt that has no say in what follows.
    pub(super) fn puts_aside(&mut self, outcome: Outcome<'_>, ended: Ended<'_>) {
        let Ended {
            number,
            spent,
            span,
            path: (hops, landing),
        } = ended;
        let (began, at) = (spent.began, spent.at);
        let outcome = outcome.with_attempt(number);
        let (outcome, verdict) = self.plan.judged(outcome, self.receipt.method(), hops);
        let transitions = self
            .steps
            .put_aside(self.plan.shields, spent, (&outcome, &verdict, landing), || {
                self.plan.dice.roll()
            });
        let effect = self.steps.attempts.last_effect();
        let attempt = self
            .plan
            .attempt(&outcome, &verdict, (effect, began - self.started, at - began), hops);
        self.writes(attempt, &span);
        self.tell_all(&transitions);
    }

    /// Writes down an attempt that was dropped because another one answered: what it did is not known.
    pub(super) fn cancels(&mut self, runner: &Runner<'_>, now: Instant) {
        self.steps.attempts.cancelled();
        let times = (runner.began - self.started, now - runner.began);
        let attempt = Attempt::cancelled(runner.admitted.begin.number, times);
        self.writes(attempt, &runner.span);
        if let Some(hedge) = self.plan.hedge {
            self.steps.guards.observed(hedge, now - runner.began);
        }
    }
}
