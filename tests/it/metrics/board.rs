use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use crate::support_time::paused;

/// A recorder that keeps every number, by name and labels.
#[derive(Clone, Default)]
pub(super) struct Board(Arc<Mutex<Shelves>>);

#[derive(Default)]
struct Shelves {
    counters: BTreeMap<Series, Arc<AtomicU64>>,
    gauges: BTreeMap<Series, Arc<AtomicU64>>,
    histograms: BTreeMap<Series, Arc<Samples>>,
    described: BTreeMap<String, Vec<(Kind, Option<Unit>)>>,
    registrations: usize,
}

/// A metric's name and its labels, in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

#[derive(Default)]
struct Samples(Mutex<Vec<f64>>);

impl HistogramFn for Samples {
    fn record(&self, value: f64) {
        self.0.lock().unwrap().push(value);
    }
}

impl Board {
    /// Runs a future on one thread whose metrics go here.
    pub(super) fn hears<F: Future>(&self, future: F) -> F::Output {
        metrics::with_local_recorder(self, || paused(future))
    }

    /// The sum of a counter over all series that have these labels.
    pub(super) fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let shelves = self.0.lock().unwrap();
        let all = shelves.counters.iter().filter(|(series, _)| series.is(name, labels));
        all.map(|(_, value)| value.load(Ordering::Relaxed)).sum()
    }

    /// The value of the one gauge that has these labels.
    pub(super) fn gauge(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let shelves = self.0.lock().unwrap();
        let mut all = shelves.gauges.iter().filter(|(series, _)| series.is(name, labels));
        let value = all
            .next()
            .map(|(_, value)| f64::from_bits(value.load(Ordering::Relaxed)));
        assert!(all.next().is_none(), "{name} {labels:?} is not one gauge");
        value
    }

    /// All samples of the histograms that have these labels.
    pub(super) fn samples(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        let shelves = self.0.lock().unwrap();
        let all = shelves.histograms.iter().filter(|(series, _)| series.is(name, labels));
        all.flat_map(|(_, samples)| samples.0.lock().unwrap().clone()).collect()
    }

    /// Everything that was registered, with what it was registered as.
    pub(super) fn series(&self) -> Vec<(Series, Kind)> {
        let shelves = self.0.lock().unwrap();
        let counters = shelves.counters.keys().map(|series| (series, Kind::Counter));
        let gauges = shelves.gauges.keys().map(|series| (series, Kind::Gauge));
        let histograms = shelves.histograms.keys().map(|series| (series, Kind::Histogram));
        let all = counters.chain(gauges).chain(histograms);
        all.map(|(series, kind)| (series.clone(), kind)).collect()
    }

    pub(super) fn described(&self) -> BTreeMap<String, Vec<(Kind, Option<Unit>)>> {
        self.0.lock().unwrap().described.clone()
    }

    /// How often anything was registered, again or for the first time.
    pub(super) fn registrations(&self) -> usize {
        self.0.lock().unwrap().registrations
    }

    /// Every `Metrics` describes what it counts; they must agree.
    fn describe(&self, name: &KeyName, kind: Kind, unit: Option<Unit>) {
        let mut shelves = self.0.lock().unwrap();
        let descriptions = shelves.described.entry(name.as_str().to_owned()).or_default();
        descriptions.push((kind, unit));
    }
}

impl Series {
    fn of(key: &Key) -> Self {
        Self {
            name: key.name().to_owned(),
            labels: key
                .labels()
                .map(|label| (label.key().to_owned(), label.value().to_owned()))
                .collect(),
        }
    }

    pub(super) fn label(&self, name: &str) -> Option<&str> {
        self.labels
            .iter()
            .find(|(label, _)| label == name)
            .map(|(_, value)| &**value)
    }

    fn is(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        self.name == name && labels.iter().all(|(label, value)| self.label(label) == Some(value))
    }
}

impl Recorder for Board {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _text: SharedString) {
        self.describe(&name, Kind::Counter, unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _text: SharedString) {
        self.describe(&name, Kind::Gauge, unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _text: SharedString) {
        self.describe(&name, Kind::Histogram, unit);
    }

    fn register_counter(&self, key: &Key, _metadata: &Metadata<'_>) -> Counter {
        let mut shelves = self.0.lock().unwrap();
        shelves.registrations += 1;
        Counter::from_arc(Arc::clone(shelves.counters.entry(Series::of(key)).or_default()))
    }

    fn register_gauge(&self, key: &Key, _metadata: &Metadata<'_>) -> Gauge {
        let mut shelves = self.0.lock().unwrap();
        shelves.registrations += 1;
        Gauge::from_arc(Arc::clone(shelves.gauges.entry(Series::of(key)).or_default()))
    }

    fn register_histogram(&self, key: &Key, _metadata: &Metadata<'_>) -> Histogram {
        let mut shelves = self.0.lock().unwrap();
        shelves.registrations += 1;
        Histogram::from_arc(Arc::clone(shelves.histograms.entry(Series::of(key)).or_default()))
    }
}
