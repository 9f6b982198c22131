//! Each operation is counted once, and each attempt, by how it ended.

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use steadfast::breaker::CircuitBreaker;
use steadfast::budget::RetryBudget;
use steadfast::metrics::Metrics;
use steadfast::testing::fault_proxy::{FaultProxy, FaultScript};
use steadfast::testing::{Arrival, PaymentApi, Script, Step};
use steadfast::{Backoff, Client, KeySupport, Replay, RetryPolicy};

use super::Board;
use crate::support::{impatient, limit};
use crate::support_guards::{A, once, origin};

const OPERATIONS: &str = "steadfast_operations_total";
const ATTEMPTS: &str = "steadfast_attempts_total";
const DUPLICATES: &str = "steadfast_possible_duplicates_total";

/// A number that looks random, and is the same for the same seed.
fn mix(seed: u64) -> u64 {
    let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// What the server does with the nth arrival of an operation; whether that is an answer that the caller takes.
fn fate(operation: u64, nth: u64) -> (Step, bool) {
    match mix(operation * 16 + nth + 1) % 10 {
        0..3 => (Step::status(StatusCode::OK), true),
        3 => (Step::status(StatusCode::NOT_FOUND), true),
        4..7 => (Step::status(StatusCode::SERVICE_UNAVAILABLE), false),
        7 => (Step::status(StatusCode::NOT_IMPLEMENTED), false),
        8 => (Step::refused(), false),
        _ => (Step::lost_response(), false),
    }
}

fn operation_of(arrival: &Arrival) -> u64 {
    arrival.url.path().trim_start_matches('/').parse().unwrap()
}

#[test]
fn the_four_ways_an_operation_can_end_add_up_to_what_the_server_saw() {
    let nth = std::sync::Mutex::new(BTreeMap::<u64, u64>::new());
    let script = Script::from_fn(move |arrival| {
        let operation = operation_of(arrival);
        let mut nth = nth.lock().unwrap();
        let nth = nth.entry(operation).or_default();
        *nth += 1;
        fate(operation, *nth).0
    });
    let board = Board::default();
    let client = Client::builder()
        .script(&script)
        .without_circuit_breaker()
        .retry_budget(RetryBudget::unlimited())
        .observe(Metrics::new())
        .build()
        .unwrap();
    board.hears(async {
        for operation in 0..600 {
            let _either = client.post(format!("{A}/{operation}")).send().await;
        }
    });

    let mut arrivals = BTreeMap::<u64, u64>::new();
    script
        .arrivals()
        .iter()
        .for_each(|arrival| *arrivals.entry(operation_of(arrival)).or_default() += 1);
    let mut expected = BTreeMap::<_, u64>::new();
    for (operation, count) in &arrivals {
        let outcome = if fate(*operation, *count).1 {
            "success"
        } else {
            "failure"
        };
        let retry = if *count > 1 { "with" } else { "without" };
        *expected.entry((outcome, retry)).or_default() += 1;
    }
    assert_eq!((arrivals.len(), expected.len()), (600, 4));
    for ((outcome, retry), count) in expected {
        assert!(count > 10, "{outcome} {retry} {count} proves little");
        assert_eq!(
            board.count(OPERATIONS, &[("outcome", outcome), ("retry", retry)]),
            count,
            "{outcome} {retry}"
        );
    }
    let retries = arrivals.values().sum::<u64>() - 600;
    assert_eq!(board.count(ATTEMPTS, &[("attempt", "first")]), 600);
    assert_eq!(board.count(ATTEMPTS, &[("attempt", "retry")]), retries);
    assert_eq!(board.samples("steadfast_retry_wait_seconds", &[]).len() as u64, retries);
    assert_eq!(board.samples("steadfast_operation_duration_seconds", &[]).len(), 600);
    assert_eq!(board.count("steadfast_operation_stops_total", &[]), 600);
}

#[test]
fn over_a_socket_attempts_are_what_passed_the_proxy_and_charges_what_the_server_has() {
    let (builder, clock) = impatient();
    let board = Board::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&board, || {
        runtime.block_on(limit(async {
            let api = PaymentApi::start().await.unwrap();
            let proxy = FaultProxy::start(api.url()).await.unwrap();
            proxy.play(FaultScript::random(7).lost_response(0.2).answer(0.2, 503).reset(0.1));
            let client = builder
                .without_circuit_breaker()
                .retry_budget(RetryBudget::unlimited())
                .observe(Metrics::new())
                .build()
                .unwrap();
            let mut answered = 0;
            for _ in 0..60 {
                let sent = client
                    .post(proxy.endpoint("/v1/charges"))
                    .body(r#"{"amount":100}"#)
                    .send()
                    .await;
                answered += u64::from(sent.is_ok());
            }

            let passages = proxy.passages();
            let mut keys = BTreeMap::<_, u64>::new();
            for passage in &passages {
                *keys.entry(passage.keys().to_vec()).or_default() += 1;
            }
            let repeated = keys.values().filter(|count| **count > 1).count() as u64;
            assert!(
                repeated > 10 && keys.len() == 60,
                "{repeated} of {} prove little",
                keys.len()
            );
            assert_eq!(board.count(ATTEMPTS, &[]), passages.len() as u64);
            assert_eq!(board.count(OPERATIONS, &[("retry", "with")]), repeated);
            assert_eq!(board.count(OPERATIONS, &[("outcome", "success")]), answered);
            assert_eq!(board.count(OPERATIONS, &[]), 60);
            assert_eq!(board.count(DUPLICATES, &[]), 0, "each had a key");
            let waits: f64 = clock.waits().iter().map(Duration::as_secs_f64).sum();
            let shown: f64 = board.samples("steadfast_retry_wait_seconds", &[]).iter().sum();
            assert!(
                (waits..waits + 1.0).contains(&shown),
                "{shown} against {waits}, less what retiring took"
            );
        }));
    });
}

#[test]
fn possible_duplicates_are_counted_when_they_are_sent() {
    let (board, script) = (
        Board::default(),
        Script::new([Step::lost_response(), Step::lost_response()]),
    );
    let client = Client::builder()
        .script(&script)
        .key_support(KeySupport::Ignored)
        .replay(Replay::AtLeastOnce)
        .observe(Metrics::new())
        .build()
        .unwrap();
    board.hears(client.post(A).send()).unwrap();
    assert_eq!(script.arrivals().len(), 3);
    assert_eq!(
        board.count(DUPLICATES, &[("origin", A), ("http_request_method", "POST")]),
        2
    );
    assert_eq!(board.count(DUPLICATES, &[]), 2);
}

#[test]
fn durations_are_in_seconds_and_an_operations_holds_its_waits() {
    let board = Board::default();
    let script = Script::new([Step::status(StatusCode::BAD_GATEWAY).after(Duration::from_millis(300))]);
    let policy = RetryPolicy::builder().backoff(Backoff::constant(Duration::from_secs(3)));
    let policy = policy.jitter(steadfast::Jitter::None).build().unwrap();
    let client = Client::builder().script(&script).retry(policy).observe(Metrics::new());
    let client = client.build().unwrap();
    board.hears(client.get(A).send()).unwrap();
    let attempts = "steadfast_attempt_duration_seconds";
    let [failed] = board.samples(attempts, &[("ending", "5xx")])[..] else {
        panic!("not one")
    };
    let [wait] = board.samples("steadfast_retry_wait_seconds", &[("origin", A)])[..] else {
        panic!("not one")
    };
    let [whole] = board.samples("steadfast_operation_duration_seconds", &[("outcome", "success")])[..] else {
        panic!("not one")
    };
    assert!(
        (failed - 0.3).abs() < 0.002 && (wait - 3.0).abs() < 0.001,
        "{failed} {wait}"
    );
    assert!((whole - 3.3).abs() < 0.004, "{whole}");
    assert_eq!(board.samples(attempts, &[]).len(), 2);
}

#[test]
fn a_refusal_is_an_operation_without_an_attempt_and_a_dropped_one_is_neither() {
    let (board, script) = (Board::default(), Script::from_fn(|_| Step::hang()));
    let breaker = CircuitBreaker::default();
    let client = Client::builder().script(&script).circuit_breaker(breaker.clone());
    let client = client.observe(Metrics::new()).build().unwrap();
    board.hears(async {
        let mut dropped = Box::pin(client.get(A).send());
        assert!(is_pending(&mut dropped).await);
        drop(dropped);
        breaker.isolate(&origin(A), steadfast::Clock::system().now()).unwrap();
        once(&client, A).await.unwrap_err();
    });
    assert_eq!((script.arrivals().len(), board.count(ATTEMPTS, &[])), (1, 0));
    assert_eq!(
        board.count(OPERATIONS, &[("outcome", "failure"), ("retry", "without")]),
        1
    );
    assert_eq!(board.count(OPERATIONS, &[]), 1);
    assert_eq!(
        board.count("steadfast_operation_stops_total", &[("stop", "circuit_open")]),
        1
    );
}

/// Polls once; true if it is not ready.
async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|context| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending()))
        .await
}
