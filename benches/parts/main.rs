//! What the parts of an operation cost: nanoseconds, and allocations.
//!
//! `cargo bench --bench parts`. Times are handed in, as the engine does it; `clock_read` is what one costs.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark measures real time and may fail loudly"
)]

mod operation_around_a_service;
mod operation_over_a_script;

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use divan::Bencher;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use steadfast::breaker::{CircuitBreaker, Signal, Try};
use steadfast::budget::{Earned, Failed, RetryBudget, Withdrawal};
use steadfast::drive::Operation;
use steadfast::retry::{Decision, ReplaySafety};
use steadfast::{
    Backoff, Delivery, Failure, FailureKind, IdempotencyKey, KeySupport, Origin, Outcome, RetryPolicy, Scope, Verdict,
};

#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

/// Samples have a size, or a first measurement that is slow would make all of them too small for the timer.
fn main() {
    divan::main();
}

#[divan::bench(sample_size = 1_000)]
fn clock_read() -> Instant {
    Instant::now()
}

/// What the core does for a success: decisions, breaker and budget, without clock, key or I/O: meant to be 60 ns at most.
#[divan::bench(sample_size = 1_000)]
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
        black_box(permit.settle(black_box(Signal::Success), now, black_box(TOOK), 0.0));
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
#[divan::bench(sample_size = 1_000)]
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
#[divan::bench(sample_size = 1_000)]
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

#[divan::bench(sample_size = 1_000)]
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

#[divan::bench(sample_size = 1_000)]
fn classification_of_a_response(bencher: Bencher) {
    let policy = RetryPolicy::default();
    let headers = answer_headers();
    bencher.bench_local(|| {
        let outcome = Outcome::response(black_box(StatusCode::OK), &headers).with_method(&Method::POST);
        policy.classify(&outcome)
    });
}

#[divan::bench(sample_size = 1_000)]
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

#[divan::bench(sample_size = 1_000)]
fn key_generation() -> IdempotencyKey {
    IdempotencyKey::random()
}

#[divan::bench(sample_size = 1_000)]
fn key_derivation() -> IdempotencyKey {
    IdempotencyKey::derive(black_box(["charge", "order-42"]))
}

/// A key as it is, put on one attempt: written into a value anew, since a copy of a key takes less room than a value does.
#[divan::bench(sample_size = 1_000)]
fn header_attach(bencher: Bencher) {
    let (name, key) = (HeaderName::from_static("idempotency-key"), IdempotencyKey::random());
    bencher
        .with_inputs(|| HeaderMap::<HeaderValue>::with_capacity(5))
        .bench_local_values(|mut headers| {
            let shared = Bytes::from_owner(Token(black_box(&key).clone()));
            let mut value = HeaderValue::from_maybe_shared(shared).unwrap();
            value.set_sensitive(true);
            headers.insert(black_box(&name).clone(), value);
            headers
        });
}

/// A key in quotes, or one that the caller put on the request: its value is kept, and each attempt is given a clone.
#[divan::bench(sample_size = 1_000)]
fn header_attach_of_a_kept_value(bencher: Bencher) {
    let (name, key) = (HeaderName::from_static("idempotency-key"), IdempotencyKey::random());
    let value = HeaderValue::from_maybe_shared(Bytes::from_owner(Token(key))).unwrap();
    bencher
        .with_inputs(|| HeaderMap::<HeaderValue>::with_capacity(5))
        .bench_local_values(|mut headers| {
            headers.insert(black_box(&name).clone(), black_box(&value).clone());
            headers
        });
}

struct Token(IdempotencyKey);

impl AsRef<[u8]> for Token {
    fn as_ref(&self) -> &[u8] {
        self.0.as_str().as_bytes()
    }
}

#[divan::bench(sample_size = 1_000, args = ["7", "Sun, 06 Nov 1994 08:49:37 GMT"])]
fn retry_after(bencher: Bencher, value: &'static str) {
    let mut headers = answer_headers();
    headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
    bencher.bench_local(|| Outcome::response(StatusCode::SERVICE_UNAVAILABLE, black_box(&headers)).retry_after());
}

#[divan::bench(sample_size = 1_000)]
fn permit_and_settle(bencher: Bencher) {
    let (guards, now) = (Guards::new(), Instant::now());
    bencher.bench_local(|| {
        let permit = guards.breaker.admit(black_box(guards.scope), Try::First, now).unwrap();
        permit.settle(black_box(Signal::Success), black_box(now), black_box(TOOK), 0.0)
    });
}

/// Into a balance that is full, as it is while nothing fails.
#[divan::bench(sample_size = 1_000)]
fn budget_deposit(bencher: Bencher) {
    let guards = Guards::new();
    for _ in 0..100 {
        guards.budget.deposit(guards.scope, Earned::FirstTry);
    }
    bencher.bench_local(|| guards.budget.deposit(black_box(guards.scope), Earned::FirstTry));
}

#[divan::bench(sample_size = 1_000)]
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
            breaker: breaker_that_stays_closed(),
            budget: RetryBudget::default(),
            scope: Scope::from(&origin),
        }
        .warm()
    }

    /// Makes the origin's cells, which is done once.
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
    black_box(permit.settle(signal, now, black_box(TOOK), 0.5));
    attempts.after(&outcome, &verdict, now, black_box(0.5))
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

/// One that counts, but that these failures do not open, or refusals would be measured.
fn breaker_that_stays_closed() -> CircuitBreaker {
    let breaker = CircuitBreaker::builder().failure_rate(1.0).min_attempts(1_000_000);
    breaker.build().unwrap()
}

/// One that every retry is paid from, but that lasts for billions.
fn budget_that_lasts() -> RetryBudget {
    let budget = RetryBudget::builder().capacity(1e6).initial(1e6);
    budget.cost(Failed::Error, 0.001).build().unwrap()
}

fn recorder() -> PrometheusRecorder {
    let recorder = PrometheusBuilder::new().set_buckets(&[0.01, 0.1, 1.0, 10.0]).unwrap();
    recorder.build_recorder()
}

/// How long the attempts of the parts took.
const TOOK: Duration = Duration::from_millis(30);
