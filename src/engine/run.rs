use std::mem;
use std::pin::pin;
use std::time::{Duration, Instant};

use tracing::Instrument;

use super::aside::aside;
use super::course::{Course, Ended};
use super::queue::{Entered, enter};
use super::race::{Runner, race};
use super::steps::{Settled, Spent};
use super::{Exchange, Plan, Prospect, Sent, Trip};
use crate::clock::{Clock, Limited};
use crate::operation::{Effect, Failure, Seldom, StopReason, discard};
use crate::retry::Decision;

/// How an operation ended, beside its receipt.
#[derive(Debug)]
pub(crate) struct Finished<A> {
    /// The last attempt's answer, or an earlier one that was kept readable.
    pub(crate) answer: Option<A>,
    /// How the last attempt failed, if it brought no answer.
    pub(crate) failure: Option<Box<Failure>>,
}

/// The loop over an operation's attempts, waiting as async functions do.
pub(crate) struct Run<'a, E: Exchange> {
    pub(crate) exchange: E,
    pub(crate) course: Course<'a>,
    pub(crate) last: Last<E>,
    /// When the next attempt begins, or the last one did.
    pub(crate) began: Instant,
}

/// What the attempts so far brought.
pub(crate) struct Last<E: Exchange> {
    answer: Option<E::Answer>,
    /// In place of the answer, once its connection is free.
    retired: Seldom<E::Retired>,
    failure: Seldom<Failure>,
}

/// What follows an attempt that did not end the operation: a wait, or a stop that a lookup may tell more of.
pub(crate) struct Followed {
    decision: Decision,
    /// The wait that was asked for.
    hint: Option<Duration>,
    /// When that was decided.
    at: Instant,
}

