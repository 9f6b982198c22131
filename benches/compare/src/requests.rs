//! Requests over loopback: two contenders at a time, in batches beside each other.
//!
//! Each is compared to bare reqwest, and steadfast to the peers that it must not be slower than. A comparison is made in
//! blocks of a quarter of a second. For each block both are made anew, with clients and connections of their own: where those
//! lie in memory is luck, and would be one's for the whole run; and both have run as often as each other, or one would find
//! its code in warmer caches. A block sends a batch of each that is not counted, then first, second, second, first, and
//! again in the other order until its time is up: what drifts steadily adds as much to one as to the other. The median of
//! the differences is the block's one value, and what is known of a comparison is what its blocks say: values of one block
//! resemble each other more than those of another, so to count each of them would make us far too sure. All comparisons
//! take turns, in another order each time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::runtime::Runtime;

use crate::arguments::SMALL;
use crate::contenders::{BoxError, Protocol, Target};
use crate::entrant::{
    BACKON_FAILSAFE, BACKON_RECLOSER, BARE, BY_HAND, BY_HAND_ALIKE, BY_HAND_ELSEWHERE, ENTRIES, Entrant, Entry,
    FUNCTION, KEY_AND_TIMEOUT, Load, SEATBELT, STEADFAST, STEADFAST_AGAIN, STEADFAST_ELSEWHERE, Sample, Sends,
    TOWER_RESILIENCE, body,
};
use crate::spread::{Spread, median};

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
    /// steadfast, or what is like it, to its peers.
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

/// What one contender costs beside another.
#[derive(Debug, Serialize)]
pub struct Duel {
    pub contender: &'static str,
    pub peer: &'static str,
    pub difference: Difference,
}

/// What one contender takes beside another one: of each block the median, and of those the spread.
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
    pub blocks: usize,
    /// In all blocks.
    pub pairs: usize,
}

/// Two that are compared.
struct Comparison {
    own: &'static Entry,
    other: &'static Entry,
    against: Against,
    blocks: Vec<Vec<Pair>>,
}

/// Of two contenders, what each took in batches beside each other.
#[derive(Clone, Copy)]
struct Pair {
    own: Sample,
    other: Sample,
}

/// Compares for about `time`.
pub fn run(
    runtime: &Runtime,
    port: u16,
    setting: Setting,
    against: Against,
    time: Duration,
) -> Result<(Vec<Cost>, Vec<Duel>), BoxError> {
    let field = Field::new(runtime, port, setting);
    let mut comparisons = comparisons(against)?;
    let mut order: Vec<usize> = (0..comparisons.len()).collect();
    let mut random = fastrand::Rng::with_seed(SEED);
    let begun = Instant::now();
    for turn in 0.. {
        if begun.elapsed() >= time && turn >= FEWEST {
            break;
        }
        random.shuffle(&mut order);
        for &place in &order {
            let comparison = &mut comparisons[place];
            comparison.blocks.push(field.block(comparison, turn)?);
        }
    }

    let (mut costs, mut duels) = (Vec::new(), Vec::new());
    let mut bare = None;
    for comparison in &comparisons {
        let difference = difference(&comparison.blocks);
        match comparison.against {
            Against::Bare => {
                let counted = bare.map_or_else(|| field.allocations(comparison.other), Ok)?;
                bare = Some(counted);
                costs.push(field.cost(comparison, difference, counted)?);
            }
            Against::Peers => duels.push(Duel {
                contender: comparison.own.name,
                peer: comparison.other.name,
                difference,
            }),
        }
    }
    Ok((costs, duels))
}

/// Sends `count` requests and measures nothing, for a profiler.
pub fn profile(runtime: &Runtime, port: u16, name: &str, count: usize, setting: Setting) -> Result<(), BoxError> {
    let field = Field::new(runtime, port, setting);
    let entrant = field.enter(named(name)?)?;
    entrant.run(runtime, &field.target, Load::exactly(count, setting.in_flight))
}

