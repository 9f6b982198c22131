//! The breaker of one scope as a pure machine: time and randomness are passed in, and no lock is to be seen.

use std::time::{Duration, Instant};

use super::builder::Settings;
use super::probes::{Place, Probes};
use super::report::{Cause, Refusal, Signal, Snapshot, State, Transition};
use super::window::{Counts, Window};

/// Decides who may send, from how earlier attempts ended.
#[derive(Debug)]
pub(super) struct Machine {
    phase: Phase,
    /// Grows with every change of the phase; what was admitted before no longer counts.
    epoch: u64,
    window: Window,
    consecutive: u32,
    /// How often it opened since it was last closed: the exponent of the open time.
    openings: u32,
    probes: Probes,
    /// Where the window's time starts.
    anchor: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    Open { retry_at: Instant },
    HalfOpen,
    Isolated,
}

/// Under which state an attempt was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) epoch: u64,
    /// The place it took among the probes.
    pub(super) place: Option<Place>,
}

/// Letting an attempt through made a half-open breaker of an open one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HalfOpened;

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub(super) signal: Signal,
    pub(super) elapsed: Duration,
}

impl Machine {
    pub(super) fn new(settings: &Settings, now: Instant) -> Self {
        Self {
            phase: Phase::Closed,
            epoch: 0,
            window: Window::new(nanos(settings.window)),
            consecutive: 0,
            openings: 0,
            probes: Probes::new(settings.probes),
            anchor: now,
        }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// How long one stretch of time is that successes are counted for, in nanoseconds.
    pub(super) fn bucket_width(&self) -> u64 {
        self.window.width()
    }

    /// When the stretch of time began that successes are being counted for.
    pub(super) fn counting_from(&self) -> u64 {
        self.window.from()
    }

    /// Adds successes counted elsewhere, since [`counting_from`](Self::counting_from) and since any other step.
    pub(super) fn add_successes(&mut self, successes: u64) {
        if successes > 0 {
            self.consecutive = 0;
        }
        self.window.add(Counts {
            successes,
            ..Counts::default()
        });
    }

    /// Lets an attempt through, or says when to come back.
    pub(super) fn admit(&mut self, settings: &Settings, now: Instant) -> Result<(Ticket, Option<HalfOpened>), Refusal> {
        let mut half_opened = None;
        if let Phase::Open { retry_at } = self.phase {
            if now < retry_at {
                return Err(Refusal {
                    state: State::Open,
                    retry_at: Some(retry_at),
                });
            }
            self.enter(Phase::HalfOpen);
            half_opened = Some(HalfOpened);
        }
        let place = match self.phase {
            Phase::Closed => None,
            Phase::HalfOpen => match self.probes.take(now, later(now, settings.probe_timeout)) {
                Ok(place) => Some(place),
                Err(free_at) => {
                    // The probes under way will most likely end before their places are taken from them.
                    let retry_at = free_at.min(later(now, settings.open_for));
                    return Err(Refusal {
                        state: State::HalfOpen,
                        retry_at: Some(retry_at),
                    });
                }
            },
            Phase::Open { .. } | Phase::Isolated => {
                return Err(Refusal {
                    state: self.state(),
                    retry_at: None,
                });
            }
        };
        Ok((
            Ticket {
                epoch: self.epoch,
                place,
            },
            half_opened,
        ))
    }

    /// Whether an attempt might be let through at a later time, as far as can be known now.
    pub(super) fn would_admit(&self, at: Instant) -> bool {
        match self.phase {
            Phase::Closed | Phase::HalfOpen => true,
            Phase::Open { retry_at } => at >= retry_at,
            Phase::Isolated => false,
        }
    }

    /// Takes note of how an attempt ended; `random` is in [0, 1).
    pub(super) fn settle(
        &mut self,
        settings: &Settings,
        ticket: Ticket,
        ending: Ending,
        now: Instant,
        random: f64,
    ) -> Option<Transition> {
        if ticket.epoch != self.epoch {
            return None;
        }
        match ticket.place {
            None => self.settle_counted(settings, ending, now, random),
            Some(place) => self.settle_probe(settings, place, ending, now, random),
        }
    }

    /// Gives the place of an attempt back that did not end.
    pub(super) fn abandon(&mut self, ticket: Ticket) {
        if let (true, Some(place)) = (ticket.epoch == self.epoch, ticket.place) {
            self.probes.free(place);
        }
    }

    /// Refuses everything until the server's own time has come.
    pub(super) fn hold(&mut self, until: Instant, now: Instant) -> Option<Transition> {
        match self.phase {
            Phase::Isolated => None,
            Phase::Open { retry_at } => {
                self.phase = Phase::Open {
                    retry_at: retry_at.max(until),
                };
                None
            }
            Phase::Closed | Phase::HalfOpen => Some(self.open_until(until, Cause::RetryAfter, now)),
        }
    }

    /// Refuses everything until [`reset`](Self::reset).
    pub(super) fn isolate(&mut self) -> Option<Transition> {
        if self.phase == Phase::Isolated {
            return None;
        }
        self.enter(Phase::Isolated);
        Some(Transition::Isolated)
    }

    /// Closes and forgets everything.
    pub(super) fn reset(&mut self) -> Option<Transition> {
        let was_closed = self.is_closed();
        self.close();
        (!was_closed).then_some(Transition::Closed)
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_blank(&self, now: Instant) -> bool {
        let counts = self.window.totals_at(self.nanos(now));
        self.is_closed() && counts.failures == 0 && counts.slow == 0
    }

    /// Whether it refuses, or probes, right now.
    pub(super) fn is_engaged(&self, now: Instant) -> bool {
        match self.phase {
            Phase::Closed => false,
            Phase::Open { retry_at } => now < retry_at,
            Phase::HalfOpen => self.probes.under_way(now),
            Phase::Isolated => true,
        }
    }

    pub(super) fn snapshot(&self, now: Instant) -> Snapshot {
        let counts = self.window.totals_at(self.nanos(now));
        let retry_at = if let Phase::Open { retry_at } = self.phase {
            Some(retry_at)
        } else {
            None
        };
        Snapshot {
            state: self.state(),
            attempts: counts.attempts(),
            failures: counts.failures,
            slow: counts.slow,
            failure_rate: counts.failure_rate(),
            consecutive_failures: self.consecutive,
            retry_at,
        }
    }

    fn settle_counted(&mut self, settings: &Settings, ending: Ending, now: Instant, random: f64) -> Option<Transition> {
        let failures = match ending.signal {
            Signal::Success => 0,
            Signal::Failure => 1,
            Signal::Neutral => return None,
        };
        let slow = settings.is_slow(ending.elapsed);
        self.window.slide(self.nanos(now));
        self.window.add(Counts {
            successes: 1 - failures,
            failures,
            slow: slow.into(),
        });
        self.consecutive = if failures == 0 {
            0
        } else {
            self.consecutive.saturating_add(1)
        };
        // A success that comes in time is no reason to open, even if it completes the least number of attempts.
        if failures == 0 && !slow {
            return None;
        }
        let cause = self.cause(settings)?;
        Some(self.open(settings, cause, now, random))
    }

    fn settle_probe(
        &mut self,
        settings: &Settings,
        place: Place,
        ending: Ending,
        now: Instant,
        random: f64,
    ) -> Option<Transition> {
        match ending.signal {
            // However late it comes: the server is alive now.
            Signal::Success if !settings.is_slow(ending.elapsed) => {
                self.probes.succeed(place);
                self.probes.all_succeeded().then(|| {
                    self.close();
                    Transition::Closed
                })
            }
            // What hung and then failed is old news, and somebody else is finding out.
            _ if !self.probes.holds(place) => None,
            Signal::Neutral => {
                self.probes.free(place);
                None
            }
            Signal::Success | Signal::Failure => Some(self.open(settings, Cause::ProbeFailed, now, random)),
        }
    }

    fn cause(&self, settings: &Settings) -> Option<Cause> {
        let counts = self.window.totals();
        let enough = counts.attempts() >= settings.min_attempts;
        if settings
            .consecutive_failures
            .is_some_and(|most| self.consecutive >= most)
        {
            Some(Cause::ConsecutiveFailures)
        } else if enough && counts.failures > 0 && counts.failure_rate() >= settings.failure_rate {
            Some(Cause::FailureRate)
        } else if enough
            && settings
                .slow
                .is_some_and(|slow| counts.slow > 0 && counts.slow_rate() >= slow.rate)
        {
            Some(Cause::SlowRate)
        } else {
            None
        }
    }

    fn open(&mut self, settings: &Settings, cause: Cause, now: Instant, random: f64) -> Transition {
        let wait = settings.open_time(self.openings, random);
        self.openings = self.openings.saturating_add(1);
        self.open_until(later(now, wait), cause, now)
    }

    fn open_until(&mut self, retry_at: Instant, cause: Cause, now: Instant) -> Transition {
        self.enter(Phase::Open { retry_at });
        let counts = self.window.totals_at(self.nanos(now));
        Transition::Opened {
            cause,
            retry_at,
            failure_rate: counts.failure_rate(),
            attempts: counts.attempts(),
        }
    }

    fn close(&mut self) {
        self.enter(Phase::Closed);
        self.window.clear();
        self.consecutive = 0;
        self.openings = 0;
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.epoch += 1;
        self.probes.clear();
    }

    fn state(&self) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen => State::HalfOpen,
            Phase::Isolated => State::Isolated,
        }
    }

    fn nanos(&self, now: Instant) -> u64 {
        nanos(now.saturating_duration_since(self.anchor))
    }
}

/// A duration in nanoseconds; the largest number stands for more than 584 years.
pub(super) fn nanos(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(duration.subsec_nanos().into())
}

/// A later instant; the same one where the platform can't count that far.
fn later(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::start;

    /// In the breaker's cell a result that is stale seldom gets this far: only when the change came a moment before.
    #[test]
    fn a_ticket_from_before_the_last_change_changes_nothing() {
        let (settings, now) = (Settings::default(), start());
        let mut machine = Machine::new(&settings, now);
        let (ticket, _) = machine.admit(&settings, now).unwrap();
        machine.reset();
        for signal in [Signal::Failure, Signal::Success, Signal::Neutral] {
            let ending = Ending {
                signal,
                elapsed: Duration::ZERO,
            };
            assert_eq!(machine.settle(&settings, ticket, ending, now, 0.0), None);
        }
        assert_eq!(machine.snapshot(now).attempts, 0);
    }
}
