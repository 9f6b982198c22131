//! What many operations at once cost: memory of those that wait, and of origins that never come back.
//!
//! `cargo bench --bench scale`. Memory is what the allocator was asked for, on the one thread that does everything;
//! requests are answered by a script in memory, and tokio's clock is paused, so that no wait takes real time.
#![expect(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark measures real time, reports to its terminal, and may fail loudly"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use steadfast::breaker::{CircuitBreaker, Mode};
use steadfast::budget::RetryBudget;
use steadfast::testing::{Script, Step};
use steadfast::{Client, Event, RequestBuilder};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

fn main() {
    waiting_operations();
    distinct_origins();
}

fn waiting_operations() {
    let script = failing_at_first();
    let waiting = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&waiting);
    let client = Client::builder()
        .script(&script)
        .circuit_breaker(watching())
        .retry_budget(lasting())
        .on_event(move |event| {
            if matches!(event, Event::RetryScheduled { .. }) {
                seen.fetch_add(1, Ordering::Relaxed);
            }
        })
        .build()
        .unwrap();
    let runtime = runtime();

    let held = held_requests(&runtime);
    let begun = Instant::now();
    let mut operations = JoinSet::new();
    let (bytes, blocks) = growth(|| {
        runtime.block_on(async {
            for _ in 0..OPERATIONS {
                operations.spawn(request(&client).send());
            }
            while waiting.load(Ordering::Relaxed) < OPERATIONS {
                tokio::task::yield_now().await;
            }
            drop(script.take_arrivals());
        });
    });
    let started = begun.elapsed();

    let begun = Instant::now();
    let succeeded = runtime.block_on(async {
        let mut succeeded = 0;
        while let Some(ended) = operations.join_next().await {
            succeeded += usize::from(ended.unwrap().unwrap().status() == StatusCode::OK);
        }
        succeeded
    });
    let finished = begun.elapsed();
    assert_eq!(succeeded, OPERATIONS);

    println!("{OPERATIONS} operations waiting in backoff at once");
    println!("  bytes per operation, its task and request included   {bytes:>8.0} in {blocks:.1} blocks");
    println!("  bytes per task that holds the request and sleeps     {held:>8.0}");
    println!(
        "  bytes per operation beyond that                      {:>8.0}",
        bytes - held
    );
    println!("  start to all waiting {started:.2?}, then to all done {finished:.2?} (waits skipped)");
}

/// What tasks cost that hold such a request and sleep: the least that waiting with it can cost.
fn held_requests(runtime: &Runtime) -> f64 {
    let mut tasks = JoinSet::new();
    let sleeping = Arc::new(AtomicUsize::new(0));
    let (bytes, _) = growth(|| {
        runtime.block_on(async {
            for _ in 0..OPERATIONS {
                let (request, sleeping) = (bare_request(), Arc::clone(&sleeping));
                tasks.spawn(async move {
                    sleeping.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_secs(3_600)).await;
                    drop(request);
                });
            }
            while sleeping.load(Ordering::Relaxed) < OPERATIONS {
                tokio::task::yield_now().await;
            }
        });
    });
    // To the end, or the last of them would be freed while the operations are measured.
    runtime.block_on(tasks.shutdown());
    bytes
}

fn distinct_origins() {
    let script = Script::from_fn(|_| Step::status(StatusCode::OK));
    let client = Client::builder().script(&script).build().unwrap();
    let runtime = runtime();
    let mut number = 0;
    let mut batch = |count: usize| {
        let begun = Instant::now();
        let (bytes, _) = growth(|| {
            for _ in 0..count {
                number += 1;
                let url = format!("https://host-{number}.example.com/charges");
                runtime.block_on(client.post(url).body("{}").send()).unwrap();
                if number % 1_000 == 0 {
                    drop(script.take_arrivals());
                }
            }
        });
        (bytes * OPERATIONS as f64, begun.elapsed())
    };
    println!("distinct origins, one operation each, one after the other");
    for count in [1_000, 99_000, 900_000] {
        let (bytes, took) = batch(count);
        println!(
            "  {count:>7} more: memory grew by {:>7.0} KiB in {took:.2?}",
            bytes / 1_024.0
        );
    }
}

/// Bytes and blocks that are held more after `act` than before it, over the number of operations.
fn growth(act: impl FnOnce()) -> (f64, f64) {
    let info = allocation_counter::measure(act);
    (
        info.bytes_current as f64 / OPERATIONS as f64,
        info.count_current as f64 / OPERATIONS as f64,
    )
}

fn failing_at_first() -> Script {
    let arrived = AtomicUsize::new(0);
    Script::from_fn(move |_| {
        if arrived.fetch_add(1, Ordering::Relaxed) < OPERATIONS {
            Step::status(StatusCode::SERVICE_UNAVAILABLE)
        } else {
            Step::status(StatusCode::OK)
        }
    })
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

/// A breaker that counts, but lets everything through, or there would be nobody who waits.
fn watching() -> CircuitBreaker {
    CircuitBreaker::builder().mode(Mode::ObserveOnly).build().unwrap()
}

/// A budget that has a retry for each.
fn lasting() -> RetryBudget {
    let balance = OPERATIONS as f64;
    RetryBudget::builder()
        .capacity(balance)
        .initial(balance)
        .build()
        .unwrap()
}

fn request(client: &Client) -> RequestBuilder {
    client
        .post("https://api.example.com/v1/charges")
        .header("content-type", "application/json")
        .body(r#"{"amount":100}"#)
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

const OPERATIONS: usize = 100_000;
