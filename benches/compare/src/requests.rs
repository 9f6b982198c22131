//! Requests over loopback: every contender's batch is paired with one of bare reqwest's just before or after it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Serialize;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::contenders::{
    BackonFailsafe, BackonRecloser, Bare, BoxError, ByHand, Contender, Protocol, ReqwestMiddleware, ReqwestRetries,
    Seatbelt, Steadfast, Target, Tower, TowerResilience,
};
use crate::machine::processor_time;
use crate::spread::Spread;

/// One setting in which all contenders are measured.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub protocol: Protocol,
    pub in_flight: usize,
    pub body: usize,
}

/// What one contender costs in one setting.
#[derive(Debug, Serialize)]
pub struct Cost {
    pub contender: &'static str,
    /// Microseconds per request, not compared to anything.
    pub wall: Spread,
    /// Microseconds per request more than bare reqwest in the batch beside it.
    pub wall_more: Spread,
    pub processor: Spread,
    pub processor_more: Spread,
    /// Throughput over bare reqwest's, in per cent of it.
    pub throughput_more: Spread,
    pub allocations: f64,
    pub allocations_more: f64,
    pub bytes: f64,
    pub bytes_more: f64,
    pub pairs: usize,
}

struct Sample {
    wall: f64,
    processor: f64,
}

/// A contender whose type is forgotten: one virtual call per batch, none per request.
struct Entrant {
    name: &'static str,
    batch: Box<Batch>,
    traced: bool,
}

type Batch = dyn Fn(&Runtime, &Arc<Target>, Load) -> Result<(), BoxError>;

/// How a batch is made up.
#[derive(Clone, Copy, Debug)]
struct Load {
    tasks: usize,
    each: usize,
    /// So many tasks send one request more than the others.
    more: usize,
}

impl Entrant {
    fn new<C: Contender>(name: &'static str, protocol: Protocol) -> Result<Self, BoxError> {
        let contender = Arc::new(C::new(protocol)?);
        Ok(Self {
            name,
            batch: Box::new(move |runtime, target, load| runtime.block_on(batch(&contender, target, load))),
            traced: false,
        })
    }

    fn traced(self) -> Self {
        Self { traced: true, ..self }
    }

    fn measure(&self, runtime: &Runtime, target: &Arc<Target>, load: Load) -> Result<Sample, BoxError> {
        self.uncounted(|| {
            let (wall, processor) = (Instant::now(), processor_time());
            (self.batch)(runtime, target, load)?;
            let requests = load.requests();
            Ok(Sample {
                processor: micros(processor_time().saturating_sub(processor)) / requests,
                wall: micros(wall.elapsed()) / requests,
            })
        })
    }

    /// Runs without counting allocations, which takes time, and with the subscriber of those that have one.
    fn uncounted<T>(&self, run: impl FnOnce() -> Result<T, BoxError>) -> Result<T, BoxError> {
        let mut result = Err("nothing was run".into());
        allocation_counter::opt_out(|| {
            result = if self.traced { with_subscriber(run) } else { run() };
        });
        result
    }

    /// Allocations and bytes per request.
    fn allocations(&self, runtime: &Runtime, target: &Arc<Target>, load: Load) -> Result<(f64, f64), BoxError> {
        let mut result = Ok(());
        let count = |result: &mut Result<(), BoxError>| {
            allocation_counter::measure(|| *result = (self.batch)(runtime, target, load))
        };
        let info = if self.traced {
            with_subscriber(|| count(&mut result))
        } else {
            count(&mut result)
        };
        result?;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        Ok((
            info.count_total as f64 / load.requests(),
            info.bytes_total as f64 / load.requests(),
        ))
    }
}

impl Load {
    /// Batches of a millisecond or a few: long beside a clock read, short beside what else the machine does.
    fn of(setting: Setting) -> Self {
        let each = match (setting.in_flight, setting.body) {
            (1, body) if body < 65_536 => 25,
            (1, _) => 4,
            (in_flight, body) if body < 65_536 => (128 / in_flight).max(1),
            _ => 1,
        };
        Self {
            tasks: setting.in_flight,
            each,
            more: 0,
        }
    }

