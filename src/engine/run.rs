use std::time::{Duration, Instant};

use tracing::Instrument;
use url::Url;

use super::Exchange;
use crate::classify::Verdict;
use crate::clock::Clock;
use crate::event::{AttemptSpan, Event, Observers, operation_ended};
use crate::operation::{Attempt, Failure, Outcome, Receipt, StopReason};
use crate::retry::{Attempts, Begin, Decision, RetryPolicy, effect_of};
use crate::rng;

/// What the loop is given beside the exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) url: &'a Url,
    pub(crate) judge: Judge<'a>,
    pub(crate) attempt_timeout: Duration,
    pub(crate) clock: &'a Clock,
    pub(crate) observers: &'a Observers,
}

/// Whose classifiers are asked, in order: the request's policy, then the client's; the first one's table answers last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge<'a> {
    pub(crate) policy: &'a RetryPolicy,
    pub(crate) client: &'a RetryPolicy,
}

/// How an operation ended.
#[derive(Debug)]
pub(crate) struct Finished<A> {
    pub(crate) receipt: Receipt,
    /// The last attempt's answer, or an earlier one that was kept readable.
    pub(crate) answer: Option<A>,
    /// How the last attempt failed, if it brought no answer.
    pub(crate) failure: Option<Failure>,
}

/// The loop over attempts: one operation, from its first attempt to its end.
pub(crate) async fn run<E: Exchange>(
    exchange: &mut E,
    plan: Plan<'_>,
    attempts: Attempts,
    receipt: Receipt,
    started: Instant,
) -> Finished<E::Answer> {
    Run {
        exchange,
        plan,
        attempts,
        receipt,
        started,
        kept: None,
        failure: None,
    }
    .drive()
    .await
}

struct Run<'a, E: Exchange> {
    exchange: &'a mut E,
    plan: Plan<'a>,
    attempts: Attempts,
    receipt: Receipt,
    started: Instant,
    kept: Option<E::Answer>,
    failure: Option<Failure>,
}

impl<E: Exchange> Run<'_, E> {
    async fn drive(mut self) -> Finished<E::Answer> {
        loop {
            let now = self.plan.clock.now();
            let begin = match self.attempts.begin(now) {
                Ok(begin) => begin,
                Err(stop) => return self.finish(stop, now),
            };
            let span = AttemptSpan::new(&self.receipt, self.plan.url, begin.number);
            let result = self.attempt(begin).instrument(span.span()).await;
            let ended = self.plan.clock.now();
            let decision = self.decide(&result, begin.number, (now, ended), &span);
            match decision {
                Decision::Stop(stop) => {
                    self.keep(result);
                    return self.finish(stop, ended);
                }
                Decision::RetryAfter(wait) => self.wait(wait, result, ended).await,
            }
        }
    }

    /// Sends once, within the attempt's limit and what is left until the deadline.
    async fn attempt(&mut self, begin: Begin) -> Result<E::Answer, Failure> {
        let number = begin.number;
        self.tell(&Event::AttemptStarted {
            receipt: &self.receipt,
            number,
        });
        let limit = begin
            .time_left
            .map_or(self.plan.attempt_timeout, |left| left.min(self.plan.attempt_timeout));
        let sent = self.plan.clock.limit(limit, self.exchange.send(number)).await;
        sent.unwrap_or_else(|| Err(self.exchange.timed_out()))
    }

    /// Judges the outcome, writes it down, and asks what follows.
    fn decide(
        &mut self,
        result: &Result<E::Answer, Failure>,
        number: u32,
        (began, ended): (Instant, Instant),
        span: &AttemptSpan,
    ) -> Decision {
        let hops = self.exchange.take_hops();
        let outcome = match result {
            Ok(answer) => self.exchange.outcome(answer),
            Err(failure) => Outcome::failure(failure),
        };
        let mut outcome = outcome.with_method(self.receipt.method()).with_attempt(number);
        if hops.iter().any(|hop| hop.method() != self.receipt.method()) {
            outcome = outcome.of_another_method();
        }
        let verdict = self.plan.judge.verdict(&outcome);
        let times = (began - self.started, ended - began);
        let attempt = Attempt::new(&outcome, effect_of(&outcome, &verdict), times, hops);
        let decision = if verdict.is_retry() {
            // Only a retry needs a random number, and only a date in its headers the wall clock.
            let outcome = outcome.with_received(self.plan.clock.wall());
            self.attempts.after(&outcome, &verdict, ended, rng::jitter())
        } else {
            self.attempts.after(&outcome, &verdict, ended, 0.0)
        };
        span.ended(&attempt);
        self.receipt.add(attempt);
        self.receipt.has_effect(self.attempts.effect());
        self.tell(&Event::AttemptEnded { receipt: &self.receipt });
        decision
    }

    /// Waits; meanwhile the answer that is not the last frees its connection.
    async fn wait(&mut self, wait: Duration, result: Result<E::Answer, Failure>, since: Instant) {
        self.receipt.waits(wait);
        self.tell(&Event::RetryScheduled {
            receipt: &self.receipt,
            wait,
        });
        match result {
            Ok(answer) => {
                self.failure = None;
                self.kept = self.exchange.retire(answer, wait).await;
            }
            Err(failure) => self.failure = Some(failure),
        }
        let spent = self.plan.clock.now().saturating_duration_since(since);
        self.plan.clock.sleep(wait.saturating_sub(spent)).await;
    }

    fn keep(&mut self, result: Result<E::Answer, Failure>) {
        match result {
            Ok(answer) => {
                self.failure = None;
                self.kept = Some(answer);
            }
            Err(failure) => self.failure = Some(failure),
        }
    }

    fn finish(mut self, stop: StopReason, now: Instant) -> Finished<E::Answer> {
        let elapsed = now.saturating_duration_since(self.started);
        self.receipt.stopped(stop, self.attempts.retry_after(), elapsed, now);
        operation_ended(&self.receipt);
        self.tell(&Event::Stopped { receipt: &self.receipt });
        Finished {
            receipt: self.receipt,
            answer: self.kept,
            failure: self.failure,
        }
    }

    fn tell(&self, event: &Event<'_>) {
        self.plan.observers.tell(event);
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
        opinion.unwrap_or_else(|| self.policy.by_table(outcome))
    }
}
