use steadfast::testing::fault_proxy::{Fault, FaultScript, Point};
use steadfast::testing::{FaultProxy, PaymentApi};
use steadfast::{Clock, Delivery, Failure, FailureKind, IdempotencyKey, Outcome, StopReason};

use super::policy;
use crate::support::limit;

/// Another client than ours: what became of the connection it does not tell.
async fn charge(url: &str, key: Option<&IdempotencyKey>) -> Result<reqwest::Response, Failure> {
    let request = reqwest::Client::new().post(url).body("amount=1995&currency=usd");
    let request = match key {
        Some(key) => request.header("idempotency-key", key.as_str()),
        None => request,
    };
    let lost = |error: reqwest::Error| {
        let delivery = if error.is_connect() {
            Delivery::NeverSent
        } else {
            Delivery::Unknown
        };
        Failure::new(FailureKind::ConnectionLost, delivery).caused_by(error.without_url())
    };
    request.send().await.map_err(lost)
}

fn outcome(result: &Result<reqwest::Response, Failure>) -> Outcome<'_> {
    match result {
        Ok(response) => Outcome::response(response.status(), response.headers()),
        Err(failure) => Outcome::failure(failure),
    }
}

#[tokio::test]
async fn one_key_through_another_client_takes_effect_once() {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    proxy.play(FaultScript::list([
        Fault::lost_response(),
        Fault::answer(503),
        Fault::reset(Point::BeforeForwarding),
    ]));
    let (url, policy) = (proxy.endpoint("/v1/charges"), policy());
    let run = policy
        .run(async |attempt| charge(&url, attempt.key()).await)
        .as_http(outcome)
        .key(IdempotencyKey::derive(["order-42"]))
        .clock(Clock::skipping());
    let response = limit(run.into_future()).await.unwrap();
    assert_eq!(response.status(), 200);
    let key = IdempotencyKey::derive(["order-42"]);
    let history = api.key(key.as_str());
    assert_eq!(
        (history.effects(), history.arrivals(), proxy.passages().len()),
        (1, 2, 4)
    );
}

#[tokio::test]
async fn without_a_key_a_lost_answer_is_not_repeated() {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    proxy.play(FaultScript::list([Fault::lost_response()]));
    let (url, policy) = (proxy.endpoint("/v1/charges"), policy());
    let run = policy
        .run(async |attempt| charge(&url, attempt.key()).await)
        .as_http(outcome)
        .not_repeatable()
        .clock(Clock::skipping());
    let failed = limit(run.into_future()).await.unwrap_err();
    assert!(matches!(failed.stop(), StopReason::NotReplayable(_)));
    assert_eq!((api.totals().effects(), proxy.passages().len()), (1, 1));
}

#[tokio::test]
async fn a_response_that_was_given_up_stays_readable() {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    proxy.play(FaultScript::list(vec![Fault::answer(503); 5]));
    let (url, policy) = (proxy.endpoint("/v1/charges"), policy());
    let run = policy
        .run(async |attempt| charge(&url, attempt.key()).await)
        .as_http(outcome)
        .clock(Clock::skipping());
    let failed = limit(run.into_future()).await.unwrap_err();
    assert!(failed.is_attempts_exhausted());
    assert_eq!(failed.into_value().unwrap().status(), 503);
    assert_eq!(api.arrivals(), 0);
}
