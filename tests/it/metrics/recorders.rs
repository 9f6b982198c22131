//! Where the numbers go: to the recorder that is there, late or not; and none, or one that panics, changes nothing.

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use steadfast::metrics::Metrics;
use steadfast::testing::{Script, Step};
use steadfast::{Client, ResponseExt};

use super::Board;
use crate::support_guards::A;
use crate::support_time::paused;

const OPERATIONS: &str = "steadfast_operations_total";

fn client(metrics: &Metrics) -> Client {
    let script = Script::new([Step::lost_response()]);
    let client = Client::builder()
        .script(&script)
        .observe(metrics.clone())
        .build()
        .unwrap();
    metrics.watch(client.circuit_breaker(), client.retry_budget());
    client
}

#[test]
fn without_a_recorder_nothing_is_lost_but_the_numbers_and_a_later_one_is_found() {
    let (metrics, board) = (Metrics::new(), Board::default());
    let client = client(&metrics);

    let response = paused(client.post(A).send()).unwrap();
    assert_eq!(response.receipt().unwrap().attempts().len(), 2);
    assert_eq!(board.count(OPERATIONS, &[]), 0);

    board.hears(client.post(A).send()).unwrap();
    assert_eq!(board.count(OPERATIONS, &[("retry", "without")]), 1);
    assert_eq!(board.gauge("steadfast_budget_balance_tokens", &[]), Some(5.1));
}

#[test]
fn each_recorder_gets_what_happens_while_it_is_there() {
    let (first, second) = (Board::default(), Board::default());
    let client = client(&Metrics::new());
    for (board, operations) in [(&first, 1), (&second, 2), (&first, 3)] {
        for _ in 0..operations {
            board.hears(client.post(A).send()).unwrap();
        }
    }
    assert_eq!((first.count(OPERATIONS, &[]), second.count(OPERATIONS, &[])), (4, 2));
}

#[test]
fn a_recorder_that_panics_changes_nothing() {
    let client = client(&Metrics::new());
    let response = metrics::with_local_recorder(&Panics, || paused(client.post(A).send())).unwrap();
    assert_eq!(response.receipt().unwrap().attempts().len(), 2);

    let board = Board::default();
    board.hears(client.post(A).send()).unwrap();
    assert_eq!(board.count(OPERATIONS, &[]), 1);
}

/// A recorder with a bug.
struct Panics;

impl Recorder for Panics {
    fn describe_counter(&self, _key: KeyName, _unit: Option<Unit>, _text: SharedString) {}
    fn describe_gauge(&self, _key: KeyName, _unit: Option<Unit>, _text: SharedString) {}
    fn describe_histogram(&self, _key: KeyName, _unit: Option<Unit>, _text: SharedString) {}

    fn register_counter(&self, _key: &Key, _metadata: &Metadata<'_>) -> Counter {
        panic!("recorder")
    }

    fn register_gauge(&self, _key: &Key, _metadata: &Metadata<'_>) -> Gauge {
        panic!("recorder")
    }

    fn register_histogram(&self, _key: &Key, _metadata: &Metadata<'_>) -> Histogram {
        panic!("recorder")
    }
}
