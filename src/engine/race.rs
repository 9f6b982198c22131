use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use tracing::Instrument;

use super::course::{Course, Ended};
use super::hedging::Standing;
use super::run::send;
use super::steps::Spent;
use super::{Exchange, Plan, Sent, Trip};
use crate::breaker::Permit;
use crate::clock::Clock;
use crate::concurrency::Place;
use crate::event::AttemptSpan;
use crate::operation::Outcome;
use crate::retry::Begin;

/// The attempt that decides what follows, as it was when it ended.
pub(super) struct Lap<'a, E: Exchange> {
    pub(super) trip: Trip,
    pub(super) result: Sent<E::Answer>,
    pub(super) runner: Runner<'a>,
    pub(super) ended: Instant,
}

/// An attempt that was sent.
pub(super) struct Runner<'a> {
    pub(super) begin: Begin,
    pub(super) permit: Option<Permit<'a>>,
    pub(super) span: AttemptSpan,
    pub(super) began: Instant,
    /// Under the concurrency limit, until it has ended.
    pub(super) place: Option<Place<'a>>,
}

/// Makes one attempt, and sends a hedge beside it if it has not answered after `delay`.
///
/// Every attempt but the one that is returned is settled and written down here.
pub(super) async fn race<'a, E: Exchange>(
    course: &mut Course<'a>,
    exchange: &E,
    lead: Runner<'a>,
    delay: Duration,
) -> Lap<'a, E> {
    // A copy: the plan is read by the attempts while the course is written.
    let plan = course.plan;
    let clock = &plan.setup.clock;
    let (mut trip, mut other_trip) = (Trip::default(), Trip::default());
    let mut sending = Box::pin(run((course, exchange, &plan), &lead, &mut trip));
    // By reference: when the delay is over, the attempt goes on.
    let early = Clock::limit(delay, sending.as_mut()).await;
    if let Some(sent) = early {
        drop(sending);
        return lead.lap(trip, sent, clock.now());
    }
    let Some(hedge) = course.hedge(exchange.address(), clock.now()) else {
        let sent = sending.await;
        return lead.lap(trip, sent, clock.now());
    };
    let mut hedging = Box::pin(run((course, exchange, &plan), &hedge, &mut other_trip));

    match first_of(sending.as_mut(), hedging.as_mut()).await {
        Raced::Lead(sent) => {
            drop(sending);
            let former = lead.lap(trip, sent, clock.now());
            let standing = former.standing(course, exchange);
            if standing == Standing::Wins {
                drop(hedging);
                course.cancels((&hedge, &other_trip), former.ended);
                return former;
            }
            let sent = hedging.await;
            let hedged = hedge.lap(other_trip, sent, clock.now());
            let other = hedged.standing(course, exchange);
            decider(course, exchange, (former, standing), (hedged, other))
        }
        Raced::Hedge(sent) => {
            drop(hedging);
            let hedged = hedge.lap(other_trip, sent, clock.now());
            let other = hedged.standing(course, exchange);
            if other == Standing::Wins {
                drop(sending);
                course.cancels((&lead, &trip), hedged.ended);
                course.outran(&lead, hedged.ended);
                return hedged;
            }
            let sent = sending.await;
            let former = lead.lap(trip, sent, clock.now());
            let standing = former.standing(course, exchange);
            decider(course, exchange, (former, standing), (hedged, other))
        }
    }
}

/// Has the attempt that was sent first decide what follows, unless the hedge won, or a refusal may be about the hedge.
fn decider<'a, E: Exchange>(
    course: &mut Course<'a>,
    exchange: &E,
    (former, standing): (Lap<'a, E>, Standing),
    (hedged, other): (Lap<'a, E>, Standing),
) -> Lap<'a, E> {
    if other == Standing::Wins || (standing, other) == (Standing::Refused, Standing::Repeatable) {
        former.steps_aside(course, exchange);
        return hedged;
    }
    hedged.steps_aside(course, exchange);
    former
}

/// Sends a runner off, in its span.
fn run<'f, E: Exchange>(
    (course, exchange, plan): (&mut Course<'_>, &'f E, &'f Plan<'_>),
    runner: &Runner<'_>,
    trip: &'f mut Trip,
) -> impl Future<Output = Option<Sent<E::Answer>>> + Send + use<'f, E> {
    let limit = course.begins(runner.begin, &runner.span);
    trip.until = plan.setup.clock.end(runner.began, limit);
    send((exchange, plan), runner.begin.number, trip).instrument(runner.span.span())
}

impl<'a> Runner<'a> {
    /// What is known of it when it has ended, and what follows is decided.
    #[inline]
    pub(super) fn ends<'t>(&'t mut self, trip: &'t Trip, ended: Instant, at: Instant) -> Ended<'t, 'a> {
        let spent = Spent {
            permit: self.permit.as_mut(),
            began: self.began,
            ended,
            at,
        };
        Ended::new(spent, &self.span, (trip.hops(), trip.landing()))
    }

    fn lap<E: Exchange>(mut self, trip: Trip, sent: Option<Sent<E::Answer>>, ended: Instant) -> Lap<'a, E> {
        // Whoever else is still under way: others may have its place now.
        drop(self.place.take());
        let result = sent.unwrap_or_else(|| Err(trip.timed_out().into()));
        Lap {
            trip,
            result,
            runner: self,
            ended,
        }
    }
}

impl<E: Exchange> Lap<'_, E> {
    fn standing(&self, course: &Course<'_>, exchange: &E) -> Standing {
        course.standing(&mut self.outcome(course, exchange))
    }

    /// Settled and written down, without a say in what follows.
    fn steps_aside(self, course: &mut Course<'_>, exchange: &E) {
        let Self {
            trip,
            result,
            mut runner,
            ended,
        } = self;
        let mut outcome = exchange.outcome(&course.plan, &trip, &result);
        outcome.has_number(runner.begin.number);
        course.puts_aside(&mut outcome, runner.ends(&trip, ended, ended));
    }

    fn outcome<'o>(&'o self, course: &Course<'_>, exchange: &'o E) -> Outcome<'o> {
        let mut outcome = exchange.outcome(&course.plan, &self.trip, &self.result);
        outcome.has_number(self.runner.begin.number);
        outcome
    }
}

enum Raced<A> {
    Lead(A),
    Hedge(A),
}

/// Waits for the first of two; the one that was sent first, should both be ready.
async fn first_of<A>(
    mut lead: Pin<&mut impl Future<Output = A>>,
    mut hedge: Pin<&mut impl Future<Output = A>>,
) -> Raced<A> {
    poll_fn(|context| {
        if let Poll::Ready(sent) = lead.as_mut().poll(context) {
            return Poll::Ready(Raced::Lead(sent));
        }
        hedge.as_mut().poll(context).map(Raced::Hedge)
    })
    .await
}