fn named(name: &str) -> Result<&'static Entry, BoxError> {
    ENTRIES.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let names: Vec<_> = ENTRIES.iter().map(|entry| entry.name).collect();
        format!("no contender is called {name:?}; there are: {}", names.join("; ")).into()
    })
}

/// What everybody sends, and where to.
struct Field<'a> {
    runtime: &'a Runtime,
    protocol: Protocol,
    target: Arc<Target>,
    load: Load,
    /// What goes before a measurement and is not counted.
    warming: (Arc<Target>, Load),
}

impl<'a> Field<'a> {
    fn new(runtime: &'a Runtime, port: u16, setting: Setting) -> Self {
        let target = |bytes| {
            Arc::new(Target {
                url: format!("http://127.0.0.1:{port}/v1/charges").into(),
                body: body(bytes),
            })
        };
        Self {
            runtime,
            protocol: setting.protocol,
            target: target(setting.body),
            load: load(setting),
            warming: (
                target(SMALL),
                Load::exactly(setting.in_flight.max(8), setting.in_flight),
            ),
        }
    }

    /// Makes a contender, and opens its connections.
    fn enter(&self, entry: &Entry) -> Result<Entrant, BoxError> {
        // Some contenders start tasks of their own when they are made.
        let entered = self.runtime.enter();
        let entrant = entry.enter(self.protocol)?;
        drop(entered);
        self.warm(&entrant)?;
        Ok(entrant)
    }

    /// Brings a contender's data back into the caches.
    fn warm(&self, entrant: &Entrant) -> Result<(), BoxError> {
        let (target, load) = &self.warming;
        entrant.run(self.runtime, target, *load)
    }

    fn block(&self, comparison: &Comparison, turn: usize) -> Result<Vec<Pair>, BoxError> {
        // In turns here too: who is made first lies elsewhere, and is warmed up earlier.
        let (own, other) = if turn.is_multiple_of(2) {
            let own = self.enter(comparison.own)?;
            (own, self.enter(comparison.other)?)
        } else {
            let other = self.enter(comparison.other)?;
            (self.enter(comparison.own)?, other)
        };
        let mut pairs = Vec::new();
        let begun = Instant::now();
        while pairs.is_empty() || begun.elapsed() < BLOCK {
            // A block may have time for one pair alone, so the next one begins with the other.
            pairs.push(if (turn + pairs.len()).is_multiple_of(2) {
                let [own, other] = self.abba(&own, &other)?;
                Pair { own, other }
            } else {
                let [other, own] = self.abba(&other, &own)?;
                Pair { own, other }
            });
        }
        Ok(pairs)
    }

    /// A value of each.
    fn abba(&self, first: &Entrant, second: &Entrant) -> Result<[Sample; 2], BoxError> {
        let measure = |entrant: &Entrant| entrant.measure(self.runtime, &self.target, self.load);
        self.warm(first)?;
        self.warm(second)?;
        let outer = measure(first)?;
        let inner = [measure(second)?, measure(second)?];
        Ok([mean([outer, measure(first)?]), mean(inner)])
    }

    fn cost(&self, comparison: &Comparison, difference: Difference, bare: (f64, f64)) -> Result<Cost, BoxError> {
        let own = self.allocations(comparison.own)?;
        Ok(Cost {
            contender: comparison.own.name,
            difference,
            allocations: own.0,
            allocations_more: own.0 - bare.0,
            bytes: own.1,
            bytes_more: own.1 - bare.1,
        })
    }

    /// Allocations and bytes per request: the median of some counts, since a connection that is opened meanwhile is not a
    /// request's.
    fn allocations(&self, entry: &Entry) -> Result<(f64, f64), BoxError> {
        let entrant = self.enter(entry)?;
        let load = Load::exactly(self.load.tasks * self.load.each.max(8), self.load.tasks);
        let (mut allocations, mut bytes) = (Vec::new(), Vec::new());
        for _ in 0..COUNTS {
            self.warm(&entrant)?;
            let counted = entrant.allocations(self.runtime, &self.target, load)?;
            allocations.push(counted.0);
            bytes.push(counted.1);
        }
        Ok((median(allocations), median(bytes)))
    }
}

