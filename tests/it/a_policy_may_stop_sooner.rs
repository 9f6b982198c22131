//! Limits per outcome, a limit on the time, and conditions of one's own end an operation before its attempts do.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use steadfast::classify::{on, on_failure, on_status, on_timeout};
use steadfast::retry::{Decision, ReplaySafety};
use steadfast::testing::fault_proxy::{Fault, FaultScript, Point};
use steadfast::testing::payment_api::Turn;
use steadfast::testing::{FaultProxy, PaymentApi};
use steadfast::{
    Backoff, Client, Clock, Error, FailureKind, Jitter, Outcome, RetryPolicy, RetryPolicyBuilder, StopReason, Verdict,
};

use crate::support::{SHORT, impatient, limit};

const SECOND: Duration = Duration::from_secs(1);

fn steady(seconds: u64) -> RetryPolicyBuilder {
    RetryPolicy::builder()
        .max_attempts(10)
        .backoff(Backoff::constant(Duration::from_secs(seconds)).jitter(Jitter::None))
}

/// A client without guards that would stop sooner still, and its clock.
fn client(policy: RetryPolicyBuilder) -> (Client, Clock) {
    let (builder, clock) = impatient();
    let builder = builder
        .retry(policy.build().unwrap())
        .without_circuit_breaker()
        .retry_budget(steadfast::budget::RetryBudget::unlimited())
        .attempt_timeout(SHORT);
    (builder.build().unwrap(), clock)
}

async fn charge(client: &Client, url: String) -> Result<reqwest::Response, Error> {
    limit(client.post(url).body("amount=100").send()).await
}

async fn behind(faults: impl IntoIterator<Item = Fault>) -> (PaymentApi, FaultProxy) {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    proxy.play(FaultScript::list(faults));
    (api, proxy)
}

