//! The breaker against a model that keeps every event in a list and every permit in a set.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const BUCKET: u64 = 100;
const BUCKETS: u64 = 10;
const MIN_ATTEMPTS: usize = 4;
const PROBES: usize = 2;
const PROBE_TIMEOUT: u64 = 3000;
const OPEN_FOR: u64 = 1000;
const MAX_OPEN_FOR: u64 = 4000;

#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(u64),
    Admit,
    Settle(usize, Signal),
    Drop(usize),
    Burst(usize, Signal),
    Isolate,
    Reset,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let signal = || prop_oneof![4 => Just(Signal::Success), 4 => Just(Signal::Failure), 1 => Just(Signal::Neutral)];
    let step = prop_oneof![
        6 => prop_oneof![0_u64..150, 0_u64..1500, 0_u64..6000].prop_map(Step::Wait),
        8 => Just(Step::Admit),
        8 => (any::<usize>(), signal()).prop_map(|(pick, signal)| Step::Settle(pick, signal)),
        2 => any::<usize>().prop_map(Step::Drop),
        4 => (1_usize..6, signal()).prop_map(|(count, signal)| Step::Burst(count, signal)),
        1 => Just(Step::Isolate),
        1 => Just(Step::Reset),
    ];
    proptest::collection::vec(step, 0..150)
}

#[derive(Debug)]
enum Phase {
    Closed,
    Open {
        retry_at: u64,
    },
    /// Which place each attempt was given, and what became of the places.
    HalfOpen {
        given: BTreeMap<usize, usize>,
        places: [Place; PROBES],
    },
    Isolated,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Free,
    Taken { by: usize, since: u64 },
    Succeeded,
}

#[derive(Debug)]
struct Model {
    phase: Phase,
    changes: usize,
    openings: u32,
    /// When each attempt ended, and whether it failed.
    events: Vec<(u64, bool)>,
    admitted: usize,
}

