use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, Method, StatusCode};

use super::guard::{Landing, Shields};
use super::steps::{Admitted, Refused, Spent, Steps};
use crate::breaker::{Permit, Transition};
use crate::classify::Verdict;
use crate::clock::Clock;
use crate::concurrency::ConcurrencyLimit;
use crate::event::{AttemptSpan, Event, Observers, operation_ended};
use crate::hedge::Hedge;
use crate::operation::{Address, Attempt, Effect, Hop, Outcome, Receipt, StopReason};
use crate::preset::Preset;
use crate::retry::{Begin, Decision, RetryPolicy};
use crate::rng::Dice;

/// What an operation is given to go by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) address: Address<'a>,
    pub(crate) judge: Judge<'a>,
    pub(crate) shields: Shields<'a>,
    pub(crate) limit: Option<&'a ConcurrencyLimit>,
    pub(crate) hedge: Option<&'a Hedge>,
    pub(crate) attempt_timeout: Duration,
    /// The header in which the server names its answers.
    pub(crate) request_id: Option<&'a HeaderName>,
    pub(crate) clock: &'a Clock,
    pub(crate) observers: &'a Observers,
    pub(crate) dice: &'a Dice,
}

/// Whose classifiers are asked, in order: the request's, the client's, the preset's; the first one's table answers last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge<'a> {
    pub(crate) policy: &'a RetryPolicy,
    pub(crate) client: &'a RetryPolicy,
    pub(crate) preset: Option<&'a Preset>,
}

/// One HTTP operation's [`Steps`], with all of it written down: receipt, spans, events.
///
/// It does no I/O and never waits. It borrows, so that a driver may keep the parts wherever its future keeps things.
#[derive(Debug)]
pub(crate) struct Course<'a> {
    pub(crate) plan: Plan<'a>,
    pub(crate) steps: &'a mut Steps,
    pub(crate) receipt: &'a mut Receipt,
    pub(crate) started: Instant,
}

/// What is known of an attempt when it ended.
#[derive(Debug)]
pub(crate) struct Ended<'p> {
    pub(crate) number: u32,
    pub(crate) spent: Spent<'p>,
    pub(crate) span: AttemptSpan,
    /// The redirects that it followed, and who answered.
    pub(crate) path: (&'p [Hop], Option<&'p Landing>),
}

impl<'a> Course<'a> {
    /// Asks for leave to make the next attempt. A refusal is no attempt and costs nothing.
    pub(crate) fn admit(&mut self, now: Instant) -> Result<Admitted<'a>, (StopReason, Option<Duration>)> {
        let admitted = self.steps.admit(self.plan.shields, now);
        let transition = match &admitted {
            Ok(admitted) => admitted.permit.as_ref().and_then(Permit::transition),
            Err(refused) => refused.transition.as_ref(),
        };
        // The breaker has changed, whether or not the attempt is made.
        if let Some(transition) = transition {
            self.tell_transition(transition);
        }
        admitted.map_err(|Refused { stop, retry_after, .. }| (stop, retry_after))
    }

    /// The span of the attempt that is about to be sent.
    pub(crate) fn span(&self, begin: Begin) -> AttemptSpan {
        AttemptSpan::new(self.receipt, self.plan.address, begin.number)
    }

    /// Tells that an attempt is about to be sent, and how long it may take: its own limit, or what is left.
    pub(crate) fn begins(&mut self, begin: Begin) -> Duration {
        let number = begin.number;
        let duplicates = self.steps.attempts.possible_duplicates();
        if duplicates > self.receipt.possible_duplicates() {
            self.receipt.may_have_duplicated(duplicates);
            self.tell(&Event::DuplicatePossible {
                receipt: self.receipt,
                number,
            });
        }
        self.tell(&Event::AttemptStarted {
            receipt: self.receipt,
            number,
        });
        begin
            .time_left
            .map_or(self.plan.attempt_timeout, |left| left.min(self.plan.attempt_timeout))
    }

    /// Judges the outcome, writes it down, and says what follows; with the wait that was asked for, if it stops.
    pub(crate) fn ends(&mut self, outcome: Outcome<'_>, ended: Ended<'_>) -> (Decision, Option<Duration>) {
        let Plan { shields, dice, .. } = self.plan;
        self.writes_down(outcome, ended, |steps, spent, seen| {
            let settled = steps.settle(shields, spent, seen, || dice.roll());
            ((settled.decision, settled.retry_after), settled.transitions)
        })
    }

    /// Judges an outcome, has it settled, and writes it down.
    pub(super) fn writes_down<R>(
        &mut self,
        outcome: Outcome<'_>,
        ended: Ended<'_>,
        settle: impl FnOnce(&mut Steps, Spent<'_>, (&Outcome<'_>, &Verdict, Option<&Landing>)) -> (R, Vec<Transition>),
    ) -> R {
        let Ended {
            number,
            spent,
            span,
            path: (hops, landing),
        } = ended;
        let (began, took) = (spent.began, spent.ended - spent.began);
        let outcome = outcome.with_attempt(number);
        let (outcome, verdict) = self.plan.judged(outcome, self.receipt.method(), hops);
        let (follows, transitions) = settle(self.steps, spent, (&outcome, &verdict, landing));
        if let Some(hedge) = self.plan.hedge
            && outcome.status().is_some_and(|status| status.is_success())
        {
            self.steps.guards.observed(hedge, took);
        }
        let effect = self.steps.attempts.last_effect();
        let attempt = self
            .plan
            .attempt(&outcome, &verdict, (effect, began - self.started, took), hops);
        self.writes(attempt, &span);
        self.tell_all(&transitions);
        follows
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
        self.tell(&Event::LookedUp {
            receipt: self.receipt,
            effect,
        });
    }

    /// Notes the wait that begins now.
    pub(crate) fn waits(&mut self, wait: Duration) {
        self.receipt.waits(wait);
        self.tell(&Event::RetryScheduled {
            receipt: self.receipt,
            wait,
        });
    }

    /// Completes the receipt.
    pub(crate) fn stops(&mut self, stop: StopReason, retry_after: Option<Duration>, now: Instant) {
        let elapsed = now.saturating_duration_since(self.started);
        self.receipt.stopped(stop, retry_after, elapsed, now);
        operation_ended(self.receipt);
        self.tell(&Event::Stopped { receipt: self.receipt });
    }

    /// Adds an attempt to the receipt; the cause before what it brought about.
    pub(super) fn writes(&mut self, attempt: Attempt, span: &AttemptSpan) {
        span.ended(&attempt);
        self.receipt.add(attempt);
        self.receipt.has_effect(self.steps.attempts.effect());
        self.tell(&Event::AttemptEnded { receipt: self.receipt });
    }

    pub(super) fn tell_all(&self, transitions: &[Transition]) {
        for transition in transitions {
            self.tell_transition(transition);
        }
    }

    pub(super) fn tell(&self, event: &Event<'_>) {
        self.plan.observers.tell(event);
    }

    pub(super) fn tell_transition(&self, transition: &Transition) {
        self.tell(&Event::CircuitChanged {
            receipt: self.receipt,
            transition,
        });
    }
}

