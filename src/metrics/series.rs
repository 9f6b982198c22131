use std::sync::Arc;
use std::time::Duration;

use http::Method;
use metrics::{Counter, Histogram, Label, Recorder, SharedString};

use super::chain::Chain;
use super::gauges::Gauges;
use super::table::{
    ATTEMPT_DURATION, ATTEMPTS, DUPLICATES, Metric, OPERATION_DURATION, OPERATIONS, STOPS, TRANSITIONS, WAITS,
};
use super::words::{self, Word};
use crate::breaker::Transition;
use crate::operation::{Attempt, Origin, Receipt};

/// Everything that is counted for one origin.
#[derive(Debug)]
pub(super) struct OriginSeries {
    name: Arc<str>,
    labels: [Label; 1],
    /// `None` for what several origins share: it has no breaker and no budget.
    gauges: Option<Gauges>,
    methods: Chain<Word, MethodSeries>,
    waits: Chain<[Word; 0], Histogram>,
    transitions: Chain<[Word; 2], Counter>,
}

/// Everything that is counted for one method at one origin.
#[derive(Debug)]
pub(super) struct MethodSeries {
    labels: [Label; 2],
    operations: Chain<[Word; 2], Counter>,
    operation_duration: Chain<[Word; 1], Histogram>,
    stops: Chain<[Word; 2], Counter>,
    attempts: Chain<[Word; 2], Counter>,
    attempt_duration: Chain<[Word; 1], Histogram>,
    duplicates: Chain<[Word; 0], Counter>,
}

impl OriginSeries {
    pub(super) fn of(origin: &str) -> Self {
        let scope = origin.parse::<Origin>().ok().map(|origin| (&origin).into());
        Self::named(origin.into(), scope.map(Gauges::of))
    }

    /// What all origins share that have no place of their own.
    pub(super) fn other() -> Self {
        Self::named("other".into(), None)
    }

    fn named(name: Arc<str>, gauges: Option<Gauges>) -> Self {
        Self {
            labels: [Label::new("origin", SharedString::from_shared(Arc::clone(&name)))],
            name,
            gauges,
            methods: Chain::new(),
            waits: Chain::new(),
            transitions: Chain::new(),
        }
    }

    pub(super) fn is_of(&self, origin: &str) -> bool {
        *self.name == *origin
    }

    pub(super) fn labels(&self) -> &[Label] {
        &self.labels
    }

    pub(super) fn gauges(&self) -> Option<&Gauges> {
        self.gauges.as_ref()
    }

    pub(super) fn method(&self, method: &Method) -> &MethodSeries {
        let word = words::method(method);
        let [origin] = &self.labels;
        self.methods.get(word, || {
            MethodSeries::new([origin.clone(), Label::from_static_parts("http_request_method", word)])
        })
    }

    pub(super) fn waits(&self, recorder: &dyn Recorder, wait: Duration) {
        record(&self.waits, &WAITS, recorder, &self.labels, [], wait);
    }

    pub(super) fn circuit_changed(&self, recorder: &dyn Recorder, transition: &Transition) {
        let values = words::transition(transition);
        count(&self.transitions, &TRANSITIONS, recorder, &self.labels, values);
    }
}

impl MethodSeries {
    fn new(labels: [Label; 2]) -> Self {
        Self {
            labels,
            operations: Chain::new(),
            operation_duration: Chain::new(),
            stops: Chain::new(),
            attempts: Chain::new(),
            attempt_duration: Chain::new(),
            duplicates: Chain::new(),
        }
    }

    pub(super) fn attempt_ended(&self, recorder: &dyn Recorder, attempt: &Attempt) {
        let (labels, ending) = (&self.labels, words::ending(attempt.ending()));
        let values = [words::attempt(attempt.number()), ending];
        count(&self.attempts, &ATTEMPTS, recorder, labels, values);
        let (durations, took) = (&self.attempt_duration, attempt.took());
        record(durations, &ATTEMPT_DURATION, recorder, labels, [ending], took);
    }

    pub(super) fn operation_ended(&self, recorder: &dyn Recorder, receipt: &Receipt) {
        let (labels, outcome, stop) = (&self.labels, words::outcome(receipt), receipt.stop());
        let values = [outcome, words::retry(receipt)];
        count(&self.operations, &OPERATIONS, recorder, labels, values);
        let values = [stop.as_str(), words::obstacle(stop)];
        count(&self.stops, &STOPS, recorder, labels, values);
        let (durations, elapsed) = (&self.operation_duration, receipt.elapsed());
        record(durations, &OPERATION_DURATION, recorder, labels, [outcome], elapsed);
    }

    pub(super) fn may_duplicate(&self, recorder: &dyn Recorder) {
        count(&self.duplicates, &DUPLICATES, recorder, &self.labels, []);
    }
}

fn count<const N: usize>(
    counters: &Chain<[Word; N], Counter>,
    metric: &Metric<N>,
    recorder: &dyn Recorder,
    labels: &[Label],
    values: [Word; N],
) {
    let counter = counters.get(values, || metric.counter(recorder, labels, values));
    counter.increment(1);
}

fn record<const N: usize>(
    histograms: &Chain<[Word; N], Histogram>,
    metric: &Metric<N>,
    recorder: &dyn Recorder,
    labels: &[Label],
    values: [Word; N],
    time: Duration,
) {
    let histogram = histograms.get(values, || metric.histogram(recorder, labels, values));
    histogram.record(time);
}
