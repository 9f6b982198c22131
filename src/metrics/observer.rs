use std::fmt;
use std::ptr;
use std::sync::{Arc, OnceLock};

use metrics::Recorder;

use super::MetricsBuilder;
use super::by_origin::ByOrigin;
use super::chain::Chain;
use super::gauges::Watched;
use super::series::OriginSeries;
use super::table;
use crate::breaker::CircuitBreaker;
use crate::budget::RetryBudget;
use crate::event::{Event, Observer};
use crate::operation::{Receipt, StopReason};

/// An observer that counts; clones share what they count. See the [module](super) for the metrics.
#[derive(Clone)]
pub struct Metrics(Arc<Shared>);

struct Shared {
    max_origins: usize,
    watched: OnceLock<Watched>,
    /// By the recorder's address: handles of one are of no use to another. There are two at most, none and the global
    /// one, but where tests set their own.
    taken: Chain<usize, ByOrigin>,
}

/// What an event is counted with.
#[derive(Clone, Copy)]
struct Counting<'a> {
    recorder: &'a dyn Recorder,
    origins: &'a ByOrigin,
    watched: Option<&'a Watched>,
}

impl Metrics {
    /// Keeps at most [`DEFAULT_MAX_ORIGINS`](MetricsBuilder::DEFAULT_MAX_ORIGINS) origins apart.
    #[must_use]
    pub fn new() -> Self {
        Self::of(MetricsBuilder::DEFAULT_MAX_ORIGINS)
    }

    /// Starts from the defaults.
    pub fn builder() -> MetricsBuilder {
        MetricsBuilder::default()
    }

    /// Shows the states of this breaker and the balances of this budget as gauges: those of the observed client.
    ///
    /// Call it once; the first ones stay. Clients that do not share theirs need a `Metrics` each, or their gauges for one
    /// origin would overwrite each other.
    pub fn watch(&self, breaker: Option<&CircuitBreaker>, budget: &RetryBudget) {
        self.0.watched.get_or_init(|| Watched::new(breaker, budget));
    }

    pub(super) fn of(max_origins: usize) -> Self {
        Self(Arc::new(Shared {
            max_origins,
            watched: OnceLock::new(),
            taken: Chain::new(),
        }))
    }
}

impl Observer for Metrics {
    fn on_event(&self, event: &Event<'_>) {
        if let Event::AttemptStarted { .. } | Event::Hedged { .. } | Event::LookedUp { .. } = event {
            return;
        }
        metrics::with_recorder(|recorder| {
            let address = ptr::from_ref(recorder).cast::<()>().addr();
            let origins = self.0.taken.get(address, || {
                table::describe(recorder);
                ByOrigin::new(self.0.max_origins)
            });
            let counting = Counting {
                recorder,
                origins,
                watched: self.0.watched.get(),
            };
            counting.count(event);
        });
    }
}

impl Counting<'_> {
    fn count(self, event: &Event<'_>) {
        let receipt = event.receipt();
        let origin = self.origins.find(receipt.origin());
        match event {
            Event::AttemptStarted { .. } | Event::Hedged { .. } | Event::LookedUp { .. } => {}
            Event::AttemptEnded { .. } => {
                if let Some(attempt) = receipt.attempts().last() {
                    origin.method(receipt.method()).attempt_ended(self.recorder, attempt);
                }
                self.show(receipt, Self::show_balance);
            }
            Event::DuplicatePossible { .. } => origin.method(receipt.method()).may_duplicate(self.recorder),
            Event::RetryScheduled { wait, .. } => origin.waits(self.recorder, *wait),
            Event::CircuitChanged { transition, .. } => {
                origin.circuit_changed(self.recorder, transition);
                self.show(receipt, Self::show_state);
            }
            Event::Stopped { .. } => {
                origin.method(receipt.method()).operation_ended(self.recorder, receipt);
                // Reading a state takes the breaker's lock: where it was closed and let everything through, it is left alone.
                let refused = receipt.stop() == StopReason::CircuitOpen;
                if refused || origin.gauges().is_some_and(|gauges| !gauges.shows_closed()) {
                    self.show(receipt, Self::show_state);
                }
            }
        }
    }

    /// Shows something of all origins that the last attempt had to do with.
    fn show(self, receipt: &Receipt, show: impl Fn(Self, &OriginSeries)) {
        if self.watched.is_none() {
            return;
        }
        show(self, self.origins.find(receipt.origin()));
        let hops = receipt.attempts().last().map_or(&[][..], |attempt| attempt.hops());
        for hop in hops.iter().filter(|hop| hop.origin() != receipt.origin()) {
            show(self, self.origins.find(hop.origin()));
        }
    }

    fn show_state(self, origin: &OriginSeries) {
        let breaker = self.watched.and_then(Watched::breaker);
        if let (Some(breaker), Some(gauges)) = (breaker, origin.gauges()) {
            gauges.show_state(self.recorder, origin.labels(), breaker);
        }
    }

    fn show_balance(self, origin: &OriginSeries) {
        if let (Some(watched), Some(gauges)) = (self.watched, origin.gauges()) {
            gauges.show_balance(self.recorder, origin.labels(), watched.budget());
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("max_origins", &self.0.max_origins)
            .field("watched", &self.0.watched.get())
            .finish_non_exhaustive()
    }
}
