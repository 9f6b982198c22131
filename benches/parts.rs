//! What the parts of an operation cost: nanoseconds, and allocations.
//!
//! `cargo bench --bench parts`. Times are handed in, as the engine does it; `clock_read` is what one costs.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark measures real time and may fail loudly"
)]

use std::hint::black_box;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use divan::Bencher;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use metrics_exporter_prometheus::PrometheusBuilder;
use steadfast::breaker::{CircuitBreaker, Signal, Try};
use steadfast::budget::{Earned, Failed, RetryBudget, Withdrawal};
use steadfast::drive::Operation;
use steadfast::metrics::Metrics;
use steadfast::retry::{Decision, ReplaySafety};
use steadfast::testing::{Script, Step};
use steadfast::{
    Backoff, Client, ClientBuilder, Delivery, Failure, FailureKind, IdempotencyKey, KeySupport, Origin, Outcome,
    RetryPolicy, Scope, Verdict,
};

#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

#[divan::bench]
fn clock_read() -> Instant {
    Instant::now()
}

/// What the core does for a success: decisions, breaker and budget, without clock, key or I/O. The bar is 60 ns.
#[divan::bench]
fn policy_breaker_and_budget_of_a_success(bencher: Bencher) {
    let (policy, guards) = (RetryPolicy::default(), Guards::new());
    let headers = answer_headers();
    let (safety, now) = (keyed(), Instant::now());
    bencher.bench_local(|| {
        let mut attempts = policy.attempts(black_box(safety), now);
        attempts.begin(black_box(now)).unwrap();
        let permit = guards.breaker.admit(black_box(guards.scope), Try::First, now).unwrap();
        let outcome = Outcome::response(black_box(StatusCode::OK), &headers);
        let verdict = policy.classify(&outcome);
        black_box(permit.settle(Signal::Success, now, Duration::from_millis(30), 0.0));
        let decision = attempts.after(&outcome, &verdict, black_box(now), 0.0);
        guards.budget.deposit(guards.scope, Earned::FirstTry);
        decision
    });
}

/// The same around a function that does nothing, awaited: two clock reads (`clock_read`) are in it.
#[divan::bench(sample_size = 1_000)]
fn run_breaker_and_budget_around_nothing(bencher: Bencher) {
    let (policy, guards) = (RetryPolicy::default(), Guards::new());
    bencher.bench_local(|| {
        let run = policy
            .run(|_| std::future::ready(Ok::<_, ()>(black_box(7))))
            .circuit_breaker(&guards.breaker)
            .retry_budget(&guards.budget)
            .scope(black_box(guards.scope));
        let mut run = pin!(run.into_future());
        run.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    });
}

/// The same in a thread, with a closure that gives the verdict.
#[divan::bench(sample_size = 1_000)]
fn run_blocking_breaker_and_budget_around_nothing(bencher: Bencher) {
    let (policy, guards) = (RetryPolicy::default(), Guards::new());
    bencher.bench_local(|| {
        let run = policy
            .run_blocking(|_| Ok::<_, ()>(black_box(7)))
            .classify(|result| {
                if result.is_ok() {
                    Verdict::accept()
                } else {
                    Verdict::fail()
                }
            })
            .circuit_breaker(&guards.breaker)
            .retry_budget(&guards.budget)
            .scope(black_box(guards.scope));
        run.call()
    });
}

/// The state machine alone, times handed in.
#[divan::bench(sample_size = 1_000)]
fn drive_breaker_and_budget_of_a_success(bencher: Bencher) {
    let (policy, guards) = (RetryPolicy::default(), Guards::new());
    let now = Instant::now();
    bencher.bench_local(|| {
        let mut operation = Operation::new(&policy, black_box(keyed()), guards.scope, now)
            .with_circuit_breaker(guards.breaker.clone())
            .with_retry_budget(guards.budget.clone());
        let leave = operation.begin(black_box(now)).unwrap();
        leave.told(&Verdict::accept(), black_box(now), 0.0)
    });
}

