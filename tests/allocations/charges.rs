//! Many operations whose first attempts fail: what `benches/scale.rs` measures too.

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

/// A client whose first `count` attempts fail; it counts those that wait for another.
pub(crate) fn failing_at_first(count: usize, waiting: &Arc<AtomicUsize>) -> (Script, Client) {
    let arrived = AtomicUsize::new(0);
    let script = Script::from_fn(move |_| {
        Step::status(if arrived.fetch_add(1, Ordering::Relaxed) < count {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::OK
        })
    });
    let waiting = Arc::clone(waiting);
    let client = Client::builder()
        .script(&script)
        .circuit_breaker(watching())
        .retry_budget(lasting(count))
        .on_event(move |event| {
            if matches!(event, Event::RetryScheduled { .. }) {
                waiting.fetch_add(1, Ordering::Relaxed);
            }
        })
        .build()
        .unwrap();
    (script, client)
}

/// What all attempts of such a client send.
pub(crate) fn charge(client: &Client) -> RequestBuilder {
    client
        .post("https://api.example.com/v1/charges")
        .header("content-type", "application/json")
        .body(r#"{"amount":100}"#)
}

/// Starts tasks that hold such a request and sleep: the least that waiting with it can cost.
pub(crate) fn sleep_with_requests(count: usize, runtime: &Runtime) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let sleeping = Arc::new(AtomicUsize::new(0));
    runtime.block_on(async {
        for _ in 0..count {
            let (request, sleeping) = (bare_request(), Arc::clone(&sleeping));
            tasks.spawn(async move {
                sleeping.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_secs(3_600)).await;
                drop(request);
            });
        }
        until(count, &sleeping).await;
    });
    tasks
}

/// Lets tasks run until so many have been counted.
pub(crate) async fn until(count: usize, counted: &AtomicUsize) {
    while counted.load(Ordering::Relaxed) < count {
        tokio::task::yield_now().await;
    }
}

/// With a clock that is paused, so that no wait takes real time.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
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

/// A breaker that counts, but lets everything through, or there would be nobody who waits.
fn watching() -> CircuitBreaker {
    CircuitBreaker::builder().mode(Mode::ObserveOnly).build().unwrap()
}

/// A budget that has a retry for each.
fn lasting(count: usize) -> RetryBudget {
    let balance = f64::from(u32::try_from(count).unwrap());
    RetryBudget::builder()
        .capacity(balance)
        .initial(balance)
        .build()
        .unwrap()
}