impl<E: Exchange> Run<'_, E> {
    /// Runs the operation to its end; the receipt is complete then.
    ///
    /// By reference, as everything that is awaited here: a future keeps what it was given beside what it made of it.
    pub(crate) async fn drive(&mut self) -> Finished<E::Answer> {
        loop {
            // Of an operation that a loop around it repeats, before the first attempt too.
            if self.exchange.can_look_up() && self.course.is_in_doubt() && !aside(|| self.may_go_on()).await {
                break;
            }
            let Some(Followed { decision, hint, at }) = E::once(self).await.map(|followed| *followed) else {
                break;
            };
            match decision {
                Decision::Stop(stop) => {
                    aside(|| self.gives_up(stop, hint, at)).await;
                    break;
                }
                Decision::RetryAfter(wait) => {
                    self.exchange.rest();
                    let rest = aside(|| self.retire(wait, at)).await;
                    aside(|| self.course.plan.setup.clock.wait(rest)).await;
                }
            }
            self.began = self.course.plan.setup.clock.now();
        }
        self.finished()
    }

    /// Finds out what became of the operation before it is repeated; false if it is over.
    async fn may_go_on(&mut self) -> bool {
        let (found, now) = self.look_up(Prospect::Repeated, self.began).await;
        // What stays forbidden need not queue for a place.
        if let Some(stop) = found.or(self.course.barred()) {
            self.course.stops(stop, None, now);
            return false;
        }
        self.began = now;
        true
    }

    /// Makes one attempt, if there is leave, and tells what follows; nothing does if the operation is over.
    pub(crate) async fn once(&mut self) -> Option<Box<Followed>> {
        let mut began = self.began;
        let mut place = match &self.course.plan.setup.limit {
            None => None,
            Some(limit) => match aside(|| enter(limit, &mut self.course, began)).await {
                Ok(Entered { place, at }) => {
                    began = at;
                    place
                }
                Err((stop, at)) => return self.ends(stop, None, at),
            },
        };
        let mut permit = None;
        let mut leave = match self.course.admit(&mut permit, began) {
            Ok(leave) => leave,
            Err(refused) => return self.ends(refused.stop, refused.retry_after, began),
        };
        let mut span = self.course.span(leave, self.exchange.address());
        let mut trip = Trip::default();
        let (result, ended) = match self.course.hedge_delay() {
            None => {
                let limit = self.course.begins(leave, &span);
                let plan = &self.course.plan;
                trip.until = plan.setup.clock.end(began, limit);
                let sent = if span.is_disabled() {
                    // Where it stays, for a limit takes what it is given from hand to hand.
                    let until = trip.until;
                    let sending = pin!(self.exchange.send(plan, &mut trip, leave.number));
                    Clock::limit_until(until, sending).await
                } else {
                    let way = (&self.exchange, plan);
                    aside(|| send(way, leave.number, &mut trip).instrument(span.span())).await
                };
                (sent.unwrap_or_else(|| Err(trip.timed_out().into())), None)
            }
            Some(delay) => {
                let lead = Runner {
                    begin: leave,
                    permit: permit.take(),
                    span: mem::take(&mut span),
                    began,
                    place: place.take(),
                };
                let lap = aside(|| race(&mut self.course, &self.exchange, lead, delay)).await;
                (trip, permit, span) = (lap.trip, lap.runner.permit, lap.runner.span);
                (leave, began) = (lap.runner.begin, lap.runner.began);
                (lap.result, Some(lap.ended))
            }
        };
        let at = self.course.plan.setup.clock.now();
        drop(place);
        let mut outcome = self.exchange.outcome(&self.course.plan, &trip, &result);
        outcome.has_number(leave.number);
        let spent = Spent {
            permit: permit.as_mut(),
            began,
            ended: ended.unwrap_or(at),
            at,
        };
        let ended = Ended::new(spent, &span, (trip.hops(), trip.landing()));
        let settled = self.course.ends(&mut outcome, ended);
        self.remember(result);
        if let Some(settled) = settled.get() {
            return self.follows(settled, at);
        }
        self.course.stops(StopReason::Accepted, None, at);
        None
    }

    #[cold]
    fn follows(&mut self, settled: &Settled, at: Instant) -> Option<Box<Followed>> {
        match settled.decision {
            Decision::Stop(stop) => self.ends(stop, settled.retry_after, at),
            decision @ Decision::RetryAfter(_) => Some(Box::new(Followed {
                decision,
                hint: settled.retry_after,
                at,
            })),
        }
    }

    /// Ends the operation, unless a lookup may tell more of it.
    #[cold]
    fn ends(&mut self, stop: StopReason, hint: Option<Duration>, at: Instant) -> Option<Box<Followed>> {
        if self.is_askable(stop) {
            let decision = Decision::Stop(stop);
            return Some(Box::new(Followed { decision, hint, at }));
        }
        self.course.stops(stop, hint, at);
        None
    }

    /// Frees the connection of the answer that is not the last, and says how much of the wait is left.
    async fn retire(&mut self, wait: Duration, since: Instant) -> Duration {
        self.course.waits(wait);
        if let Some(answer) = self.last.answer.take() {
            self.last.retired = self
                .exchange
                .retire(answer, wait)
                .await
                .map_or(Seldom::NONE, Seldom::of);
        }
        let spent = self.course.plan.setup.clock.now().saturating_duration_since(since);
        wait.saturating_sub(spent)
    }

    /// Ends for this reason, unless a lookup finds that it is done.
    async fn gives_up(&mut self, stop: StopReason, hint: Option<Duration>, at: Instant) {
        let (found, now) = self.look_up(Prospect::GivenUp, at).await;
        // Who has been told to come back later might do what is done a second time.
        let (stop, hint) = found.map_or((stop, hint), |done| (done, None));
        self.course.stops(stop, hint, now);
    }

    /// The last attempt's answer, or its failure beside the last answer.
    fn finished(&mut self) -> Finished<E::Answer> {
        let answer = self.last.answer.take();
        Finished {
            answer: answer.or_else(|| Some(self.exchange.restore(*self.last.retired.take()?))),
            failure: self.last.failure.take(),
        }
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
        let now = self.course.plan.setup.clock.now();
        if effect != Effect::Applied {
            return (None, now);
        }
        // An earlier answer says nothing any more, nor does a failure beside the answer that was found.
        self.last.retired = Seldom::NONE;
        if answer.is_some() {
            self.last.failure = Seldom::NONE;
        }
        self.last.answer = answer;
        (Some(StopReason::LookedUp), now)
    }

    /// Keeps the attempt's answer as the last one, or its failure beside the last answer.
    fn remember(&mut self, result: Sent<E::Answer>) {
        match result {
            Ok(answer) => {
                self.last.retired = Seldom::NONE;
                self.last.failure = Seldom::NONE;
                if let Some(former) = self.last.answer.replace(answer) {
                    discard(former);
                }
            }
            Err(failure) => self.last.failure = failure.into(),
        }
    }
}

/// Sends once, while the attempt's time lasts; `None` if it ran out.
pub(super) fn send<'f, E: Exchange>(
    (exchange, plan): (&'f E, &'f Plan<'_>),
    number: u32,
    trip: &'f mut Trip,
) -> Limited<impl Future<Output = Sent<E::Answer>> + Send + use<'f, E>> {
    Clock::limit_until(trip.until, exchange.send(plan, trip, number))
}

impl<E: Exchange> Default for Last<E> {
    fn default() -> Self {
        Self {
            answer: None,
            retired: Seldom::NONE,
            failure: Seldom::NONE,
        }
    }
}