/// The same after one failure: another permit, a backoff, and a retry that the budget pays and gets back.
#[divan::bench]
fn policy_breaker_and_budget_of_a_failure_then_a_success(bencher: Bencher) {
    let (policy, guards) = (RetryPolicy::default(), Guards::new());
    let headers = answer_headers();
    let (safety, now) = (keyed(), Instant::now());
    bencher.bench_local(|| {
        let mut attempts = policy.attempts(black_box(safety), now);
        let first = play(
            &policy,
            &guards,
            &mut attempts,
            (StatusCode::SERVICE_UNAVAILABLE, &headers),
            now,
        );
        let paid = guards
            .budget
            .withdraw(guards.scope, Failed::Error)
            .map(Withdrawal::spend);
        let second = play(&policy, &guards, &mut attempts, (StatusCode::OK, &headers), now);
        if let Some(paid) = paid {
            guards.budget.deposit(guards.scope, Earned::AfterRetrying(paid));
        }
        (first, second)
    });
}

/// Five attempts that all fail.
#[divan::bench]
fn policy_of_an_exhausted_operation(bencher: Bencher) {
    let policy = RetryPolicy::default();
    let headers = answer_headers();
    let (safety, now) = (keyed(), Instant::now());
    bencher.bench_local(|| {
        let mut attempts = policy.attempts(black_box(safety), now);
        loop {
            attempts.begin(now).unwrap();
            let outcome = Outcome::response(black_box(StatusCode::SERVICE_UNAVAILABLE), &headers);
            let verdict = policy.classify(&outcome);
            if let Decision::Stop(stop) = attempts.after(&outcome, &verdict, now, black_box(0.5)) {
                break stop;
            }
        }
    });
}

#[divan::bench]
fn decision_attempts_begin_and_after(bencher: Bencher) {
    let policy = RetryPolicy::default();
    let headers = answer_headers();
    let (safety, now) = (keyed(), Instant::now());
    let outcome = Outcome::response(StatusCode::OK, &headers);
    let verdict = policy.classify(&outcome);
    bencher.bench_local(|| {
        let mut attempts = policy.attempts(black_box(safety), black_box(now));
        attempts.begin(black_box(now)).unwrap();
        attempts.after(black_box(&outcome), black_box(&verdict), black_box(now), 0.0)
    });
}

#[divan::bench]
fn classification_of_a_response(bencher: Bencher) {
    let policy = RetryPolicy::default();
    let headers = answer_headers();
    bencher.bench_local(|| {
        let outcome = Outcome::response(black_box(StatusCode::OK), &headers).with_method(&Method::POST);
        policy.classify(&outcome)
    });
}

#[divan::bench]
fn classification_of_a_failure(bencher: Bencher) {
    let policy = RetryPolicy::default();
    let failure = Failure::new(FailureKind::ConnectionLost, Delivery::Unknown);
    bencher.bench_local(|| policy.classify(&Outcome::failure(black_box(&failure))));
}

#[divan::bench(sample_size = 1_000)]
fn backoff(bencher: Bencher) {
    let backoff = Backoff::default();
    bencher.bench_local(|| backoff.wait(black_box(3), None, black_box(0.5)));
}

#[divan::bench]
fn key_generation() -> IdempotencyKey {
    IdempotencyKey::random()
}

#[divan::bench(sample_size = 1_000)]
fn key_derivation() -> IdempotencyKey {
    IdempotencyKey::derive(black_box(["charge", "order-42"]))
}

/// The header as the engine puts it: written from the key, inserted where there is room.
#[divan::bench]
fn header_attach(bencher: Bencher) {
    let key = IdempotencyKey::random();
    bencher
        .with_inputs(|| HeaderMap::<HeaderValue>::with_capacity(5))
        .bench_local_values(|mut headers| {
            let mut value = HeaderValue::from_str(black_box(key.as_str())).unwrap();
            value.set_sensitive(true);
            headers.insert("idempotency-key", value);
            headers
        });
}

#[divan::bench(args = ["7", "Sun, 06 Nov 1994 08:49:37 GMT"])]
fn retry_after(bencher: Bencher, value: &'static str) {
    let mut headers = answer_headers();
    headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
    bencher.bench_local(|| Outcome::response(StatusCode::SERVICE_UNAVAILABLE, black_box(&headers)).retry_after());
}

#[divan::bench]
fn permit_and_settle(bencher: Bencher) {
    let (guards, now) = (Guards::new(), Instant::now());
    bencher.bench_local(|| {
        let permit = guards.breaker.admit(black_box(guards.scope), Try::First, now).unwrap();
        permit.settle(Signal::Success, black_box(now), Duration::from_millis(30), 0.0)
    });
}

