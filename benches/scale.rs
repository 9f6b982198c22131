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

#[path = "../tests/allocations/charges.rs"]
mod charges;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use http::StatusCode;
use steadfast::Client;
use steadfast::testing::{Script, Step};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use charges::{charge, failing_at_first, runtime, sleep_with_requests, until};

fn main() {
    waiting_operations();
    distinct_origins();
}

fn waiting_operations() {
    let waiting = Arc::new(AtomicUsize::new(0));
    let (script, client) = failing_at_first(OPERATIONS, &waiting);
    let runtime = runtime();

    let held = held_requests(&runtime);
    let begun = Instant::now();
    let mut operations = JoinSet::new();
    let (bytes, blocks) = growth(|| {
        runtime.block_on(async {
            for _ in 0..OPERATIONS {
                operations.spawn(charge(&client).send());
            }
            until(OPERATIONS, &waiting).await;
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

    let (bytes, held, blocks) = (each(bytes), each(held), each(blocks));
    println!("{OPERATIONS} operations waiting in backoff at once");
    println!("  bytes per operation, its task and request included   {bytes:>8.0} in {blocks:.1} blocks");
    println!("  bytes per task that holds the request and sleeps     {held:>8.0}");
    println!(
        "  bytes per operation beyond that                      {:>8.0}",
        bytes - held
    );
    println!("  start to all waiting {started:.2?}, then to all done {finished:.2?} (waits skipped)");
}

fn held_requests(runtime: &Runtime) -> i64 {
    let mut tasks = JoinSet::new();
    let (bytes, _) = growth(|| tasks = sleep_with_requests(OPERATIONS, runtime));
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
        (bytes as f64 / 1_024.0, begun.elapsed())
    };
    println!("distinct origins, one operation each, one after the other");
    let mut in_all = 0.0;
    for count in [1_000, 99_000, 900_000] {
        let (grown, took) = batch(count);
        in_all += grown;
        println!("  {count:>7} more: memory grew by {grown:>7.0} KiB in {took:.2?}");
    }
    assert!(in_all < MOST_KIB, "{in_all:.0} KiB");
}

/// Bytes and blocks that are held more after `act` than before it.
fn growth(act: impl FnOnce()) -> (i64, i64) {
    let info = allocation_counter::measure(act);
    (info.bytes_current, info.count_current)
}

fn each(all: i64) -> f64 {
    all as f64 / OPERATIONS as f64
}

const OPERATIONS: usize = 100_000;
/// A breaker and a budget keep 1,024 origins each, at less than 1 KiB.
const MOST_KIB: f64 = 2_048.0;