fn comparisons(against: Against) -> Result<Vec<Comparison>, BoxError> {
    let pairs: Vec<_> = match against {
        Against::Bare => {
            let same = ENTRIES.iter().filter(|entry| entry.sends == Sends::TheSame);
            let others = same.map(|entry| entry.name).filter(|&name| name != BARE);
            others.map(|name| (name, BARE)).collect()
        }
        Against::Peers => DUELS.into(),
    };
    let comparison = |(own, other)| {
        Ok(Comparison {
            own: named(own)?,
            other: named(other)?,
            against,
            blocks: Vec::new(),
        })
    };
    pairs.into_iter().map(comparison).collect()
}

/// Batches of a few milliseconds: long beside a clock read, short beside what else the machine does. Each task sends some
/// requests, so that as many are in flight most of the time, and not only at the beginning.
fn load(setting: Setting) -> Load {
    let each = match (setting.in_flight, is_small(setting)) {
        (1, true) => 25,
        (1, false) => 4,
        (in_flight, true) => (256 / in_flight).max(3),
        (_, false) => 1,
    };
    Load::exactly(setting.in_flight * each, setting.in_flight)
}

/// With large bodies, the difference between two is lost in what it takes to move them.
pub fn is_small(setting: Setting) -> bool {
    setting.body < 65_536
}

fn mean([one, two]: [Sample; 2]) -> Sample {
    Sample {
        wall: f64::midpoint(one.wall, two.wall),
        processor: f64::midpoint(one.processor, two.processor),
    }
}

fn difference(blocks: &[Vec<Pair>]) -> Difference {
    let of = |value: fn(&Pair) -> f64| {
        let medians = blocks.iter().map(|pairs| median(pairs.iter().map(value).collect()));
        Spread::of(medians.collect())
    };
    Difference {
        wall: of(|pair| pair.own.wall),
        other_wall: of(|pair| pair.other.wall),
        processor: of(|pair| pair.own.processor),
        other_processor: of(|pair| pair.other.processor),
        wall_more: of(|pair| pair.own.wall - pair.other.wall),
        processor_more: of(|pair| pair.own.processor - pair.other.processor),
        throughput_more: of(|pair| 100.0 * (pair.other.wall / pair.own.wall - 1.0)),
        blocks: blocks.len(),
        pairs: blocks.iter().map(Vec::len).sum(),
    }
}

/// steadfast beside itself, which shows the noise; beside what nobody who sends a key with a time limit can do without; and
/// beside those that it must not be slower than: the loop, and everybody with retry and breaker. At the end its policy
/// around a function, which has neither a client's addresses nor receipts, beside who does just that.
const DUELS: [(&str, &str); 12] = [
    (STEADFAST, STEADFAST_AGAIN),
    (STEADFAST, KEY_AND_TIMEOUT),
    (STEADFAST, BY_HAND),
    (STEADFAST, BY_HAND_ALIKE),
    (STEADFAST_ELSEWHERE, BY_HAND_ELSEWHERE),
    (STEADFAST, BACKON_RECLOSER),
    (STEADFAST, BACKON_FAILSAFE),
    (STEADFAST, TOWER_RESILIENCE),
    (STEADFAST, SEATBELT),
    (FUNCTION, BY_HAND),
    (FUNCTION, BACKON_RECLOSER),
    (FUNCTION, BACKON_FAILSAFE),
];
/// How long two are compared before both begin anew.
const BLOCK: Duration = Duration::from_millis(250);
/// Blocks of each comparison. Below six, nothing could be said of a median with 95 % confidence.
const FEWEST: usize = 6;
const COUNTS: usize = 3;
const SEED: u64 = 20_261_124;
