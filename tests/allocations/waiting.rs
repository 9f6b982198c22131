//! What an operation holds while it waits to try again.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use http::StatusCode;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::charges::{charge, failing_at_first, runtime, sleep_with_requests, until};

/// The same as `benches/scale.rs` prints for a hundred times as many.
#[test]
fn an_operation_in_backoff_holds_little_beyond_its_own_request() {
    let waiting = Arc::new(AtomicUsize::new(0));
    let (script, client) = failing_at_first(OPERATIONS, &waiting);
    let runtime = runtime();

    // The first ones make what the runtime and the client keep for good.
    held_requests(&runtime);
    drop(charge(&client));
    let held = held_requests(&runtime);
    let mut operations = JoinSet::new();
    let bytes = growth(|| {
        runtime.block_on(async {
            for _ in 0..OPERATIONS {
                operations.spawn(charge(&client).send());
            }
            until(OPERATIONS, &waiting).await;
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

fn held_requests(runtime: &Runtime) -> i64 {
    let mut tasks = JoinSet::new();
    let bytes = growth(|| tasks = sleep_with_requests(OPERATIONS, runtime));
    // To the end, or the last of them would be freed while what comes next is measured.
    runtime.block_on(tasks.shutdown());
    bytes
}

/// Bytes that are held more after `act` than before it, for each operation.
fn growth(act: impl FnOnce()) -> i64 {
    allocation_counter::measure(act).bytes_current / i64::try_from(OPERATIONS).unwrap()
}

const OPERATIONS: usize = 1_000;

/// Measured 459 on x86-64, where tokio rounds a task up to a multiple of 128: one such step more is too much.
const MOST_BYTES: i64 = 560;
