//! Requests over loopback: two contenders at a time, in batches beside each other.
//!
//! Each is compared to bare reqwest, and steadfast to the peers that it must not be slower than. A comparison sends a
//! short batch of each that is not counted, so that neither meets colder caches or closed connections, and then first,
//! second, second, first: what drifts steadily adds as much to one as to the other. The difference of the two is one
//! value; its median over many rounds is the figure. In every round, comparisons come in another order, or one would
//! always follow the same one. And everybody begins anew a few times, with new clients and connections: where those lie in
//! memory is luck, and would be a contender's for the whole run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::runtime::Runtime;

use crate::arguments::SMALL;
use crate::contenders::{BoxError, Protocol, Target};
use crate::entrant::{BARE, Entrant, Load, STEADFAST, Sample, body, entrants};
use crate::spread::Spread;

/// One setting in which contenders are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    pub protocol: Protocol,
    pub in_flight: usize,
    pub body: usize,
    pub cores: Cores,
}

/// Whether the cores may fall asleep while nothing is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cores {
    Free,
    Awake,
}

/// What is compared to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Everybody to bare reqwest.
    Bare,
    /// steadfast to its peers.
    Peers,
}

/// What one contender costs in one setting, compared to bare reqwest.
#[derive(Debug, Serialize)]
pub struct Cost {
    pub contender: &'static str,
    pub difference: Difference,
    pub allocations: f64,
    pub allocations_more: f64,
    pub bytes: f64,
    pub bytes_more: f64,
}

/// What steadfast costs beside one peer.
#[derive(Debug, Serialize)]
pub struct Duel {
    pub peer: &'static str,
    pub difference: Difference,
}

/// What one contender takes beside another one.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// Microseconds per request, not compared to anything.
    pub wall: Spread,
    pub other_wall: Spread,
    pub processor: Spread,
    pub other_processor: Spread,
    /// Microseconds per request more than the other.
    pub wall_more: Spread,
    pub processor_more: Spread,
    /// Throughput over the other's, in per cent of it.
    pub throughput_more: Spread,
    pub pairs: usize,
}

/// Two that are compared, by their places among the entrants.
struct Comparison {
    own: usize,
    other: usize,
    against: Against,
    pairs: Vec<(Sample, Sample)>,
}

/// Compares for about `time`.
pub fn run(
    runtime: &Runtime,
    port: u16,
    setting: Setting,
    against: Against,
    time: Duration,
) -> Result<(Vec<Cost>, Vec<Duel>), BoxError> {
    let mut field = Field::new(runtime, port, setting)?;
    let mut comparisons = comparisons(&field.entrants, against, setting);
    if comparisons.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut order: Vec<usize> = (0..comparisons.len()).collect();
    let mut random = fastrand::Rng::with_seed(SEED);
    let begun = Instant::now();
    for beginning in 1..=BEGINNINGS {
        if beginning > 1 {
            drop(field);
            field = Field::new(runtime, port, setting)?;
        }
        for round in 0.. {
            if begun.elapsed() >= time * beginning / BEGINNINGS && round >= FEWEST {
                break;
            }
            random.shuffle(&mut order);
            for &place in &order {
                let comparison = &mut comparisons[place];
                let pair = field.pair(comparison.own, comparison.other, round)?;
                comparison.pairs.push(pair);
            }
        }
    }

    let (mut costs, mut duels) = (Vec::new(), Vec::new());
    let mut bare = None;
    for comparison in &comparisons {
        let difference = difference(&comparison.pairs);
        match comparison.against {
            Against::Bare => {
                let counted = bare.map_or_else(|| field.allocations(comparison.other), Ok)?;
                bare = Some(counted);
                costs.push(field.cost(comparison, difference, counted)?);
            }
            Against::Peers => duels.push(Duel {
                peer: field.entrants[comparison.other].name,
                difference,
            }),
        }
    }
    Ok((costs, duels))
}

/// Sends `count` requests and measures nothing, for a profiler.
pub fn profile(runtime: &Runtime, port: u16, name: &str, count: usize, setting: Setting) -> Result<(), BoxError> {
    let field = Field::new(runtime, port, setting)?;
    let Some(entrant) = field.entrants.iter().find(|entrant| entrant.name == name) else {
        let names: Vec<_> = field.entrants.iter().map(|entrant| entrant.name).collect();
        return Err(format!("no contender is called {name:?}; there are: {}", names.join("; ")).into());
    };
    entrant.profile(runtime, &field.target, Load::exactly(count, setting.in_flight))
}

/// Everybody, and what they send.
struct Field<'a> {
    runtime: &'a Runtime,
    entrants: Vec<Entrant>,
    target: Arc<Target>,
    load: Load,
    /// What goes before a measurement and is not counted.
    warming: (Arc<Target>, Load),
}

impl<'a> Field<'a> {
    fn new(runtime: &'a Runtime, port: u16, setting: Setting) -> Result<Self, BoxError> {
        // Some contenders start tasks of their own when they are made.
        let _entered = runtime.enter();
        let target = |bytes| {
            Arc::new(Target {
                url: format!("http://127.0.0.1:{port}/v1/charges").into(),
                body: body(bytes),
            })
        };
        Ok(Self {
            runtime,
            entrants: entrants(setting.protocol)?,
            target: target(setting.body),
            load: load(setting),
            warming: (
                target(SMALL),
                Load::exactly(setting.in_flight.max(8), setting.in_flight),
            ),
        })
    }