impl Plan<'_> {
    /// What an outcome means, with all that a classifier may ask of it.
    pub(super) fn judged<'o>(&self, outcome: Outcome<'o>, method: &'o Method, hops: &[Hop]) -> (Outcome<'o>, Verdict) {
        let mut outcome = redirected(outcome, method, hops).with_method(method);
        let is_success = outcome.status().is_some_and(|status| status.is_success());
        if !is_success {
            // For dates in headers, which a success is not asked for.
            outcome = outcome.with_received(self.clock.wall());
        }
        let verdict = self.judge.verdict(&outcome);
        if is_success && !verdict.is_accept() {
            outcome = outcome.with_received(self.clock.wall());
        }
        (outcome, verdict)
    }

    /// An attempt as the receipt keeps it.
    pub(super) fn attempt(
        &self,
        outcome: &Outcome<'_>,
        verdict: &Verdict,
        (effect, started, took): (Effect, Duration, Duration),
        hops: &[Hop],
    ) -> Attempt {
        Attempt::new(outcome, effect, (started, took), hops)
            .with_problem(verdict.problem())
            .with_request_id(self.request_id(outcome))
    }

    fn request_id<'o>(&self, outcome: &Outcome<'o>) -> Option<&'o HeaderValue> {
        outcome.headers()?.get(self.request_id?)
    }
}

impl Judge<'_> {
    fn verdict(&self, outcome: &Outcome<'_>) -> Verdict {
        let own = self.policy.opinion(outcome);
        let opinion = own.or_else(|| {
            if self.policy.is(self.client) {
                None
            } else {
                self.client.opinion(outcome)
            }
        });
        let opinion = opinion.or_else(|| self.preset?.opinion(outcome));
        opinion.unwrap_or_else(|| self.policy.by_table(outcome))
    }

    /// Whether anyone who is asked wants to see the body of an error with this status.
    pub(super) fn wants_body(&self, status: StatusCode) -> bool {
        self.policy.wants_body(status)
            || self.client.wants_body(status)
            || self.preset.is_some_and(|preset| preset.asks_for_body(status))
    }
}

/// Says whose outcome it is, when redirects were followed.
fn redirected<'o>(outcome: Outcome<'o>, method: &Method, hops: &[Hop]) -> Outcome<'o> {
    let diverts = |hop: &Hop| matches!(hop.status().as_u16(), 301 | 302) && hop.method() != method;
    match hops {
        [] => outcome,
        hops if hops.iter().any(diverts) => outcome.after_diversion(),
        _ => outcome.after_redirect(),
    }
}
