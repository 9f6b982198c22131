use std::time::{Duration, Instant};

use http::{HeaderMap, Method, StatusCode};
use steadfast::retry::{Decision, ReplaySafety};
use steadfast::{Clock, Delivery, Failure, FailureKind, KeySupport, Outcome};

use super::clients::{Client, Operation, Sent};
use super::events::Events;
use super::random::{Purpose, Random};
use super::report::Report;
use super::scenario::Traffic;
use super::server::{Answer, Ending, Server};
use super::strategy::Strategy;

/// Lets a fleet loose on a server and reports what came of it.
///
/// Operations begin as long as there is traffic, as a Poisson process whose events belong to random clients; that is the
/// same as a Poisson process per client. Then those under way are driven to their ends.
pub(crate) fn run(strategy: &Strategy, traffic: &Traffic, server: impl Server, seed: u64) -> Report {
    let fleet = Client::fleet(strategy, traffic.clients);
    let mut driver = Driver {
        server,
        start: Clock::system().now(),
        jitter: Random::new(seed, Purpose::Jitter),
        events: Events::default(),
        under_way: Vec::new(),
        vacant: Vec::new(),
        report: Report::default(),
        wire: Wire::new(),
    };
    let mut arrivals = Random::new(seed, Purpose::Arrivals);
    let mut next = arrivals.exponential(traffic.pause());
    while next < traffic.span {
        driver.advance(Some(next));
        driver.begin(&fleet[arrivals.below(fleet.len())], next);
        next += arrivals.exponential(traffic.pause());
    }
    driver.advance(None);
    driver.report
}

struct Driver<'f, S> {
    server: S,
    start: Instant,
    jitter: Random,
    events: Events,
    under_way: Vec<Option<UnderWay<'f>>>,
    /// Places in `under_way` to use again.
    vacant: Vec<usize>,
    report: Report,
    wire: Wire,
}

/// An operation between two of its steps.
enum UnderWay<'f> {
    /// An attempt is on the wire and will end like this.
    Sent(Operation<'f>, Sent<'f>, Ending),
    /// The wait before the next attempt.
    Waiting(Operation<'f>),
}

impl<'f, S: Server> Driver<'f, S> {
    /// Lets everything happen that is due before a time.
    fn advance(&mut self, until: Option<Duration>) {
        while let Some((at, place)) = self.events.next_before(until) {
            match self.under_way[place].take() {
                Some(UnderWay::Sent(operation, sent, ending)) => self.ended(place, (operation, sent), ending, at),
                Some(UnderWay::Waiting(operation)) => self.attempt(place, operation, at),
                None => self.vacant.push(place),
            }
        }
    }

    fn begin(&mut self, client: &'f Client, at: Duration) {
        self.report.begun(at);
        let safety = ReplaySafety::of_method(&Method::POST).with_key(KeySupport::Honored);
        let attempts = client.policy.attempts(safety, self.start + at);
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.under_way.push(None);
            self.under_way.len() - 1
        });
        self.attempt(place, Operation::new(client, attempts), at);
    }

    fn attempt(&mut self, place: usize, mut operation: Operation<'f>, at: Duration) {
        let Some(sent) = operation.admit(self.start + at) else {
            self.vacant.push(place);
            return;
        };
        self.report.called(at);
        let Answer { after, ending } = self.server.receive(at);
        self.under_way[place] = Some(UnderWay::Sent(operation, sent, ending));
        self.events.schedule(at + after, place);
    }

    fn ended(&mut self, place: usize, (mut operation, sent): (Operation<'f>, Sent<'f>), ending: Ending, at: Duration) {
        let outcome = self.wire.outcome(ending);
        match operation.decide(sent, &outcome, self.start + at, || self.jitter.unit()) {
            Decision::RetryAfter(wait) => {
                self.under_way[place] = Some(UnderWay::Waiting(operation));
                self.events.schedule(at + wait, place);
            }
            Decision::Stop(_) => {
                if ending == Ending::Succeeded {
                    self.report.succeeded(at);
                }
                self.vacant.push(place);
            }
        }
    }
}

/// What an outcome borrows from.
struct Wire {
    headers: HeaderMap,
    timeout: Failure,
}

impl Wire {
    fn new() -> Self {
        Self {
            headers: HeaderMap::new(),
            timeout: Failure::new(FailureKind::HeadTimeout, Delivery::Unknown),
        }
    }

    fn outcome(&self, ending: Ending) -> Outcome<'_> {
        match ending {
            Ending::Succeeded => Outcome::response(StatusCode::OK, &self.headers),
            Ending::Failed => Outcome::response(StatusCode::INTERNAL_SERVER_ERROR, &self.headers),
            Ending::TimedOut => Outcome::failure(&self.timeout),
        }
    }
}
