//! What an operation holds while it waits to try again.
#![expect(
    clippy::disallowed_methods,
    reason = "what it is compared to must hold the timer alone"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use steadfast::breaker::{CircuitBreaker, Mode};
use steadfast::budget::RetryBudget;
use steadfast::testing::{Script, Step};
use steadfast::{Client, Event, RequestBuilder};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// The same as `benches/scale.rs` prints for a hundred times as many.
#[test]
fn an_operation_in_backoff_holds_little_beyond_its_own_request() {
    let waiting = Arc::new(AtomicUsize::new(0));
    let (script, client) = failing_at_first(&waiting);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();

    // The first ones make what the runtime and the client keep for good.
    held_requests(&runtime);
    drop(request(&client));
    let held = held_requests(&runtime);
    let mut operations = JoinSet::new();
    let bytes = growth(|| {
        runtime.block_on(async {
            for _ in 0..OPERATIONS {
                operations.spawn(request(&client).send());
            }
            until(&waiting).await;
            drop(script.take_arrivals());
        });
    });
    let beyond = bytes - held;
    println!("{beyond} bytes beyond the request");
    assert!((1..=MOST_BYTES).contains(&beyond), "{beyond} bytes");

    // They were whole operations: each goes on and succeeds.
    let answers = runtime.block_on(operations.join_all());
    assert!(
        answers
            .into_iter()
            .all(|answer| answer.unwrap().status() == StatusCode::OK)
    );
}

/// What tasks hold that have such a request and sleep: the least that waiting with it can cost.
fn held_requests(runtime: &Runtime) -> i64 {
    let mut tasks = JoinSet::new();
    let sleeping = Arc::new(AtomicUsize::new(0));
    let bytes = growth(|| {
        runtime.block_on(async {
            for _ in 0..OPERATIONS {
                let (request, sleeping) = (bare_request(), Arc::clone(&sleeping));
                tasks.spawn(async move {
                    sleeping.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_secs(3_600)).await;
                    drop(request);
                });
            }
            until(&sleeping).await;
        });
    });
    // To the end, or the last of them would be freed while what comes next is measured.
    runtime.block_on(tasks.shutdown());
    bytes
}

/// A client whose first attempts fail, one for each operation; it counts those that wait.
fn failing_at_first(waiting: &Arc<AtomicUsize>) -> (Script, Client) {
    let arrived = AtomicUsize::new(0);
    let script = Script::from_fn(move |_| {
        Step::status(if arrived.fetch_add(1, Ordering::Relaxed) < OPERATIONS {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::OK
        })
    });
    let waiting = Arc::clone(waiting);
    let client = Client::builder()
        .script(&script)
        .circuit_breaker(watching())
        .retry_budget(lasting())
        .on_event(move |event| {
            if matches!(event, Event::RetryScheduled { .. }) {
                waiting.fetch_add(1, Ordering::Relaxed);
            }
        })
        .build()
        .unwrap();
    (script, client)
}

/// A breaker that counts, but lets everything through, or there would be nobody who waits.
fn watching() -> CircuitBreaker {
    CircuitBreaker::builder().mode(Mode::ObserveOnly).build().unwrap()
}

/// A budget that has a retry for each.
fn lasting() -> RetryBudget {
    let balance = f64::from(u32::try_from(OPERATIONS).unwrap());
    RetryBudget::builder()
        .capacity(balance)
        .initial(balance)
        .build()
        .unwrap()
}

/// The same as reqwest has it: our builder has room in it for what comes later.
fn bare_request() -> reqwest::Request {
    let url = "https://api.example.com/v1/charges".parse().unwrap();
    let mut request = reqwest::Request::new(Method::POST, url);
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(CONTENT_TYPE, json);
    *request.body_mut() = Some(r#"{"amount":100}"#.into());
    request
}

fn request(client: &Client) -> RequestBuilder {
    client
        .post("https://api.example.com/v1/charges")
        .header("content-type", "application/json")
        .body(r#"{"amount":100}"#)
}

async fn until(all: &AtomicUsize) {
    while all.load(Ordering::Relaxed) < OPERATIONS {
        tokio::task::yield_now().await;
    }
}

/// Bytes that are held more after `act` than before it, for each operation.
fn growth(act: impl FnOnce()) -> i64 {
    allocation_counter::measure(act).bytes_current / i64::try_from(OPERATIONS).unwrap()
}

const OPERATIONS: usize = 1_000;

/// Measured 491 on x86-64, where tokio rounds a task up to a multiple of 128: one such step more is too much.
const MOST_BYTES: i64 = 560;
