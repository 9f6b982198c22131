//! What a success allocates: counted, not timed, so that it can be asserted.
//!
//! A process of its own: a test that listens to spans makes every callsite of its process do work, hyper's included.
#![expect(clippy::unwrap_used, reason = "clippy's leave for tests ends at their helpers")]

mod body;
#[expect(
    clippy::disallowed_methods,
    reason = "what operations are compared to must hold the timer alone"
)]
mod charges;
mod waiting;

use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use steadfast::breaker::{CircuitBreaker, Signal, Try};
use steadfast::budget::{Earned, RetryBudget};
use steadfast::classify::{on_status, on_timeout};
use steadfast::metrics::Metrics;
use steadfast::reqwest;
use steadfast::retry::{Decision, ReplaySafety};
use steadfast::tower::{Notes, ResilienceLayer};
use steadfast::{
    Backoff, Client, Clock, IdempotencyKey, KeySupport, Origin, Outcome, RetryPolicy, Scope, StopReason, Verdict,
};
use tower::{Layer, Service};

#[test]
fn decision_breaker_and_budget_allocate_nothing() {
    let (policy, breaker, budget) = (
        RetryPolicy::default(),
        CircuitBreaker::default(),
        RetryBudget::default(),
    );
    let origin: Origin = "https://api.example.com".parse().unwrap();
    let (scope, headers) = (Scope::from(&origin), HeaderMap::new());
    let safety = ReplaySafety::of_method(&Method::POST).with_key(KeySupport::Honored);
    let now = Clock::system().now();
    let success = || {
        let mut attempts = policy.attempts(safety, now);
        attempts.begin(now).unwrap();
        let permit = breaker.admit(scope, Try::First, now).unwrap();
        let outcome = Outcome::response(StatusCode::OK, &headers);
        let verdict = policy.classify(&outcome);
        permit.settle(Signal::Success, now, Duration::from_millis(30), 0.0);
        let decision = attempts.after(&outcome, &verdict, now, 0.0);
        budget.deposit(scope, Earned::FirstTry);
        assert_eq!(decision, Decision::Stop(StopReason::Accepted));
    };
    // The first one makes the origin's cells.
    success();
    assert_eq!(allocation_counter::measure(success).count_total, 0);
}

#[test]
fn limits_conditions_and_listed_waits_allocate_nothing_either() {
    let policy = RetryPolicy::builder()
        .classify(
            on_status([409])
                .retry()
                .or(on_timeout().fail())
                .except(|outcome| outcome.attempt() > 9),
        )
        .max_attempts_for(StatusCode::SERVICE_UNAVAILABLE, 3)
        .max_attempts_for(on_timeout(), 2)
        .max_elapsed(Duration::from_secs(60))
        .stop_when(|so_far| so_far.begun() > 9)
        .backoff(Backoff::steps([1, 2].map(Duration::from_secs)))
        .build()
        .unwrap();
    let (headers, now) = (HeaderMap::new(), Clock::system().now());
    let operation = || {
        let mut attempts = policy.attempts(ReplaySafety::of_method(&Method::PUT), now);
        let codes = [409, 503, 500, 503, 200].map(|code| StatusCode::from_u16(code).unwrap());
        codes.map(|status| {
            attempts.begin(now).unwrap();
            let outcome = Outcome::response(status, &headers);
            attempts.after(&outcome, &policy.classify(&outcome), now, 0.0)
        })
    };
    assert_eq!(operation()[4], Decision::Stop(StopReason::Accepted));
    assert!(
        operation()[..4]
            .iter()
            .all(|decision| matches!(decision, Decision::RetryAfter(_)))
    );
    let counted = allocation_counter::measure(|| {
        let _ = operation();
    });
    assert_eq!(counted.count_total, 0);
}

/// Awaited and blocking, with a verdict's closure, breaker, budget, key and a deadline.
#[test]
fn a_policy_around_a_function_allocates_nothing() {
    let (policy, breaker, budget) = (
        RetryPolicy::default(),
        CircuitBreaker::default(),
        RetryBudget::default(),
    );
    let key = IdempotencyKey::random();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let awaited = async || {
        let run = policy
            .run(async |attempt| Ok::<_, ()>(attempt.number()))
            .circuit_breaker(&breaker)
            .retry_budget(&budget)
            .scope(Scope::named("orders-db"));
        assert_eq!(run.await.unwrap(), 1);
    };
    let limited = async || {
        let run = policy
            .run(async |attempt| {
                tokio::task::yield_now().await;
                Ok::<_, ()>(attempt.key().is_some())
            })
            .classify(|result| {
                if result.is_ok() {
                    Verdict::accept()
                } else {
                    Verdict::fail()
                }
            })
            .key(key.clone())
            .attempt_timeout(Duration::from_secs(5))
            .total_timeout(Duration::from_secs(30))
            .circuit_breaker(&breaker)
            .retry_budget(&budget);
        assert!(run.await.unwrap());
    };
    let blocking = || {
        let run = policy
            .run_blocking(|attempt| Ok::<_, ()>(attempt.number()))
            .circuit_breaker(&breaker)
            .retry_budget(&budget);
        assert_eq!(run.call().unwrap(), 1);
    };
    let counts = runtime.block_on(async {
        // The first ones make the cells and the timer's wheel.
        awaited().await;
        limited().await;
        blocking();
        [
            measured(awaited()).await,
            measured(limited()).await,
            allocation_counter::measure(blocking).count_total,
        ]
    });
    assert_eq!(counts, [0, 0, 0]);
}

