use std::time::{Duration, Instant};

use tracing::Instrument;

use super::course::{Course, Ended};
use super::queue::{Entered, enter};
use super::race::{Runner, race};
use super::steps::Spent;
use super::{Exchange, Prospect};
use crate::clock::Clock;
use crate::operation::{Effect, Failure, Outcome, StopReason};
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

/// What follows, the wait that was asked for, and when that was decided.
type Followed<T> = (T, Option<Duration>, Instant);

impl<E: Exchange> Run<'_, E> {
    /// Runs the operation to its end; the receipt is complete then.
    ///
    /// By reference, as everything that is awaited here: a future keeps what it was given beside what it made of it.
    pub(crate) async fn drive(&mut self) {
        // The first attempt begins with the operation: one clock read for both.
        let mut began = self.course.started;
        loop {
            // Boxed, so that nothing an attempt needs is held while the next one is waited for.
            let (decision, hint, at) = match Box::pin(self.once(began)).await {
                Ok(followed) => followed,
                Err((stop, hint, at)) => return self.course.stops(stop, hint, at),
            };
            match decision {
                Decision::Stop(stop) if self.is_askable(stop) => {
                    let (found, now) = Box::pin(self.look_up(Prospect::GivenUp, at)).await;
                    // Who has been told to come back later might do what is done a second time.
                    let (stop, hint) = found.map_or((stop, hint), |done| (done, None));
                    return self.course.stops(stop, hint, now);
                }
                Decision::Stop(stop) => return self.course.stops(stop, hint, at),
                Decision::RetryAfter(wait) => self.wait(wait, at).await,
            }
            began = self.course.plan.clock.now();
            if self.exchange.can_look_up() && self.course.is_in_doubt() {
                let (found, now) = Box::pin(self.look_up(Prospect::Repeated, began)).await;
                // What stays forbidden need not queue for a place.
                if let Some(stop) = found.or(self.course.barred()) {
                    return self.course.stops(stop, None, now);
                }
                began = now;
            }
        }
    }

    /// Makes one attempt and decides what follows; with the wait that was asked for, if it stops, and when that was.
    ///
    /// # Errors
    ///
    /// If there was no leave to make it: why, with the wait that was asked for, and when.
    async fn once(&mut self, mut began: Instant) -> Result<Followed<Decision>, Followed<StopReason>> {
        let place = match self.course.plan.limit {
            None => None,
            // Boxed, as all that few operations do: the common one should not be as large as this.
            Some(limit) => match Box::pin(enter(limit, &mut self.course, began)).await {
                Ok(Entered { place, at }) => {
                    began = at;
                    place
                }
                Err((stop, at)) => return Err((stop, None, at)),
            },
        };
        let mut runner = match self.course.admit(began) {
            Ok(admitted) => Runner {
                span: self.course.span(admitted.begin),
                admitted,
                began,
            },
            Err((stop, retry_after)) => return Err((stop, retry_after, began)),
        };
        let mut ended = None;
        let result = match self.course.hedge_delay() {
            None => {
                self.attempt(runner.admitted.begin, began)
                    .instrument(runner.span.span())
                    .await
            }
            Some(delay) => {
                let exchanges = (self.exchange.twin(), self.exchange.twin());
                let lap = Box::pin(race(&mut self.course, exchanges, runner, delay)).await;
                self.exchange = lap.exchange;
                runner = lap.runner;
                ended = Some(lap.ended);
                lap.result
            }
        };
        let at = self.course.plan.clock.now();
        drop(place);
        let ended = Ended {
            number: runner.admitted.begin.number,
            spent: Spent {
                permit: runner.admitted.permit,
                began: runner.began,
                ended: ended.unwrap_or(at),
                at,
            },
            span: runner.span,
            path: (self.exchange.hops(), self.exchange.landing()),
        };
        let outcome = match &result {
            Ok(answer) => self.exchange.outcome(answer),
            Err(failure) => Outcome::failure(failure),
        };
        let (decision, hint) = self.course.ends(outcome, ended);
        self.remember(result);
        Ok((decision, hint, at))
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
            Box::pin(self.exchange.retire(&mut self.last.answer, wait)).await;
        }
        let clock = self.course.plan.clock;
        let spent = clock.now().saturating_duration_since(since);
        clock.sleep(wait.saturating_sub(spent)).await;
    }

    /// Whether a lookup could tell more of an operation that is given up.
    fn is_askable(&self, stop: StopReason) -> bool {
        stop != StopReason::Accepted && self.exchange.can_look_up() && self.course.is_in_doubt()
    }

    /// Finds out what became of the operation, within the limit of an attempt; with the reason to stop, if it is done.
    async fn look_up(&mut self, prospect: Prospect, now: Instant) -> (Option<StopReason>, Instant) {
        let limit = self.course.lookup_limit(now);
        let asked = self.exchange.look_up(self.course.receipt, prospect);
        let found = Clock::limit(limit, asked).await;
        let (effect, answer) = found.unwrap_or((Effect::Unknown, None));
        self.course.found(effect);
        let now = self.course.plan.clock.now();
        if effect != Effect::Applied {
            return (None, now);
        }
        // An earlier answer says nothing any more.
        self.last.answer = answer;
        (Some(StopReason::LookedUp), now)
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