#[tokio::test]
async fn so_many_attempts_end_in_a_limited_status_and_no_more() {
    for most in [1, 2, 4] {
        let api = PaymentApi::builder().turns(|_| Turn::shed()).start().await.unwrap();
        let (client, _) = client(steady(1).max_attempts_for(StatusCode::SERVICE_UNAVAILABLE, most));
        let error = charge(&client, api.endpoint("/v1/charges")).await.unwrap_err();
        assert_eq!(api.arrivals(), most as usize);
        assert!(error.is_attempts_exhausted() && error.is_status(), "{error}");
        assert_eq!(error.receipt().unwrap().stop(), StopReason::OutcomeLimit);
        assert!(
            error.to_string().contains("no attempts left for such an outcome"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn attempts_that_end_otherwise_do_not_count() {
    let (api, proxy) = behind([500, 503, 500, 500, 503].map(Fault::answer)).await;
    let (client, _) = client(steady(1).max_attempts_for(StatusCode::SERVICE_UNAVAILABLE, 2));
    let error = charge(&client, proxy.endpoint("/v1/charges")).await.unwrap_err();
    assert_eq!((proxy.passages().len(), api.arrivals()), (5, 0));
    assert!(error.is_attempts_exhausted());
    assert_eq!(error.receipt().unwrap().stop(), StopReason::OutcomeLimit);
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
}

#[tokio::test]
async fn a_class_of_outcomes_has_one_count() {
    // One of each: what counts is the class, not the member.
    let (_api, proxy) = behind([429, 500, 503].map(Fault::answer)).await;
    let limited = steady(1)
        .classify(on_status([429]).retry())
        .max_attempts_for(on_status([429, 503]), 2);
    let (client, _) = client(limited);
    assert!(charge(&client, proxy.endpoint("/v1/charges")).await.is_err());
    assert_eq!(proxy.passages().len(), 3);
}

#[tokio::test]
async fn timeouts_and_lost_connections_are_limited_on_their_own() {
    let stalled = || Fault::stall(Point::AfterExecution);
    let (api, proxy) = behind([
        Fault::lost_response(),
        stalled(),
        Fault::lost_response(),
        stalled(),
        Fault::Pass,
    ])
    .await;
    let (client, _) = client(
        steady(1)
            .max_attempts_for(on_timeout(), 2)
            .max_attempts_for(FailureKind::ConnectionLost, 3),
    );
    let error = charge(&client, proxy.endpoint("/v1/charges")).await.unwrap_err();
    assert!(error.is_timeout() && error.is_attempts_exhausted(), "{error}");
    assert_eq!((proxy.passages().len(), api.totals().effects()), (4, 1));
}

#[tokio::test]
async fn no_retry_begins_after_the_time_for_retries() {
    let api = PaymentApi::builder().turns(|_| Turn::shed()).start().await.unwrap();
    let (client, clock) = client(steady(10).max_elapsed(25 * SECOND));
    let error = charge(&client, api.endpoint("/v1/charges")).await.unwrap_err();
    let receipt = error.receipt().unwrap();
    assert_eq!((api.arrivals(), clock.waits().len()), (3, 2));
    assert_eq!(receipt.stop(), StopReason::TimeExhausted);
    assert!(error.is_time_exhausted() && !error.is_deadline());
    assert!(
        receipt
            .attempts()
            .iter()
            .all(|attempt| attempt.started() <= 25 * SECOND),
        "{receipt}"
    );
    // The wait was not begun in vain.
    assert!(receipt.elapsed() < 25 * SECOND, "{receipt}");
}

#[tokio::test]
async fn the_time_for_retries_cuts_no_attempt_short() {
    let slow = Fault::DelayHead(SHORT / 2);
    let (api, proxy) = behind([slow]).await;
    let (client, _) = client(steady(1).max_elapsed(Duration::from_millis(1)));
    let response = charge(&client, proxy.endpoint("/v1/charges")).await.unwrap();
    assert_eq!((response.status().as_u16(), api.totals().effects()), (200, 1));
}

#[tokio::test]
async fn a_wish_beyond_the_time_for_retries_is_handed_to_the_caller() {
    let busy = Fault::Answer {
        status: 503,
        headers: vec![("retry-after".into(), "60".into())],
        body: String::new(),
    };
    let (_api, proxy) = behind([busy]).await;
    let (client, clock) = client(steady(1).max_elapsed(25 * SECOND));
    let error = charge(&client, proxy.endpoint("/v1/charges")).await.unwrap_err();
    assert!(error.is_time_exhausted());
    assert_eq!(error.retry_after(), Some(60 * SECOND));
    assert_eq!((proxy.passages().len(), clock.waits().len()), (1, 0));
}

#[tokio::test]
async fn a_condition_of_ones_own_stops_before_the_wait() {
    let api = PaymentApi::builder().turns(|_| Turn::shed()).start().await.unwrap();
    let (client, clock) = client(
        steady(1)
            .stop_when(|so_far| so_far.begun() > 9)
            .stop_when(|so_far| so_far.elapsed() >= 3 * SECOND && so_far.outcome().status().is_some()),
    );
    let error = charge(&client, api.endpoint("/v1/charges")).await.unwrap_err();
    assert_eq!((api.arrivals(), clock.waits().len()), (4, 3));
    assert_eq!(error.receipt().unwrap().stop(), StopReason::StopCondition);
    assert!(error.is_stop_condition());
}

#[tokio::test]
async fn a_condition_that_panics_ends_the_operation_and_the_receipt_survives() {
    let broken_limit = on(|_| panic!("limit"));
    for policy in [
        steady(1).stop_when(|_| panic!("condition")),
        steady(1).max_attempts_for(broken_limit, 3),
    ] {
        let api = PaymentApi::builder().turns(|_| Turn::shed()).start().await.unwrap();
        let (client, clock) = client(policy);
        let error = charge(&client, api.endpoint("/v1/charges")).await.unwrap_err();
        assert_eq!((api.arrivals(), clock.waits().len()), (1, 0));
        assert_eq!(error.receipt().unwrap().stop(), StopReason::Final);
    }
}

#[test]
fn a_condition_is_asked_once_per_retry_that_all_else_allows() {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let policy = RetryPolicy::builder()
        .max_attempts(3)
        .max_elapsed(60 * SECOND)
        .stop_when(move |so_far| {
            assert_eq!(so_far.begun(), counter.fetch_add(1, Ordering::Relaxed) + 1);
            assert_eq!(so_far.wait(), SECOND * so_far.begun());
            false
        });
    let policy = policy.build().unwrap();
    let now = Clock::system().now();
    let headers = HeaderMap::new();
    let failed = Outcome::response(StatusCode::BAD_GATEWAY, &headers);
    let put = ReplaySafety::of_method(&Method::PUT);

    let mut attempts = policy.attempts(put, now);
    for expected in [1, 2, 2] {
        attempts.begin(now).unwrap();
        let _ = attempts.after(&failed, &Verdict::retry(), now, 0.0);
        assert_eq!(asked.load(Ordering::Relaxed), expected);
    }
    // Neither for what is final anyway, nor for what may not be repeated, nor when it is too late.
    for (safety, verdict, later) in [
        (put, Verdict::fail(), now),
        (put, Verdict::accept(), now),
        (ReplaySafety::of_method(&Method::POST), Verdict::retry(), now),
        (put, Verdict::retry(), now + 60 * SECOND),
    ] {
        let mut attempts = policy.attempts(safety, now);
        attempts.begin(now).unwrap();
        assert!(matches!(
            attempts.after(&failed, &verdict, later, 0.0),
            Decision::Stop(_)
        ));
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[test]
fn a_wait_that_took_too_long_begins_no_retry() {
    let policy = steady(10).max_elapsed(25 * SECOND).build().unwrap();
    let start = Clock::system().now();
    let headers = HeaderMap::new();
    let failed = Outcome::response(StatusCode::BAD_GATEWAY, &headers);
    let after_first = || {
        let mut attempts = policy.attempts(ReplaySafety::of_method(&Method::PUT), start);
        attempts.begin(start).unwrap();
        assert_eq!(
            attempts.after(&failed, &Verdict::retry(), start, 0.0),
            Decision::RetryAfter(10 * SECOND)
        );
        attempts
    };
    assert!(after_first().begin(start + 25 * SECOND).is_ok());
    // A laptop that slept, say.
    let late = after_first().begin(start + 25 * SECOND + Duration::from_nanos(1));
    assert_eq!(late, Err(StopReason::TimeExhausted));
    // The first attempt is no retry.
    assert!(
        policy
            .attempts(ReplaySafety::of_method(&Method::PUT), start)
            .begin(start + 26 * SECOND)
            .is_ok()
    );
}

#[test]
fn without_io_too_the_callers_own_failure_is_told_from_what_cannot_heal() {
    let policy = steady(1).classify(on_status([503]).fail()).build().unwrap();
    let start = Clock::system().now();
    let headers = HeaderMap::new();
    for (status, stop) in [(503, StopReason::Rejected), (501, StopReason::Final)] {
        let outcome = Outcome::response(StatusCode::from_u16(status).unwrap(), &headers);
        let mut attempts = policy.attempts(ReplaySafety::of_method(&Method::PUT), start);
        attempts.begin(start).unwrap();
        let decision = attempts.after(&outcome, &policy.classify(&outcome), start, 0.0);
        assert_eq!(decision, Decision::Stop(stop), "{status}");
    }
}

#[test]
fn what_has_no_place_in_the_counts_is_refused_when_the_policy_is_built() {
    let refused = |policy: RetryPolicyBuilder| policy.build().unwrap_err().to_string();
    let with_limits = |count| {
        (0..count).fold(RetryPolicy::builder(), |policy, _| {
            policy.max_attempts_for(on_timeout(), 2)
        })
    };
    assert!(with_limits(6).build().is_ok());
    assert_eq!(
        refused(with_limits(7)),
        "`max_attempts_for` must be set at most 6 times, but was 7"
    );
    for (attempts, shown) in [(0, "0"), (101, "101")] {
        let limited = RetryPolicy::builder().max_attempts_for(on_failure([FailureKind::Dns]), attempts);
        assert_eq!(
            refused(limited),
            format!("`max_attempts_for` must be 1 to 100, but was {shown}")
        );
    }
    assert_eq!(
        refused(RetryPolicy::builder().max_elapsed(Duration::ZERO)),
        "`max_elapsed` must be 1ms to 30days, but was 0s"
    );
}
