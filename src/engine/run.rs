use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, Method, StatusCode};
use tracing::Instrument;
use url::Url;

use super::Exchange;
use super::guard::Guards;
use crate::breaker::{Permit, Transition, Try};
use crate::classify::Verdict;
use crate::clock::Clock;
use crate::event::{AttemptSpan, Event, Observers, operation_ended};
use crate::operation::{Attempt, Failure, Hop, Outcome, Receipt, StopReason};
use crate::preset::Preset;
use crate::retry::{Attempts, Begin, Decision, RetryPolicy};
use crate::rng::Dice;

/// What the loop is given beside the exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) url: &'a Url,
    pub(crate) judge: Judge<'a>,
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

/// How an operation ended, beside its receipt.
#[derive(Debug)]
pub(crate) struct Finished<A> {
    /// The last attempt's answer, or an earlier one that was kept readable.
    pub(crate) answer: Option<A>,
    /// How the last attempt failed, if it brought no answer.
    pub(crate) failure: Option<Failure>,
}

/// One operation on its way: the loop over its attempts.
pub(crate) struct Run<'a, E: Exchange> {
    pub(crate) exchange: E,
    pub(crate) plan: Plan<'a>,
    pub(crate) guards: Guards<'a>,
    pub(crate) attempts: Attempts,
    pub(crate) receipt: &'a mut Receipt,
    pub(crate) started: Instant,
    pub(crate) last: Finished<E::Answer>,
}

/// What is known of an attempt when it ended.
struct Ended<'p> {
    number: u32,
    permit: Option<Permit<'p>>,
    span: AttemptSpan,
    began: Instant,
    at: Instant,
}

impl<'a, E: Exchange> Run<'a, E> {
    /// Runs the operation to its end; the receipt is complete then.
    ///
    /// By reference, as everything that is awaited here: a future keeps what it was given beside what it made of it.
    pub(crate) async fn drive(&mut self) {
        // The first attempt begins with the operation: one clock read for both.
        let mut now = self.started;
        loop {
            let (begin, permit) = match self.admit(now) {
                Ok(admitted) => admitted,
                Err((stop, retry_after)) => return self.finish(stop, retry_after, now),
            };
            let span = AttemptSpan::new(self.receipt, self.plan.url, begin.number);
            let result = self.attempt(begin, now).instrument(span.span()).await;
            let at = self.plan.clock.now();
            let ended = Ended {
                number: begin.number,
                permit,
                span,
                began: now,
                at,
            };
            let (decision, hint) = self.decide(&result, ended);
            self.remember(result);
            match decision {
                Decision::Stop(stop) => return self.finish(stop, hint, at),
                Decision::RetryAfter(wait) => self.wait(wait, at).await,
            }
            now = self.plan.clock.now();
        }
    }

    /// Asks breaker, budget and policy for leave to make the next attempt. A refusal is no attempt and costs nothing.
    fn admit(&mut self, now: Instant) -> Result<(Begin, Option<Permit<'a>>), (StopReason, Option<Duration>)> {
        let attempt = if self.attempts.begun() == 0 {
            Try::First
        } else {
            Try::Retry
        };
        let permit = self.guards.admit(attempt, now).map_err(|refusal| {
            (
                StopReason::CircuitOpen,
                refusal.retry_at.map(|at| at.saturating_duration_since(now)),
            )
        })?;
        // Told before the policy is asked: the breaker has changed, whether or not the attempt is made.
        if let Some(transition) = permit.as_ref().and_then(Permit::transition) {
            self.tell_transition(transition);
        }
        // A withdrawal that no attempt follows goes back when it is dropped.
        let hint = self.attempts.retry_after();
        let withdrawal = self.guards.pay().map_err(|stop| (stop, hint))?;
        let begin = self.attempts.begin(now).map_err(|stop| (stop, hint))?;
        self.guards.spend(withdrawal);
        Ok((begin, permit))
    }

    /// Sends once, within the attempt's limit and what is left until the deadline.
    async fn attempt(&mut self, begin: Begin, now: Instant) -> Result<E::Answer, Failure> {
        let number = begin.number;
        let duplicates = self.attempts.possible_duplicates();
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
        let limit = begin
            .time_left
            .map_or(self.plan.attempt_timeout, |left| left.min(self.plan.attempt_timeout));
        let clock = self.plan.clock;
        let sent = clock.limit_since(now, limit, self.exchange.send(number)).await;
        sent.unwrap_or_else(|| Err(self.exchange.timed_out()))
    }

