use std::borrow::Borrow;
use std::time::{Duration, Instant};

use super::Plan;
use super::guard::Landing;
use super::steps::{Refused, Settled, Spent, Steps};
use crate::breaker::{Permit, Transition};
use crate::classify::Verdict;
use crate::event::{AttemptSpan, Event, operation_ended};
use crate::operation::{Address, Attempt, Effect, Hop, Outcome, Receipt, Seldom, StopReason};
use crate::retry::{Begin, RetryPolicy};

/// One HTTP operation's [`Steps`], with all of it written down: receipt, spans, events.
///
/// It does no I/O and never waits. It borrows, so that a driver may keep the parts wherever its future keeps things; the
/// policy too, unless the driver outlives what it could be borrowed from.
#[derive(Debug)]
pub(crate) struct Course<'a, P = &'a RetryPolicy> {
    pub(crate) plan: Plan<'a>,
    pub(crate) steps: &'a mut Steps<P>,
    pub(crate) receipt: &'a mut Receipt,
    pub(crate) started: Instant,
}

/// An attempt that ended.
#[derive(Debug)]
pub(crate) struct Ended<'p, 'a> {
    pub(super) spent: Spent<'p, 'a>,
    pub(super) about: About<'p>,
}

/// What is written down of an attempt beside its outcome.
#[derive(Debug)]
pub(super) struct About<'p> {
    span: &'p AttemptSpan,
    began: Instant,
    took: Duration,
    hops: &'p [Hop],
    pub(super) landing: Option<&'p Landing>,
}

impl<'p, 'a> Ended<'p, 'a> {
    /// With the redirects that it followed, and who answered.
    #[inline]
    pub(crate) fn new(
        spent: Spent<'p, 'a>,
        span: &'p AttemptSpan,
        (hops, landing): (&'p [Hop], Option<&'p Landing>),
    ) -> Self {
        Self {
            about: About {
                span,
                began: spent.began,
                took: spent.ended.saturating_duration_since(spent.began),
                hops,
                landing,
            },
            spent,
        }
    }
}

impl<'a, P: Borrow<RetryPolicy>> Course<'a, P> {
    /// Asks for leave to make the next attempt. A refusal is no attempt and costs nothing.
    #[inline]
    pub(crate) fn admit(&mut self, permit: &mut Option<Permit<'a>>, now: Instant) -> Result<Begin, Box<Refused>> {
        let begin = self.steps.admit(self.plan.setup.shields(), permit, now);
        let transition = match &begin {
            Ok(_) => permit.as_ref().and_then(Permit::transition),
            Err(refused) => refused.transition.as_ref(),
        };
        // The breaker has changed, whether or not the attempt is made.
        if let Some(transition) = transition {
            self.tell_transition(transition);
        }
        begin
    }

    /// The span of the attempt that is about to be sent.
    pub(crate) fn span(&self, begin: Begin, address: Address<'_>) -> AttemptSpan {
        AttemptSpan::new(self.receipt, address, begin.number)
    }

    /// Tells, in its span, that an attempt is about to be sent, and how long it may take.
    #[inline]
    pub(super) fn begins(&mut self, begin: Begin, span: &AttemptSpan) -> Duration {
        if span.is_disabled() {
            self.sets_out(begin)
        } else {
            span.span().in_scope(|| self.sets_out(begin))
        }
    }

    /// Tells that an attempt is about to be sent, and how long it may take: its own limit, or what is left.
    pub(crate) fn sets_out(&mut self, begin: Begin) -> Duration {
        let number = begin.number;
        if self.steps.attempts.possible_duplicates() > 0 {
            self.may_duplicate(number);
        }
        self.tell(|receipt| Event::AttemptStarted { receipt, number });
        begin
            .time_left
            .map_or(self.plan.attempt_timeout, |left| left.min(self.plan.attempt_timeout))
    }

    #[cold]
    fn may_duplicate(&mut self, number: u32) {
        let duplicates = self.steps.attempts.possible_duplicates();
        if duplicates > self.receipt.possible_duplicates() {
            self.receipt.may_have_duplicated(duplicates);
            self.tell(|receipt| Event::DuplicatePossible { receipt, number });
        }
    }