    /// Opens connections that were idle for too long, which steadfast has reqwest close sooner than it would, and brings
    /// a contender's data back into the caches.
    fn warm(&self, place: usize) -> Result<(), BoxError> {
        let (target, load) = &self.warming;
        self.entrants[place].measure(self.runtime, target, *load).map(drop)
    }

    /// A value of each; who begins changes with the round.
    fn pair(&self, own: usize, other: usize, round: usize) -> Result<(Sample, Sample), BoxError> {
        let (first, second) = if round.is_multiple_of(2) {
            (own, other)
        } else {
            (other, own)
        };
        let measure = |place: usize| self.entrants[place].measure(self.runtime, &self.target, self.load);
        self.warm(first)?;
        self.warm(second)?;
        let outer = measure(first)?;
        let inner = [measure(second)?, measure(second)?];
        let (first, second) = (mean([outer, measure(first)?]), mean(inner));
        Ok(if round.is_multiple_of(2) {
            (first, second)
        } else {
            (second, first)
        })
    }

    fn cost(&self, comparison: &Comparison, difference: Difference, bare: (f64, f64)) -> Result<Cost, BoxError> {
        let own = self.allocations(comparison.own)?;
        Ok(Cost {
            contender: self.entrants[comparison.own].name,
            difference,
            allocations: own.0,
            allocations_more: own.0 - bare.0,
            bytes: own.1,
            bytes_more: own.1 - bare.1,
        })
    }

    /// Allocations and bytes per request, with at most 64 in flight: the median of some counts, since a connection that is
    /// opened meanwhile is not a request's.
    fn allocations(&self, place: usize) -> Result<(f64, f64), BoxError> {
        let in_flight = self.load.tasks.min(64);
        let load = Load::exactly(in_flight * self.load.each.max(8), in_flight);
        let (mut allocations, mut bytes) = (Vec::new(), Vec::new());
        for _ in 0..COUNTS {
            self.warm(place)?;
            let counted = self.entrants[place].allocations(self.runtime, &self.target, load)?;
            allocations.push(counted.0);
            bytes.push(counted.1);
        }
        Ok((Spread::of(allocations).median, Spread::of(bytes).median))
    }
}

fn comparisons(entrants: &[Entrant], against: Against, setting: Setting) -> Vec<Comparison> {
    let place = |name: &str| entrants.iter().position(|entrant| entrant.name == name);
    let comparison = |own, other| {
        Some(Comparison {
            own: place(own)?,
            other: place(other)?,
            against,
            pairs: Vec::new(),
        })
    };
    match against {
        Against::Bare => {
            let others = entrants.iter().map(|entrant| entrant.name).filter(|&name| name != BARE);
            others.filter_map(|name| comparison(name, BARE)).collect()
        }
        // With large bodies, the difference is lost in what it takes to move them.
        Against::Peers if !is_small(setting) => Vec::new(),
        Against::Peers => PEERS.iter().filter_map(|peer| comparison(STEADFAST, peer)).collect(),
    }
}

/// Batches of a millisecond or a few: long beside a clock read, short beside what else the machine does.
fn load(setting: Setting) -> Load {
    let each = match (setting.in_flight, is_small(setting)) {
        (1, true) => 25,
        (1, false) => 4,
        (in_flight, true) => (128 / in_flight).max(1),
        (_, false) => 1,
    };
    Load::exactly(setting.in_flight * each, setting.in_flight)
}

fn is_small(setting: Setting) -> bool {
    setting.body < 65_536
}

fn mean([one, two]: [Sample; 2]) -> Sample {
    Sample {
        wall: f64::midpoint(one.wall, two.wall),
        processor: f64::midpoint(one.processor, two.processor),
    }
}

fn difference(pairs: &[(Sample, Sample)]) -> Difference {
    let of = |value: fn(&(Sample, Sample)) -> f64| Spread::of(pairs.iter().map(value).collect());
    Difference {
        wall: of(|(own, _)| own.wall),
        other_wall: of(|(_, other)| other.wall),
        processor: of(|(own, _)| own.processor),
        other_processor: of(|(_, other)| other.processor),
        wall_more: of(|(own, other)| own.wall - other.wall),
        processor_more: of(|(own, other)| own.processor - other.processor),
        throughput_more: of(|(own, other)| 100.0 * (other.wall / own.wall - 1.0)),
        pairs: pairs.len(),
    }
}

/// Those that steadfast must not be slower than: the loop, and everybody with retry and breaker. Before them what nobody who
/// sends a key with a time limit can do without.
const PEERS: [&str; 7] = [
    "bare + key + timeout",
    "loop by hand",
    "backon + recloser",
    "backon + failsafe",
    "tower-resilience retry + breaker",
    "seatbelt retry + breaker",
    "steadfast around a function",
];
/// How often everybody begins anew.
const BEGINNINGS: u32 = 4;
/// Rounds after each beginning. Below six values in all, nothing could be said of a median with 95 % confidence.
const FEWEST: usize = 2;
const COUNTS: usize = 3;
const SEED: u64 = 20_261_124;
