//! Who takes part, and how a batch of requests is sent.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::contenders::{
    BackonFailsafe, BackonRecloser, Bare, BareKey, BareKeyTimeout, BoxError, ByHand, ByHandAlike, Contender, Elsewhere,
    Protocol, ReqwestMiddleware, ReqwestRetries, Seatbelt, Steadfast, SteadfastRun, Target, Tower, TowerResilience,
};
use crate::machine::processor_time;

/// Who may take part, and how to make one.
#[derive(Clone, Copy)]
pub struct Entry {
    pub name: &'static str,
    pub does: Does,
    pub sends: Sends,
    make: fn(Protocol) -> Result<Box<Batch>, BoxError>,
    traced: bool,
}

/// A contender whose type is forgotten: one virtual call and one box per batch, none per request.
pub struct Entrant {
    pub name: &'static str,
    pub does: Does,
    batch: Box<Batch>,
    traced: bool,
}

/// Whether its requests are bare reqwest's but for a key, so that the two can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sends {
    TheSame,
    ElsewhereEachTime,
}

type Batch = dyn Fn(&Arc<Target>, Load) -> Sending + Send + Sync;
type Sending = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// What a contender does beside sending; each does what those above it do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Does {
    Nothing,
    Key,
    Retry,
    Breaker,
}

/// Microseconds per request.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub wall: f64,
    pub processor: f64,
}

/// How a batch is made up.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub tasks: usize,
    pub each: usize,
    /// So many tasks send one request more than the others.
    more: usize,
}

impl Entry {
    const fn new<C: Contender>(name: &'static str, does: Does) -> Self {
        Self {
            name,
            does,
            sends: Sends::TheSame,
            make: make::<C>,
            traced: false,
        }
    }

    const fn elsewhere<C: Contender>(name: &'static str, does: Does) -> Self {
        Self {
            sends: Sends::ElsewhereEachTime,
            ..Self::new::<Elsewhere<C>>(name, does)
        }
    }

    const fn traced(self) -> Self {
        Self { traced: true, ..self }
    }

    /// Makes one, with a client and connections of its own.
    pub fn enter(&self, protocol: Protocol) -> Result<Entrant, BoxError> {
        Ok(Entrant {
            name: self.name,
            does: self.does,
            batch: (self.make)(protocol)?,
            traced: self.traced,
        })
    }
}

fn make<C: Contender>(protocol: Protocol) -> Result<Box<Batch>, BoxError> {
    let contender = Arc::new(C::new(protocol)?);
    Ok(Box::new(move |target, load| {
        Box::pin(batch(Arc::clone(&contender), Arc::clone(target), load))
    }))
}

impl Entrant {
    /// Sends a batch whose requests must all succeed.
    pub fn send(&self, target: &Arc<Target>, load: Load) -> Sending {
        (self.batch)(target, load)
    }

    /// What a batch takes.
    pub fn measure(&self, runtime: &Runtime, target: &Arc<Target>, load: Load) -> Result<Sample, BoxError> {
        self.prepared(runtime, target, || {
            let mut sample = Err("nothing was measured".into());
            allocation_counter::opt_out(|| sample = timed(runtime, self.send(target, load), load));
            sample
        })
    }

    /// Allocations and bytes per request.
    pub fn allocations(&self, runtime: &Runtime, target: &Arc<Target>, load: Load) -> Result<(f64, f64), BoxError> {
        self.prepared(runtime, target, || {
            let mut result = Ok(());
            let info = allocation_counter::measure(|| result = runtime.block_on(self.send(target, load)));
            result?;
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            Ok((
                info.count_total as f64 / load.requests(),
                info.bytes_total as f64 / load.requests(),
            ))
        })
    }

    /// Sends a batch as it is timed, but reads no clock: some profilers know no processor time.
    pub fn run(&self, runtime: &Runtime, target: &Arc<Target>, load: Load) -> Result<(), BoxError> {
        self.prepared(runtime, target, || {
            let mut result = Ok(());
            allocation_counter::opt_out(|| result = runtime.block_on(self.send(target, load)));
            result
        })
    }

    /// Runs it within the subscriber of those that have one.
    fn prepared<T>(
        &self,
        runtime: &Runtime,
        target: &Arc<Target>,
        run: impl FnOnce() -> Result<T, BoxError>,
    ) -> Result<T, BoxError> {
        if !self.traced {
            return run();
        }
        with_subscriber(|| {
            // A subscriber allocates its tables for the first spans; a service's has them.
            runtime.block_on(self.send(target, Load::exactly(8, 8)))?;
            run()
        })
    }
}