    /// Judges the outcome, writes it down, and asks what follows; with the wait that was asked for, if it stops.
    fn decide(&mut self, result: &Result<E::Answer, Failure>, ended: Ended<'a>) -> (Decision, Option<Duration>) {
        let Ended {
            number,
            permit,
            span,
            began,
            at,
        } = ended;
        let outcome = match result {
            Ok(answer) => self.exchange.outcome(answer),
            Err(failure) => Outcome::failure(failure),
        };
        let hops = self.exchange.hops();
        let outcome = redirected(outcome, self.receipt.method(), hops);
        let mut outcome = outcome.with_method(self.receipt.method()).with_attempt(number);
        let is_success = outcome.status().is_some_and(|status| status.is_success());
        if !is_success {
            // For dates in headers, which a success is not asked for.
            outcome = outcome.with_received(self.plan.clock.wall());
        }
        let verdict = self.plan.judge.verdict(&outcome);
        if is_success && !verdict.is_accept() {
            outcome = outcome.with_received(self.plan.clock.wall());
        }
        // Drawn for a success, too: a slow one may open the breaker.
        let transitions = self.guards.settle(
            permit,
            self.exchange.landing(),
            &outcome,
            (began, at),
            self.plan.dice.roll(),
        );
        // Only a retry needs a random number.
        let random = if verdict.is_retry() { self.plan.dice.roll() } else { 0.0 };
        let decision = self.attempts.after(&outcome, &verdict, at, random);
        let decision = self
            .guards
            .last_word((decision, self.attempts.retry_after()), &outcome, self.plan.clock);

        let attempt = Attempt::new(
            &outcome,
            self.attempts.last_effect(),
            (began - self.started, at - began),
            hops.to_vec(),
        )
        .with_problem(verdict.problem())
        .with_request_id(self.request_id(&outcome));
        span.ended(&attempt);
        self.receipt.add(attempt);
        self.receipt.has_effect(self.attempts.effect());
        // The cause before what it brought about.
        self.tell(&Event::AttemptEnded { receipt: self.receipt });
        transitions
            .iter()
            .flatten()
            .for_each(|transition| self.tell_transition(transition));
        decision
    }

    /// Waits; meanwhile the answer that is not the last frees its connection.
    async fn wait(&mut self, wait: Duration, since: Instant) {
        self.receipt.waits(wait);
        self.tell(&Event::RetryScheduled {
            receipt: self.receipt,
            wait,
        });
        // An answer from before a failure was retired then.
        if self.last.failure.is_none() {
            self.exchange.retire(&mut self.last.answer, wait).await;
        }
        let spent = self.plan.clock.now().saturating_duration_since(since);
        self.plan.clock.sleep(wait.saturating_sub(spent)).await;
    }

    /// Keeps the attempt's answer as the last one, or its failure beside the last answer.
    fn remember(&mut self, result: Result<E::Answer, Failure>) {
        match result {
            Ok(answer) => {
                self.last = Finished {
                    answer: Some(answer),
                    failure: None,
                }
            }
            Err(failure) => self.last.failure = Some(failure),
        }
    }

    fn finish(&mut self, stop: StopReason, retry_after: Option<Duration>, now: Instant) {
        let elapsed = now.saturating_duration_since(self.started);
        self.receipt.stopped(stop, retry_after, elapsed, now);
        operation_ended(self.receipt);
        self.tell(&Event::Stopped { receipt: self.receipt });
    }

    fn request_id<'o>(&self, outcome: &Outcome<'o>) -> Option<&'o HeaderValue> {
        outcome.headers()?.get(self.plan.request_id?)
    }

    fn tell(&self, event: &Event<'_>) {
        self.plan.observers.tell(event);
    }

    fn tell_transition(&self, transition: &Transition) {
        self.tell(&Event::CircuitChanged {
            receipt: self.receipt,
            transition,
        });
    }
}

impl<A> Default for Finished<A> {
    fn default() -> Self {
        Self {
            answer: None,
            failure: None,
        }
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