impl Model {
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.changes += 1;
    }

    fn close(&mut self) {
        self.enter(Phase::Closed);
        self.openings = 0;
        self.events.clear();
    }

    fn open(&mut self, now: u64) {
        let wait = (OPEN_FOR << self.openings.min(10)).min(MAX_OPEN_FOR);
        self.openings += 1;
        self.enter(Phase::Open { retry_at: now + wait });
    }

    fn recent(&self, now: u64) -> Vec<bool> {
        let recent = |at: u64| at / BUCKET + BUCKETS > now / BUCKET;
        self.events
            .iter()
            .filter(|(at, _)| recent(*at))
            .map(|(_, failed)| *failed)
            .collect()
    }

    /// Returns the number of the attempt and of the phase it belongs to.
    fn admit(&mut self, now: u64) -> Option<(usize, usize)> {
        if matches!(self.phase, Phase::Open { retry_at } if now >= retry_at) {
            self.enter(Phase::HalfOpen {
                given: BTreeMap::new(),
                places: [Place::Free; PROBES],
            });
        }
        self.admitted += 1;
        match &mut self.phase {
            Phase::Closed => {}
            Phase::HalfOpen { given, places } => {
                let free = places.iter().position(|place| matches!(place, Place::Free));
                let overdue = |(number, place): (usize, &Place)| match *place {
                    Place::Taken { by, since } if now >= since + PROBE_TIMEOUT => Some((since, by, number)),
                    _ => None,
                };
                let longest_overdue = || places.iter().enumerate().filter_map(overdue).min();
                let number = free.or_else(|| Some(longest_overdue()?.2))?;
                places[number] = Place::Taken {
                    by: self.admitted,
                    since: now,
                };
                given.insert(self.admitted, number);
            }
            Phase::Open { .. } | Phase::Isolated => return None,
        }
        Some((self.admitted, self.changes))
    }

    fn settle(&mut self, (who, changes): (usize, usize), signal: Signal, now: u64) {
        if changes != self.changes {
            return;
        }
        match &mut self.phase {
            Phase::Closed if signal != Signal::Neutral => {
                let failed = signal == Signal::Failure;
                self.events.push((now, failed));
                let recent = self.recent(now);
                let failures = recent.iter().filter(|failed| **failed).count();
                if failed && recent.len() >= MIN_ATTEMPTS && 2 * failures >= recent.len() {
                    self.open(now);
                }
            }
            Phase::HalfOpen { given, places } => {
                let place = &mut places[given[&who]];
                let holds = matches!(*place, Place::Taken { by, .. } if by == who);
                match signal {
                    Signal::Success => {
                        *place = Place::Succeeded;
                        if places.iter().all(|place| matches!(place, Place::Succeeded)) {
                            self.close();
                        }
                    }
                    Signal::Failure if holds => self.open(now),
                    Signal::Neutral if holds => *place = Place::Free,
                    Signal::Failure | Signal::Neutral => {}
                }
            }
            _ => {}
        }
    }

    fn state(&self) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
            Phase::Isolated => State::Isolated,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_breaker_does_what_the_model_does(steps in steps()) {
        let breaker = CircuitBreaker::builder()
            .window(Duration::from_millis(BUCKET * BUCKETS))
            .min_attempts(u32::try_from(MIN_ATTEMPTS).unwrap())
            .probes(PROBES)
            .probe_timeout(Duration::from_millis(PROBE_TIMEOUT))
            .open_for(Duration::from_millis(OPEN_FOR))
            .max_open_for(Duration::from_millis(MAX_OPEN_FOR))
            .build()
            .unwrap();
        let start = start();
        let at = |millis| start + Duration::from_millis(millis);
        drop(breaker.admit(scope(0), Try::First, start));

        let mut model =
            Model { phase: Phase::Closed, changes: 0, openings: 0, events: Vec::new(), admitted: 0 };
        let mut now = 0;
        let mut under_way = Vec::new();
        for step in steps {
            match step {
                Step::Wait(millis) => now += millis,
                Step::Admit => {
                    let permit = breaker.admit(scope(0), Try::First, at(now));
                    let ticket = model.admit(now);
                    prop_assert_eq!(permit.is_ok(), ticket.is_some());
                    under_way.extend(permit.ok().zip(ticket));
                }
                Step::Settle(pick, signal) if !under_way.is_empty() => {
                    let (permit, ticket) = under_way.swap_remove(pick % under_way.len());
                    let before = model.state();
                    let transition = permit.settle(signal, at(now), Duration::ZERO, 0.0);
                    model.settle(ticket, signal, now);
                    prop_assert_eq!(transition.is_some(), before != model.state());
                }
                Step::Drop(pick) if !under_way.is_empty() => {
                    let (permit, ticket) = under_way.swap_remove(pick % under_way.len());
                    drop(permit);
                    model.settle(ticket, Signal::Neutral, now);
                }
                Step::Burst(count, signal) => {
                    for _ in 0..count {
                        let permit = breaker.admit(scope(0), Try::First, at(now));
                        let ticket = model.admit(now);
                        prop_assert_eq!(permit.is_ok(), ticket.is_some());
                        if let Some((permit, ticket)) = permit.ok().zip(ticket) {
                            permit.settle(signal, at(now), Duration::ZERO, 0.0);
                            model.settle(ticket, signal, now);
                        }
                    }
                }
                Step::Isolate => {
                    breaker.isolate(scope(0), at(now)).unwrap();
                    if model.state() != State::Isolated {
                        model.enter(Phase::Isolated);
                    }
                }
                Step::Reset => {
                    breaker.reset(scope(0));
                    model.close();
                }
                Step::Settle(..) | Step::Drop(_) => {}
            }
            let snapshot = breaker.state(scope(0), at(now));
            let recent = model.recent(now);
            prop_assert_eq!(snapshot.state, model.state());
            prop_assert_eq!(snapshot.attempts, recent.len() as u64);
            prop_assert_eq!(snapshot.failures, recent.iter().filter(|failed| **failed).count() as u64);
            let retry_at = if let Phase::Open { retry_at } = model.phase { Some(at(retry_at)) } else { None };
            prop_assert_eq!(snapshot.retry_at, retry_at);
        }
    }
}