    /// Judges the outcome, writes it down, and says what follows; see [`Steps::settle`].
    #[inline]
    pub(crate) fn ends(&mut self, outcome: &mut Outcome<'_>, ended: Ended<'_, '_>) -> Seldom<Settled> {
        let setup = self.plan.setup;
        let verdict = self.judge(outcome);
        let Ended { spent, about } = ended;
        let seen = (&*outcome, &verdict, about.landing);
        let settled = self.steps.settle(setup.shields(), spent, seen, || setup.dice.roll());
        self.writes_down(outcome, &verdict, &about);
        if let Some(settled) = settled.get() {
            self.tell_all(&settled.transitions);
        }
        settled
    }

    /// What an outcome means, given what the operation's key is worth.
    #[inline]
    pub(super) fn judge(&self, outcome: &mut Outcome<'_>) -> Verdict {
        outcome.has_key(self.steps.attempts.honors_key());
        self.plan.judge(outcome)
    }

    /// Writes down an attempt that was judged and settled.
    #[inline]
    pub(super) fn writes_down(&mut self, outcome: &Outcome<'_>, verdict: &Verdict, about: &About<'_>) {
        if let Some(hedge) = self.plan.hedge()
            && outcome.status().is_some_and(|status| status.is_success())
        {
            self.steps.guards.observed(hedge, about.took);
        }
        let effect = self.steps.attempts.last_effect();
        let started = about.began.saturating_duration_since(self.started);
        let attempt = self
            .plan
            .attempt(outcome, verdict, (effect, started, about.took), about.hops);
        self.writes(attempt, about.span);
    }

    /// Whether the operation may have taken effect and nothing since has told.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.steps.attempts.is_in_doubt()
    }

    /// How long finding that out may take: as an attempt.
    pub(crate) fn lookup_limit(&self, now: Instant) -> Duration {
        let left = self.steps.attempts.time_left(now);
        left.map_or(self.plan.attempt_timeout, |left| left.min(self.plan.attempt_timeout))
    }

    /// Why the operation is not repeated, as far as a lookup has the last word.
    pub(crate) fn barred(&self) -> Option<StopReason> {
        self.steps.attempts.barred()
    }

    /// Notes what was found out about the attempts so far.
    pub(crate) fn found(&mut self, effect: Effect) {
        self.steps.attempts.found(effect);
        self.receipt.has_effect(self.steps.attempts.effect());
        self.receipt.looked_up(effect);
        self.tell(|receipt| Event::LookedUp { receipt, effect });
    }

    /// Notes the wait that begins now.
    pub(crate) fn waits(&mut self, wait: Duration) {
        self.receipt.waits(wait);
        self.tell(|receipt| Event::RetryScheduled { receipt, wait });
    }

    /// Completes the receipt.
    pub(crate) fn stops(&mut self, stop: StopReason, retry_after: Option<Duration>, now: Instant) {
        let elapsed = now.saturating_duration_since(self.started);
        self.receipt.stopped(stop, retry_after, elapsed, now);
        operation_ended(self.receipt);
        self.tell(|receipt| Event::Stopped { receipt });
    }

    /// Adds an attempt to the receipt; the cause before what it brought about.
    pub(super) fn writes(&mut self, attempt: Attempt, span: &AttemptSpan) {
        span.ended(&attempt);
        self.receipt.add(attempt);
        self.receipt.has_effect(self.steps.attempts.effect());
        self.tell(|receipt| Event::AttemptEnded { receipt });
    }

    pub(super) fn tell_all(&self, transitions: &[Transition]) {
        for transition in transitions {
            self.tell_transition(transition);
        }
    }

    #[inline]
    pub(super) fn tell<'e>(&'e self, event: impl FnOnce(&'e Receipt) -> Event<'e>) {
        self.plan.setup.observers.tell(|| event(self.receipt));
    }

    pub(super) fn tell_transition(&self, transition: &Transition) {
        self.tell(|receipt| Event::CircuitChanged { receipt, transition });
    }
}