/// What all polls of a future allocate together.
async fn measured(future: impl Future) -> u64 {
    let (mut future, mut allocations) = (pin!(future), 0);
    poll_fn(|context| {
        let mut polled = Poll::Pending;
        let measured = allocation_counter::measure(|| polled = future.as_mut().poll(context).map(|_| ()));
        allocations += measured.count_total;
        polled
    })
    .await;
    allocations
}

/// The small POST with everything on: key, policy, budget, breaker, timeout and receipt.
#[test]
fn a_keyed_post_makes_at_most_one_allocation_more_than_bare_reqwest() {
    let url = serve(answer_all);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (bare, client) = (reqwest::Client::new(), Client::new());
    let by_reqwest = count(|| {
        let request = bare.post(&url).header("content-type", "application/json").body(BODY);
        let answer = runtime.block_on(async { request.send().await.unwrap().bytes().await.unwrap() });
        assert_eq!(&*answer, b"{}");
    });
    let by_steadfast = count(|| {
        let request = client.post(&url).header("content-type", "application/json").body(BODY);
        let answer = runtime.block_on(async { request.send().await.unwrap().bytes().await.unwrap() });
        assert_eq!(&*answer, b"{}");
    });
    println!("bare reqwest: {by_reqwest}, steadfast: {by_steadfast}");
    assert!(by_steadfast <= by_reqwest + 1, "{by_steadfast} against {by_reqwest}");
}

/// Around a service that answers at once: what the layer itself allocates.
#[test]
fn a_layer_without_notes_allocates_nothing_on_a_success() {
    let layer = |notes| ResilienceLayer::builder().notes(notes).build().unwrap();
    let calls = [
        (layer(Notes::WhenRetried), Method::GET, 0),
        // The maps of two extensions, with what they hold.
        (layer(Notes::Always), Method::GET, 6),
        // The key, its header's value, and the map of headers.
        (layer(Notes::WhenRetried), Method::POST, 3),
    ];
    for (layer, method, most) in calls {
        let inner = tower::service_fn(|request: Request<()>| {
            assert!(request.body() == &());
            std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(())))
        });
        let service = layer.layer(inner);
        let allocated = count(|| {
            let mut service = service.clone();
            let mut request = Request::new(());
            *request.method_mut() = method.clone();
            *request.uri_mut() = Uri::from_static("https://api.example.com/charges");
            let mut context = Context::from_waker(Waker::noop());
            let mut future = pin!(service.call(request));
            assert!(future.as_mut().poll(&mut context).is_ready());
        });
        println!("{method}: {allocated}");
        assert!(allocated <= most, "{method}: {allocated}");
    }
}

/// Counting, once an operation like it was counted: the handles are there, and so are the origin's series.
#[test]
fn an_observed_post_with_metrics_allocates_no_more_than_one_without() {
    let url = serve(answer_all);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let counts = Metrics::new();
    let observed = Client::builder().observe(counts.clone()).build().unwrap();
    counts.watch(observed.circuit_breaker(), observed.retry_budget());
    let numbers = Numbers::default();
    let [without, with] = [Client::new(), observed].map(|client| {
        metrics::with_local_recorder(&numbers, || {
            count(|| {
                let request = client.post(&url).header("content-type", "application/json").body(BODY);
                runtime.block_on(async { request.send().await.unwrap().bytes().await.unwrap() });
            })
        })
    });
    assert_eq!(with, without);
    let counted = numbers.counted.load(Ordering::Relaxed);
    assert_eq!(counted, 70 * 3, "an operation, a stop and an attempt each time");
    assert_eq!(
        numbers.registered.load(Ordering::Relaxed),
        10,
        "each once: three, two durations, five gauges"
    );
}

/// A recorder whose counters all count into one number.
#[derive(Default)]
struct Numbers {
    counted: Arc<AtomicU64>,
    registered: AtomicU64,
}

struct Ignored;

impl HistogramFn for Ignored {
    fn record(&self, _value: f64) {}
}

impl Recorder for Numbers {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        self.registered.fetch_add(1, Ordering::Relaxed);
        Counter::from_arc(Arc::clone(&self.counted))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        self.registered.fetch_add(1, Ordering::Relaxed);
        Gauge::from_arc(Arc::new(AtomicU64::new(0)))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        self.registered.fetch_add(1, Ordering::Relaxed);
        Histogram::from_arc(Arc::new(Ignored))
    }
}

/// The fewest allocations of one call among many: what happens now and then (a timer wheel, a buffer) is not its own.
fn count(call: impl Fn()) -> u64 {
    for _ in 0..20 {
        call();
    }
    (0..50)
        .map(|_| allocation_counter::measure(&call).count_total)
        .min()
        .unwrap()
}

/// A server in other threads, whose allocations are not counted.
fn serve(answer: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/charges", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || answer(stream.unwrap()));
        }
    });
    url
}

fn answer_all(mut stream: TcpStream) {
    let (mut buffer, mut received) = ([0; 4096], Vec::new());
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        received.extend_from_slice(&buffer[..count]);
        if received.ends_with(BODY.as_bytes()) {
            received.clear();
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                .unwrap();
        }
    }
}

const BODY: &str = r#"{"amount":100}"#;