#[divan::bench]
fn budget_deposit(bencher: Bencher) {
    let guards = Guards::new();
    bencher.bench_local(|| guards.budget.deposit(black_box(guards.scope), Earned::FirstTry));
}

#[divan::bench]
fn budget_withdraw_and_deposit(bencher: Bencher) {
    let guards = Guards::new();
    bencher.bench_local(|| {
        let paid = guards
            .budget
            .withdraw(black_box(guards.scope), Failed::Error)
            .map(Withdrawal::spend);
        if let Some(paid) = paid {
            guards.budget.deposit(guards.scope, Earned::AfterRetrying(paid));
        }
    });
}

/// Whole operations of a client whose requests a script answers in memory: its notes are part of what is measured.
/// Waits are skipped.
mod operation_over_a_script {
    use super::{Bencher, Metrics, PrometheusBuilder, RUNTIME, STATUSES, StatusCode, builder, client};

    #[divan::bench]
    fn success(bencher: Bencher) {
        let (client, script) = client(&STATUSES[1..]);
        bencher.bench_local(|| {
            let sent = RUNTIME.block_on(client.post("https://api.example.com/charges").body("{}").send());
            assert_eq!(sent.unwrap().status(), StatusCode::OK);
            drop(script.take_arrivals());
        });
    }

    /// The same, counted for Prometheus: two events more than nobody hears.
    #[divan::bench]
    fn success_with_metrics(bencher: Bencher) {
        let (builder, script) = builder(&STATUSES[1..]);
        let metrics = Metrics::new();
        let client = builder.observe(metrics.clone()).build().unwrap();
        metrics.watch(client.circuit_breaker(), client.retry_budget());
        let recorder = PrometheusBuilder::new().set_buckets(&[0.01, 0.1, 1.0, 10.0]).unwrap();
        let recorder = recorder.build_recorder();
        metrics::with_local_recorder(&recorder, || {
            bencher.bench_local(|| {
                let sent = RUNTIME.block_on(client.post("https://api.example.com/charges").body("{}").send());
                assert_eq!(sent.unwrap().status(), StatusCode::OK);
                drop(script.take_arrivals());
            });
        });
    }

    #[divan::bench]
    fn one_failure_then_success(bencher: Bencher) {
        let (client, script) = client(&STATUSES);
        bencher.bench_local(|| {
            let sent = RUNTIME.block_on(client.post("https://api.example.com/charges").body("{}").send());
            assert_eq!(sent.unwrap().status(), StatusCode::OK);
            drop(script.take_arrivals());
        });
    }

    #[divan::bench]
    fn exhausted(bencher: Bencher) {
        let (client, script) = client(&STATUSES[..1]);
        bencher.bench_local(|| {
            let sent = RUNTIME.block_on(client.post("https://api.example.com/charges").body("{}").send());
            assert!(sent.unwrap_err().is_attempts_exhausted());
            drop(script.take_arrivals());
        });
    }
}

/// Whole operations of the tower layer around a service that answers at once, beside tower's own retry around the same.
mod operation_around_a_service {
    use std::convert::Infallible;
    use std::future::{Ready, ready};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use divan::{Bencher, black_box};
    use http::{Method, Request, Response};
    use steadfast::tower::{Notes, ResilienceLayer};
    use tower::retry::{Policy, Retry};
    use tower::{Layer, Service};

    #[derive(Clone)]
    struct NoOp;

