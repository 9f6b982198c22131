use std::time::{Duration, Instant};

use tracing::Instrument;

use super::Exchange;
use super::course::{Course, Ended};
use super::steps::Spent;
use crate::operation::{Failure, Outcome};
use crate::retry::{Begin, Decision};

/// How an operation ended, beside its receipt.
#[derive(Debug)]
pub(crate) struct Finished<A> {
    /// The last attempt's answer, or an earlier one that was kept readable.
    pub(crate) answer: Option<A>,
    /// How the last attempt failed, if it brought no answer.
    pub(crate) failure: Option<Failure>,
}

/// The loop over an operation's attempts, waiting as async functions do.
pub(crate) struct Run<'a, E: Exchange> {
    pub(crate) exchange: E,
    pub(crate) course: Course<'a>,
    pub(crate) last: Finished<E::Answer>,
}

impl<E: Exchange> Run<'_, E> {
    /// Runs the operation to its end; the receipt is complete then.
    ///
    /// By reference, as everything that is awaited here: a future keeps what it was given beside what it made of it.
    pub(crate) async fn drive(&mut self) {
        // The first attempt begins with the operation: one clock read for both.
        let mut began = self.course.started;
        loop {
            let admitted = match self.course.admit(began) {
                Ok(admitted) => admitted,
                Err((stop, retry_after)) => return self.course.stops(stop, retry_after, began),
            };
            let span = self.course.span(admitted.begin);
            let result = self.attempt(admitted.begin, began).instrument(span.span()).await;
            let at = self.course.plan.clock.now();
            let ended = Ended {
                spent: Spent {
                    permit: admitted.permit,
                    began,
                    at,
                },
                span,
                path: (self.exchange.hops(), self.exchange.landing()),
            };
            let outcome = match &result {
                Ok(answer) => self.exchange.outcome(answer),
                Err(failure) => Outcome::failure(failure),
            };
            let (decision, hint) = self.course.ends(outcome, ended);
            self.remember(result);
            match decision {
                Decision::Stop(stop) => return self.course.stops(stop, hint, at),
                Decision::RetryAfter(wait) => self.wait(wait, at).await,
            }
            began = self.course.plan.clock.now();
        }
    }

    /// Sends once, within the attempt's limit and what is left until the deadline.
    async fn attempt(&mut self, begin: Begin, now: Instant) -> Result<E::Answer, Failure> {
        let limit = self.course.begins(begin);
        let clock = self.course.plan.clock;
        let sent = clock.limit_since(now, limit, self.exchange.send(begin.number)).await;
        sent.unwrap_or_else(|| Err(self.exchange.timed_out()))
    }

    /// Waits; meanwhile the answer that is not the last frees its connection.
    async fn wait(&mut self, wait: Duration, since: Instant) {
        self.course.waits(wait);
        // An answer from before a failure was retired then.
        if self.last.failure.is_none() {
            self.exchange.retire(&mut self.last.answer, wait).await;
        }
        let clock = self.course.plan.clock;
        let spent = clock.now().saturating_duration_since(since);
        clock.sleep(wait.saturating_sub(spent)).await;
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
}

impl<A> Default for Finished<A> {
    fn default() -> Self {
        Self {
            answer: None,
            failure: None,
        }
    }
}
