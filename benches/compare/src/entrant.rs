//! Who takes part, and how a batch of requests is sent.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::contenders::{
    BackonFailsafe, BackonRecloser, Bare, BareKey, BareKeyTimeout, BoxError, ByHand, Contender, Protocol,
    ReqwestMiddleware, ReqwestRetries, Seatbelt, Steadfast, SteadfastRun, Target, Tower, TowerResilience,
};
use crate::machine::processor_time;

/// A contender whose type is forgotten: one virtual call and one box per batch, none per request.
pub struct Entrant {
    pub name: &'static str,
    pub does: Does,
    batch: Box<Batch>,
    traced: bool,
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

impl Entrant {
    fn new<C: Contender>(name: &'static str, does: Does, protocol: Protocol) -> Result<Self, BoxError> {
        let contender = Arc::new(C::new(protocol)?);
        Ok(Self {
            name,
            does,
            batch: Box::new(move |target, load| Box::pin(batch(Arc::clone(&contender), Arc::clone(target), load))),
            traced: false,
        })
    }

    fn traced(self) -> Self {
        Self { traced: true, ..self }
    }

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
    pub fn profile(&self, runtime: &Runtime, target: &Arc<Target>, load: Load) -> Result<(), BoxError> {
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

/// Everybody: bare reqwest first, to which the others are compared, and itself again, which shows the noise.
pub fn entrants(protocol: Protocol) -> Result<Vec<Entrant>, BoxError> {
    Ok(vec![
        Entrant::new::<Bare>(BARE, Does::Nothing, protocol)?,
        Entrant::new::<Bare>("bare reqwest, again", Does::Nothing, protocol)?,
        Entrant::new::<BareKey>("bare + key", Does::Key, protocol)?,
        Entrant::new::<BareKeyTimeout>("bare + key + timeout", Does::Key, protocol)?,
        Entrant::new::<ReqwestRetries>("reqwest's own retry", Does::Retry, protocol)?,
        Entrant::new::<ByHand>("loop by hand", Does::Retry, protocol)?,
        Entrant::new::<ReqwestMiddleware>("reqwest-middleware + reqwest-retry", Does::Retry, protocol)?,
        Entrant::new::<Tower>("tower retry", Does::Retry, protocol)?,
        Entrant::new::<TowerResilience>("tower-resilience retry + breaker", Does::Breaker, protocol)?,
        Entrant::new::<Seatbelt>("seatbelt retry + breaker", Does::Breaker, protocol)?,
        Entrant::new::<BackonRecloser>("backon + recloser", Does::Breaker, protocol)?,
        Entrant::new::<BackonFailsafe>("backon + failsafe", Does::Breaker, protocol)?,
        Entrant::new::<SteadfastRun>("steadfast around a function", Does::Breaker, protocol)?,
        Entrant::new::<Steadfast>(STEADFAST, Does::Breaker, protocol)?,
        Entrant::new::<Steadfast>("steadfast, spans written", Does::Breaker, protocol)?.traced(),
    ])
}

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

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

pub const BARE: &str = "bare reqwest";
pub const STEADFAST: &str = "steadfast";