    impl Service<Request<()>> for NoOp {
        type Response = Response<()>;
        type Error = Infallible;
        type Future = Ready<Result<Response<()>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<()>) -> Self::Future {
            black_box(request);
            ready(Ok(Response::new(())))
        }
    }

    #[derive(Clone)]
    struct Never;

    impl Policy<Request<()>, Response<()>, Infallible> for Never {
        type Future = Ready<()>;

        fn retry(&mut self, _: &mut Request<()>, _: &mut Result<Response<()>, Infallible>) -> Option<Ready<()>> {
            None
        }

        fn clone_request(&mut self, request: &Request<()>) -> Option<Request<()>> {
            Some(request.clone())
        }
    }

    fn request(method: &Method) -> Request<()> {
        let mut request = Request::new(());
        *request.method_mut() = method.clone();
        *request.uri_mut() = http::Uri::from_static("https://api.example.com/charges");
        request
    }

    fn measure<S: Service<Request<()>>>(bencher: Bencher<'_, '_>, mut service: S, method: &Method) {
        let mut context = Context::from_waker(Waker::noop());
        bencher.bench_local(|| {
            assert!(service.poll_ready(&mut context).is_ready());
            let future = pin!(service.call(request(method)));
            assert!(future.poll(&mut context).is_ready());
        });
    }

    #[divan::bench(sample_size = 1_000)]
    fn bare(bencher: Bencher<'_, '_>) {
        measure(bencher, NoOp, &Method::GET);
    }

    #[divan::bench(sample_size = 1_000)]
    fn tower_retry(bencher: Bencher<'_, '_>) {
        measure(bencher, Retry::new(Never, NoOp), &Method::GET);
    }

    #[divan::bench(sample_size = 1_000)]
    fn get(bencher: Bencher<'_, '_>) {
        measure(bencher, ResilienceLayer::new().layer(NoOp), &Method::GET);
    }

    #[divan::bench(sample_size = 1_000)]
    fn get_without_notes(bencher: Bencher<'_, '_>) {
        let layer = ResilienceLayer::builder().notes(Notes::WhenRetried).build().unwrap();
        measure(bencher, layer.layer(NoOp), &Method::GET);
    }

    /// It carries a random key.
    #[divan::bench(sample_size = 1_000)]
    fn post(bencher: Bencher<'_, '_>) {
        measure(bencher, ResilienceLayer::new().layer(NoOp), &Method::POST);
    }
}

/// A breaker and a budget, and what they are asked about.
struct Guards {
    breaker: CircuitBreaker,
    budget: RetryBudget,
    scope: Scope,
}

impl Guards {
    fn new() -> Self {
        let origin: Origin = "https://api.example.com".parse().unwrap();
        Self {
            // One that these failures don't open, or refusals would be measured.
            breaker: CircuitBreaker::builder().failure_rate(1.0).build().unwrap(),
            budget: RetryBudget::default(),
            scope: Scope::from(&origin),
        }
        .warm()
    }

    /// Makes the origin's cells, which is done once, and a first measurement that is slow makes all samples small.
    fn warm(self) -> Self {
        let now = Instant::now();
        let permit = self.breaker.admit(self.scope, Try::First, now).unwrap();
        permit.settle(Signal::Success, now, Duration::ZERO, 0.0);
        self.budget.deposit(self.scope, Earned::FirstTry);
        self
    }
}

fn play(
    policy: &RetryPolicy,
    guards: &Guards,
    attempts: &mut steadfast::retry::Attempts,
    (status, headers): (StatusCode, &HeaderMap),
    now: Instant,
) -> Decision {
    attempts.begin(now).unwrap();
    let permit = guards.breaker.admit(guards.scope, Try::First, now).unwrap();
    let outcome = Outcome::response(black_box(status), headers);
    let verdict = policy.classify(&outcome);
    let signal = if status.is_server_error() {
        Signal::Failure
    } else {
        Signal::Success
    };
    black_box(permit.settle(signal, now, Duration::from_millis(30), 0.5));
    attempts.after(&outcome, &verdict, now, black_box(0.5))
}

/// A client whose script answers these statuses in turn.
fn client(statuses: &'static [StatusCode]) -> (Client, Script) {
    let (builder, script) = builder(statuses);
    (builder.build().unwrap(), script)
}

fn builder(statuses: &'static [StatusCode]) -> (ClientBuilder, Script) {
    let turn = std::sync::atomic::AtomicUsize::new(0);
    let script = Script::from_fn(move |_| {
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Step::status(statuses[turn % statuses.len()])
    });
    let builder = Client::builder()
        .script(&script)
        .clock(steadfast::Clock::skipping())
        .without_circuit_breaker()
        .retry_budget(RetryBudget::unlimited());
    (builder, script)
}

fn keyed() -> ReplaySafety {
    ReplaySafety::of_method(&Method::POST).with_key(KeySupport::Honored)
}

fn answer_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(DATE, HeaderValue::from_static("Sun, 06 Nov 1994 08:49:30 GMT"));
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers
}

static STATUSES: [StatusCode; 2] = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::OK];

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
});
