use std::time::{Duration, Instant};

use super::Trip;
use super::course::{Course, Ended};
use super::race::Runner;
use crate::breaker::Permit;
use crate::event::Event;
use crate::hedge::Hedge;
use crate::operation::{Address, Attempt, Outcome};

/// What a [hedge](crate::Hedge) adds to an operation's course.
impl<'a> Course<'a> {
    /// After what time the attempt is hedged; `None` if it is not.
    #[inline]
    pub(super) fn hedge_delay(&self) -> Option<Duration> {
        self.plan.hedge().and_then(|hedge| self.delay_of(hedge))
    }

    #[cold]
    fn delay_of(&self, hedge: &Hedge) -> Option<Duration> {
        let delay = hedge.delay(self.steps.guards.origin()?)?;
        self.steps.attempts.may_hedge(self.started).then_some(delay)
    }

    /// Asks for leave to send a hedge; it never queues, and a refusal changes nothing.
    pub(super) fn hedge(&mut self, address: Address<'_>, now: Instant) -> Option<Runner<'a>> {
        let place = match (&self.plan.setup.limit, self.steps.guards.origin()) {
            (Some(limit), Some(origin)) => Some(limit.try_enter(origin)?),
            _ => None,
        };
        let mut permit = None;
        let begin = self.steps.hedge(self.plan.setup.shields(), &mut permit, now);
        let transition = match &begin {
            Ok(_) => permit.as_ref().and_then(Permit::transition),
            Err(transition) => transition.as_ref(),
        };
        if let Some(transition) = transition {
            self.tell_transition(transition);
        }
        let begin = begin.ok()?;
        let number = begin.number;
        self.tell(|receipt| Event::Hedged { receipt, number });
        let span = self.span(begin, address);
        Some(Runner {
            begin,
            permit,
            span,
            began: now,
            place,
        })
    }

    /// What an outcome means for the race.
    ///
    /// A refusal may be due to the other attempt, where that may have had an effect: the key is in use, what was to be
    /// deleted is gone, a precondition holds no longer. Only for a safe method without a key it is the answer.
    pub(super) fn standing(&self, outcome: &mut Outcome<'_>) -> Standing {
        let (method, keyed) = (self.receipt.method(), self.receipt.key().is_some());
        let verdict = self.judge(outcome);
        let succeeded = outcome.status().is_some_and(|status| status.is_success());
        let answered = outcome.status().is_some() && verdict.is_accept();
        match (answered, verdict.is_retry()) {
            (true, _) if succeeded || (method.is_safe() && !keyed) => Standing::Wins,
            (true, _) => Standing::Refused,
            (false, true) => Standing::Repeatable,
            (false, false) => Standing::Over,
        }
    }

    /// Writes down an attempt that has no say in what follows.
    pub(super) fn puts_aside(&mut self, outcome: &mut Outcome<'_>, ended: Ended<'_, '_>) {
        let setup = self.plan.setup;
        let verdict = self.judge(outcome);
        let Ended { spent, about } = ended;
        let seen = (&*outcome, &verdict, about.landing);
        let transitions = self.steps.put_aside(setup.shields(), spent, seen, || setup.dice.roll());
        self.writes_down(outcome, &verdict, &about);
        self.tell_all(&transitions);
    }

    /// Writes down an attempt that was dropped because another one answered: what it did is not known.
    pub(super) fn cancels(&mut self, (runner, trip): (&Runner<'_>, &Trip), now: Instant) {
        self.steps.attempts.cancelled();
        let times = (runner.began - self.started, now - runner.began);
        let attempt = Attempt::cancelled(runner.begin.number, times, trip.hops());
        self.writes(attempt, &runner.span);
    }

    /// Observes how long an attempt had run unanswered when its hedge answered.
    ///
    /// Not of a hedge that was cancelled: it had run for a moment only, and would make the next one come sooner.
    pub(super) fn outran(&self, lead: &Runner<'_>, now: Instant) {
        if let Some(hedge) = self.plan.hedge() {
            self.steps.guards.observed(hedge, now - lead.began);
        }
    }
}

/// What an outcome means for the race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It ends it.
    Wins,
    /// An answer, unless the other attempt was its cause.
    Refused,
    /// The attempt may be repeated.
    Repeatable,
    /// It may not.
    Over,
}
