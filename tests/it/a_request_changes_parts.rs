//! A request changes one part of the policy and leaves the rest as it was, for itself alone.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use steadfast::classify::on_status;
use steadfast::testing::fault_proxy::{Fault, FaultScript};
use steadfast::testing::payment_api::Turn;
use steadfast::testing::{FaultProxy, PaymentApi};
use steadfast::{Attempt, Backoff, Client, Error, Jitter, RequestBuilder, RetryPolicy, StopReason, Verdict};

use crate::support::{impatient, limit};

const SECOND: Duration = Duration::from_secs(1);

async fn shedding() -> PaymentApi {
    PaymentApi::builder().turns(|_| Turn::shed()).start().await.unwrap()
}

/// Three attempts, ten seconds apart, without jitter.
fn policy() -> RetryPolicy {
    let waits = Backoff::constant(10 * SECOND);
    RetryPolicy::builder()
        .max_attempts(3)
        .backoff(waits)
        .jitter(Jitter::None)
        .build()
        .unwrap()
}

fn client(policy: RetryPolicy) -> Client {
    let unlimited = steadfast::budget::RetryBudget::unlimited();
    impatient()
        .0
        .retry(policy)
        .retry_budget(unlimited)
        .without_circuit_breaker()
        .build()
        .unwrap()
}

/// How long the operation waited between its attempts; it must fail.
async fn waits(request: RequestBuilder) -> Vec<Duration> {
    let error = limit(request.body("amount=100").send()).await.unwrap_err();
    let attempts = error.receipt().unwrap().attempts();
    attempts.iter().filter_map(Attempt::wait).collect()
}

#[tokio::test]
async fn each_part_is_changed_for_one_operation_and_the_rest_stays() {
    let api = shedding().await;
    let client = client(policy());
    let charge = || client.post(api.endpoint("/v1/charges"));
    let strict = || {
        RetryPolicy::builder()
            .max_attempts(4)
            .jitter(Jitter::None)
            .build()
            .unwrap()
    };
    for (request, expected) in [
        (charge(), vec![10, 10]),
        (charge().max_attempts(2), vec![10]),
        (charge().max_attempts(1), vec![]),
        (charge().max_attempts(4), vec![10, 10, 10]),
        // The jitter was set beside the backoff, so it stays none.
        (charge().backoff(Backoff::steps([SECOND, 3 * SECOND])), vec![1, 3]),
        (charge().backoff(Backoff::constant(SECOND)).max_attempts(2), vec![1]),
        (charge().retry_with(|policy| policy.max_elapsed(15 * SECOND)), vec![10]),
        (
            charge().retry_with(|policy| policy.max_attempts_for(StatusCode::SERVICE_UNAVAILABLE, 1)),
            vec![],
        ),
        (
            charge().retry_with(|policy| policy.stop_when(|so_far| so_far.begun() == 2)),
            vec![10],
        ),
        (charge().classify(on_status([503]).fail()), vec![]),
        (
            charge().classify_fn(|outcome| (outcome.attempt() == 2).then(Verdict::fail)),
            vec![10],
        ),
        // From the request's own policy, where it has one.
        (charge().retry(strict()), vec![1, 2, 4]),
        (charge().retry(strict()).max_attempts(3), vec![1, 2]),
        (charge().max_attempts(2).retry(strict()), vec![1, 2, 4]),
        (charge(), vec![10, 10]),
    ] {
        let before = api.arrivals();
        let expected: Vec<_> = expected.into_iter().map(Duration::from_secs).collect();
        assert_eq!(waits(request).await, expected);
        assert_eq!(api.arrivals() - before, expected.len() + 1);
    }
}

#[tokio::test]
async fn a_requests_classifier_is_asked_before_the_clients_which_is_asked_once() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let noting = |name: &'static str| {
        let order = Arc::clone(&order);
        move |_: &steadfast::Outcome<'_>| {
            order.lock().unwrap().push(name);
            None
        }
    };
    let usual = policy().to_builder().classify_fn(noting("client")).build().unwrap();
    let api = shedding().await;
    let request = client(usual).post(api.endpoint("/v1/charges"));
    let request = request
        .classify_fn(noting("request"))
        .classify_fn(noting("second"))
        .max_attempts(1);
    assert!(waits(request).await.is_empty());
    assert_eq!(*order.lock().unwrap(), ["request", "second", "client"]);
}

#[tokio::test]
async fn a_requests_classifier_overrules_the_clients_over_a_socket() {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    let accepting = policy()
        .to_builder()
        .classify(on_status([409]).accept())
        .build()
        .unwrap();
    let client = client(accepting);
    for (request, arrivals, status) in [
        (client.post(proxy.endpoint("/v1/charges")), 1, 409),
        (
            client
                .post(proxy.endpoint("/v1/charges"))
                .classify(on_status([409]).retry()),
            2,
            200,
        ),
    ] {
        proxy.play(FaultScript::list([Fault::answer(409)]));
        let before = proxy.passages().len();
        let response = limit(request.body("amount=100").send()).await.unwrap();
        assert_eq!(
            (proxy.passages().len() - before, response.status().as_u16()),
            (arrivals, status)
        );
    }
    assert_eq!(api.totals().effects(), 1);
}

#[tokio::test]
async fn a_bad_part_shows_at_send_and_nothing_is_sent() {
    let api = shedding().await;
    let client = client(policy());
    let charge = || client.post(api.endpoint("/v1/charges"));
    for (request, expected) in [
        (charge().max_attempts(0), "`max_attempts` must be 1 to 100, but was 0"),
        (
            charge().backoff(Backoff::steps([])),
            "`backoff.steps` must be at least one wait, but was none",
        ),
        (
            charge()
                .retry_with(|policy| policy.max_elapsed(Duration::MAX))
                .max_attempts(2),
            "`max_elapsed` must be 1ms to 30days, but was 213503982334601days 7h 15s 999ms 999us 999ns",
        ),
    ] {
        let error: Error = limit(request.send()).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(error.is_builder());
    }
    assert_eq!(api.arrivals(), 0);
}

#[tokio::test]
async fn a_derived_policy_differs_where_it_was_changed_and_the_first_stays_as_it_was() {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let usual = RetryPolicy::builder()
        .strict()
        .max_attempts(3)
        .jitter(Jitter::None)
        .max_elapsed(60 * SECOND)
        .max_attempts_for(StatusCode::SERVICE_UNAVAILABLE, 2)
        .retry_after_limit(7 * SECOND)
        .classify_fn(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            None
        })
        .build()
        .unwrap();
    let same = usual.to_builder().build().unwrap();
    assert_eq!(format!("{usual:?}"), format!("{same:?}"));
    assert_eq!(
        (same.max_elapsed(), same.retry_after_limit()),
        (Some(60 * SECOND), 7 * SECOND)
    );

    let lax = usual
        .to_builder()
        .max_attempts_for(StatusCode::BAD_GATEWAY, 1)
        .max_attempts(9)
        .build()
        .unwrap();
    assert_eq!((usual.max_attempts(), lax.max_attempts()), (3, 9));
    let api = shedding().await;
    for policy in [usual, lax] {
        let before = (api.arrivals(), asked.load(Ordering::Relaxed));
        let error = limit(client(policy).put(api.endpoint("/v1/charges")).send())
            .await
            .unwrap_err();
        assert_eq!(error.receipt().unwrap().stop(), StopReason::OutcomeLimit);
        assert_eq!(
            (api.arrivals() - before.0, asked.load(Ordering::Relaxed) - before.1),
            (2, 2)
        );
    }
}
