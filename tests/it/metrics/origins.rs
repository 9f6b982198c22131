//! However many origins there are, there is a bounded number of series.

use std::collections::BTreeSet;

use steadfast::Client;
use steadfast::metrics::Metrics;
use steadfast::testing::Script;

use super::Board;

const OPERATIONS: &str = "steadfast_operations_total";

/// Sends one request to each origin, and says under which origins they were counted.
fn names(board: &Board, metrics: &Metrics, origins: usize) -> BTreeSet<String> {
    let script = Script::new([]);
    let client = Client::builder()
        .script(&script)
        .observe(metrics.clone())
        .build()
        .unwrap();
    metrics.watch(client.circuit_breaker(), client.retry_budget());
    board.hears(async {
        for number in 0..origins {
            client
                .get(format!("https://host-{number}.example/"))
                .send()
                .await
                .unwrap();
            drop(script.take_arrivals());
        }
    });
    let all = board.series();
    all.iter()
        .filter_map(|(series, _)| series.label("origin").map(str::to_owned))
        .collect()
}

#[test]
fn of_ten_thousand_origins_the_first_hundred_have_a_label_and_the_rest_are_other() {
    let board = Board::default();
    let names = names(&board, &Metrics::new(), 10_000);

    let mut expected: BTreeSet<_> = (0..100)
        .map(|number| format!("https://host-{number}.example"))
        .collect();
    expected.insert("other".to_owned());
    assert_eq!(names, expected);
    assert_eq!(board.count(OPERATIONS, &[("origin", "other")]), 9_900);
    assert_eq!(board.count(OPERATIONS, &[("origin", "https://host-99.example")]), 1);
    assert_eq!(board.count(OPERATIONS, &[]), 10_000);
    // Per origin: operation, stop, attempt, two durations, four states and a balance; the rest has no gauges.
    assert_eq!(board.series().len(), 100 * 10 + 5);
    assert_eq!(board.registrations(), board.series().len(), "each is registered once");
}

#[test]
fn an_origin_that_has_a_label_keeps_it() {
    let metrics = Metrics::builder().max_origins(1).build().unwrap();
    let board = Board::default();
    assert_eq!(names(&board, &metrics, 10).len(), 2);
    let client = Client::builder()
        .script(&Script::new([]))
        .observe(metrics)
        .build()
        .unwrap();
    board.hears(client.get("https://host-0.example").send()).unwrap();
    assert_eq!(board.count(OPERATIONS, &[("origin", "https://host-0.example")]), 2);
}

#[test]
fn a_number_of_origins_out_of_range_is_refused() {
    assert!(Metrics::builder().max_origins(10_000).build().is_ok());
    let error = Metrics::builder().max_origins(10_001).build().unwrap_err();
    assert_eq!(error.to_string(), "`max_origins` must be 0 to 10000, but was 10001");
}

#[test]
fn without_labels_for_origins_all_are_other() {
    let names = names(
        &Board::default(),
        &Metrics::builder().max_origins(0).build().unwrap(),
        3,
    );
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["other"]);
}