    /// Exactly `count` requests, or figures per request would be off.
    fn exactly(count: usize, in_flight: usize) -> Self {
        Self {
            tasks: in_flight,
            each: count / in_flight,
            more: count % in_flight,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    fn requests(self) -> f64 {
        (self.tasks * self.each + self.more) as f64
    }
}

/// Measures all contenders for about `time`.
pub fn run(runtime: &Runtime, port: u16, setting: Setting, time: Duration) -> Result<Vec<Cost>, BoxError> {
    let target = Arc::new(Target {
        url: format!("http://127.0.0.1:{port}/v1/charges"),
        body: body(setting.body),
    });
    let load = Load::of(setting);
    // Some contenders start tasks of their own when they are made.
    let _entered = runtime.enter();
    let (bare, entrants) = entrants(setting.protocol)?;
    for entrant in entrants.iter().chain([&bare]) {
        for _ in 0..3 {
            entrant.measure(runtime, &target, load)?;
        }
    }

    let mut samples: Vec<Vec<(Sample, Sample)>> = entrants.iter().map(|_| Vec::new()).collect();
    let begun = Instant::now();
    for round in 0.. {
        if begun.elapsed() >= time && round >= 4 {
            break;
        }
        for place in 0..entrants.len() {
            // Another order in every round, or one contender would always follow the same one.
            let place = (place * 5 + round) % entrants.len();
            let entrant = &entrants[place];
            let pair = if round % 2 == 0 {
                let first = bare.measure(runtime, &target, load)?;
                (entrant.measure(runtime, &target, load)?, first)
            } else {
                (
                    entrant.measure(runtime, &target, load)?,
                    bare.measure(runtime, &target, load)?,
                )
            };
            samples[place].push(pair);
        }
    }

    let own = Load {
        each: load.each.max(8),
        ..load
    };
    let baseline = bare.allocations(runtime, &target, own)?;
    entrants
        .iter()
        .zip(samples)
        .map(|(entrant, samples)| {
            let counted = entrant.allocations(runtime, &target, own)?;
            Ok(cost(entrant.name, &samples, counted, baseline))
        })
        .collect()
}

/// Sends `count` requests and measures nothing, for a profiler; allocations are not counted, as where time is measured.
pub fn profile(runtime: &Runtime, port: u16, name: &str, count: usize, setting: Setting) -> Result<(), BoxError> {
    let _entered = runtime.enter();
    let (bare, mut entrants) = entrants(setting.protocol)?;
    entrants.push(bare);
    let target = Arc::new(Target {
        url: format!("http://127.0.0.1:{port}/v1/charges"),
        body: body(setting.body),
    });
    let load = Load::exactly(count, setting.in_flight);
    let Some(entrant) = entrants.iter().find(|entrant| entrant.name == name) else {
        let names: Vec<_> = entrants.iter().map(|entrant| entrant.name).collect();
        return Err(format!("no contender is called {name:?}; there are: {}", names.join(", ")).into());
    };
    // No clock is read: some profilers know no processor time.
    entrant.uncounted(|| (entrant.batch)(runtime, &target, load))
}

/// Bare reqwest, and everybody that is compared to it: itself first, which shows the noise.
fn entrants(protocol: Protocol) -> Result<(Entrant, Vec<Entrant>), BoxError> {
    let bare = Entrant::new::<Bare>("bare reqwest", protocol)?;
    let entrants = vec![
        Entrant::new::<Bare>("bare reqwest, again", protocol)?,
        Entrant::new::<ReqwestRetries>("reqwest's own retry", protocol)?,
        Entrant::new::<ByHand>("loop by hand", protocol)?,
        Entrant::new::<ReqwestMiddleware>("reqwest-middleware + reqwest-retry", protocol)?,
        Entrant::new::<Tower>("tower retry", protocol)?,
        Entrant::new::<TowerResilience>("tower-resilience retry + breaker", protocol)?,
        Entrant::new::<Seatbelt>("seatbelt retry + breaker", protocol)?,
        Entrant::new::<BackonRecloser>("backon + recloser", protocol)?,
        Entrant::new::<BackonFailsafe>("backon + failsafe", protocol)?,
        Entrant::new::<Steadfast>("steadfast", protocol)?,
        Entrant::new::<Steadfast>("steadfast, spans written", protocol)?.traced(),
    ];
    Ok((bare, entrants))
}

async fn batch<C: Contender>(contender: &Arc<C>, target: &Arc<Target>, load: Load) -> Result<(), BoxError> {
    let mut tasks = JoinSet::new();
    for task in 0..load.tasks {
        let (contender, target) = (Arc::clone(contender), Arc::clone(target));
        let count = load.each + usize::from(task < load.more);
        tasks.spawn(async move {
            for _ in 0..count {
                let response = contender.send(&target).await?;
                if !response.status().is_success() {
                    return Err(BoxError::from("the server did not succeed"));
                }
                response.bytes().await?;
            }
            Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

/// Runs with a subscriber that keeps steadfast's spans and formats their fields, as a service would have it.
fn with_subscriber<R>(run: impl FnOnce() -> R) -> R {
    let written = fmt::layer().with_writer(std::io::sink);
    let steadfast = Targets::new().with_target("steadfast", tracing::Level::DEBUG);
    let subscriber = Registry::default().with(written.with_filter(steadfast));
    let result = tracing::subscriber::with_default(subscriber, run);
    // Callsites remember that somebody listened, which the next contender would pay for.
    tracing::callsite::rebuild_interest_cache();
    result
}

fn body(length: usize) -> Bytes {
    let filler = length.saturating_sub(br#"{"amount":100,"note":""}"#.len());
    format!(r#"{{"amount":100,"note":"{}"}}"#, "n".repeat(filler)).into()
}

fn cost(
    contender: &'static str,
    pairs: &[(Sample, Sample)],
    (allocations, bytes): (f64, f64),
    baseline: (f64, f64),
) -> Cost {
    let of = |value: fn(&(Sample, Sample)) -> f64| Spread::of(pairs.iter().map(value).collect());
    Cost {
        contender,
        wall: of(|(own, _)| own.wall),
        wall_more: of(|(own, bare)| own.wall - bare.wall),
        processor: of(|(own, _)| own.processor),
        processor_more: of(|(own, bare)| own.processor - bare.processor),
        throughput_more: of(|(own, bare)| 100.0 * (bare.wall / own.wall - 1.0)),
        allocations,
        allocations_more: allocations - baseline.0,
        bytes,
        bytes_more: bytes - baseline.1,
        pairs: pairs.len(),
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
