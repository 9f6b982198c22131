use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, Unit};

use super::words::Word;

/// One metric: its name, and the labels that come after those of its series.
#[derive(Debug)]
pub(super) struct Metric<const N: usize> {
    name: &'static str,
    labels: [&'static str; N],
}

pub(super) const OPERATIONS: Metric<2> = Metric::new("steadfast_operations_total", ["outcome", "retry"]);
pub(super) const OPERATION_DURATION: Metric<1> = Metric::new("steadfast_operation_duration_seconds", ["outcome"]);
pub(super) const STOPS: Metric<2> = Metric::new("steadfast_operation_stops_total", ["stop", "obstacle"]);
pub(super) const ATTEMPTS: Metric<2> = Metric::new("steadfast_attempts_total", ["attempt", "ending"]);
pub(super) const ATTEMPT_DURATION: Metric<1> = Metric::new("steadfast_attempt_duration_seconds", ["ending"]);
pub(super) const WAITS: Metric<0> = Metric::new("steadfast_retry_wait_seconds", []);
pub(super) const DUPLICATES: Metric<0> = Metric::new("steadfast_possible_duplicates_total", []);
pub(super) const TRANSITIONS: Metric<2> = Metric::new("steadfast_circuit_transitions_total", ["transition", "cause"]);
pub(super) const STATE: Metric<1> = Metric::new("steadfast_circuit_state", ["state"]);
pub(super) const BALANCE: Metric<0> = Metric::new("steadfast_budget_balance_tokens", []);

impl<const N: usize> Metric<N> {
    const fn new(name: &'static str, labels: [&'static str; N]) -> Self {
        Self { name, labels }
    }

    pub(super) fn counter(&self, recorder: &dyn Recorder, of: &[Label], values: [Word; N]) -> Counter {
        recorder.register_counter(&self.key(of, values), &METADATA)
    }

    pub(super) fn gauge(&self, recorder: &dyn Recorder, of: &[Label], values: [Word; N]) -> Gauge {
        recorder.register_gauge(&self.key(of, values), &METADATA)
    }

    pub(super) fn histogram(&self, recorder: &dyn Recorder, of: &[Label], values: [Word; N]) -> Histogram {
        recorder.register_histogram(&self.key(of, values), &METADATA)
    }

    fn key(&self, of: &[Label], values: [Word; N]) -> Key {
        let own = self.labels.into_iter().zip(values);
        let own = own.map(|(name, value)| Label::from_static_parts(name, value));
        Key::from_parts(self.name, of.iter().cloned().chain(own).collect::<Vec<_>>())
    }
}

/// Tells a recorder what the metrics mean, once.
pub(super) fn describe(recorder: &dyn Recorder) {
    let counter = |name: &'static str, text: &'static str| {
        recorder.describe_counter(name.into(), Some(Unit::Count), text.into());
    };
    let seconds = |name: &'static str, text: &'static str| {
        recorder.describe_histogram(name.into(), Some(Unit::Seconds), text.into());
    };
    let gauge = |name: &'static str, text: &'static str| {
        recorder.describe_gauge(name.into(), Some(Unit::Count), text.into());
    };
    counter(
        OPERATIONS.name,
        "Operations that ended, by outcome and whether they were retried.",
    );
    seconds(OPERATION_DURATION.name, "How long operations took, waits included.");
    counter(STOPS.name, "Why operations were not attempted again.");
    counter(ATTEMPTS.name, "Attempts that ended, by how.");
    seconds(ATTEMPT_DURATION.name, "How long attempts took.");
    seconds(WAITS.name, "Waits before a retry.");
    counter(DUPLICATES.name, "Attempts that may repeat a processed one.");
    counter(TRANSITIONS.name, "Changes of the circuit breaker.");
    gauge(STATE.name, "1 for the state that the circuit breaker is in.");
    gauge(BALANCE.name, "Tokens left in the retry budget.");
}

const METADATA: Metadata<'static> = Metadata::new("steadfast::metrics", Level::INFO, Some("steadfast::metrics"));