impl Load {
    /// Exactly `count` requests, or figures per request would be off.
    pub fn exactly(count: usize, in_flight: usize) -> Self {
        Self {
            tasks: in_flight,
            each: count / in_flight,
            more: count % in_flight,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub fn requests(self) -> f64 {
        (self.tasks * self.each + self.more) as f64
    }
}

/// Everybody: bare reqwest first, to which the others are compared. Who is there again shows the noise.
pub const ENTRIES: [Entry; 19] = [
    Entry::new::<Bare>(BARE, Does::Nothing),
    Entry::new::<Bare>("bare reqwest, again", Does::Nothing),
    Entry::new::<BareKey>("bare + key", Does::Key),
    Entry::new::<BareKeyTimeout>(KEY_AND_TIMEOUT, Does::Key),
    Entry::new::<ReqwestRetries>("reqwest's own retry", Does::Retry),
    Entry::new::<ByHand>(BY_HAND, Does::Retry),
    Entry::new::<ByHandAlike>(BY_HAND_ALIKE, Does::Retry),
    Entry::new::<ReqwestMiddleware>("reqwest-middleware + reqwest-retry", Does::Retry),
    Entry::new::<Tower>("tower retry", Does::Retry),
    Entry::new::<TowerResilience>(TOWER_RESILIENCE, Does::Breaker),
    Entry::new::<Seatbelt>(SEATBELT, Does::Breaker),
    Entry::new::<BackonRecloser>(BACKON_RECLOSER, Does::Breaker),
    Entry::new::<BackonFailsafe>(BACKON_FAILSAFE, Does::Breaker),
    Entry::new::<SteadfastRun>(FUNCTION, Does::Breaker),
    Entry::new::<Steadfast>(STEADFAST, Does::Breaker),
    Entry::new::<Steadfast>(STEADFAST_AGAIN, Does::Breaker),
    Entry::new::<Steadfast>("steadfast, spans written", Does::Breaker).traced(),
    Entry::elsewhere::<ByHand>(BY_HAND_ELSEWHERE, Does::Retry),
    Entry::elsewhere::<Steadfast>(STEADFAST_ELSEWHERE, Does::Breaker),
];

/// What a small JSON, or one that is not, looks like.
pub fn body(length: usize) -> Bytes {
    let filler = length.saturating_sub(br#"{"amount":100,"note":""}"#.len());
    format!(r#"{{"amount":100,"note":"{}"}}"#, "n".repeat(filler)).into()
}

async fn batch<C: Contender>(contender: Arc<C>, target: Arc<Target>, load: Load) -> Result<(), BoxError> {
    let mut tasks = JoinSet::new();
    for task in 0..load.tasks {
        let (contender, target) = (Arc::clone(&contender), Arc::clone(&target));
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

fn timed(runtime: &Runtime, batch: Sending, load: Load) -> Result<Sample, BoxError> {
    let (wall, processor) = (Instant::now(), processor_time());
    runtime.block_on(batch)?;
    let (wall, processor) = (wall.elapsed(), processor_time().saturating_sub(processor));
    Ok(Sample {
        wall: micros(wall) / load.requests(),
        processor: micros(processor) / load.requests(),
    })
}

/// Runs with a subscriber that writes a line for each of steadfast's spans, to nowhere.
fn with_subscriber<R>(run: impl FnOnce() -> R) -> R {
    let written = fmt::layer().with_span_events(FmtSpan::CLOSE).with_writer(std::io::sink);
    let steadfast = Targets::new().with_target("steadfast", tracing::Level::DEBUG);
    let subscriber = Registry::default().with(written.with_filter(steadfast));
    let result = tracing::subscriber::with_default(subscriber, run);
    // Callsites remember that somebody listened, which the next contender would pay for.
    tracing::callsite::rebuild_interest_cache();
    result
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

pub const BARE: &str = "bare reqwest";
pub const KEY_AND_TIMEOUT: &str = "bare + key + timeout";
pub const BY_HAND: &str = "loop by hand";
pub const BY_HAND_ALIKE: &str = "loop by hand, header and body as steadfast's";
pub const BY_HAND_ELSEWHERE: &str = "loop by hand, another address each time";
pub const TOWER_RESILIENCE: &str = "tower-resilience retry + breaker";
pub const SEATBELT: &str = "seatbelt retry + breaker";
pub const BACKON_RECLOSER: &str = "backon + recloser";
pub const BACKON_FAILSAFE: &str = "backon + failsafe";
pub const FUNCTION: &str = "steadfast around a function";
pub const STEADFAST: &str = "steadfast";
pub const STEADFAST_AGAIN: &str = "steadfast, again";
pub const STEADFAST_ELSEWHERE: &str = "steadfast, another address each time";
