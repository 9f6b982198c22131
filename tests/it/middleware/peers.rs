//! What goes wrong with reqwest-retry in a chain, and does not with ours.

use std::time::Duration;

use steadfast::middleware::{PerRequest, Resilience};
use steadfast::testing::PaymentApi;
use steadfast::testing::payment_api::Turn;
use steadfast::{Backoff, Effect, KeySupport, NotReplayable, ResponseExt, RetryPolicy, StopReason};

use super::{alone, bare, retrying};
use crate::support::{RawServer, SHORT, answer, impatient, limit, one_shot};

/// A server that executes, and answers the first time only when everyone has left.
async fn slow() -> PaymentApi {
    let turns = |number| {
        if number == 1 {
            Turn::charge().takes(SHORT * 3)
        } else {
            Turn::charge()
        }
    };
    PaymentApi::builder().turns(turns).start().await.unwrap()
}

#[tokio::test]
async fn a_post_that_timed_out_is_charged_once() {
    let api = slow().await;
    let http = reqwest::Client::builder().timeout(SHORT).build().unwrap();
    let chain = reqwest_middleware::ClientBuilder::new(http.clone())
        .with(retrying())
        .build();
    let _ = limit(chain.post(api.endpoint("/v1/charges")).body("amount=100").send()).await;
    crate::support::pause(SHORT * 4).await;
    assert!(api.charges().len() > 1, "theirs charged more than once");

    let api = slow().await;
    let ours = Resilience::from_builder(impatient().0).unwrap();
    let chain = reqwest_middleware::ClientBuilder::new(http).with(ours).build();
    let _ = limit(chain.post(api.endpoint("/v1/charges")).body("amount=100").send()).await;
    crate::support::pause(SHORT * 4).await;
    assert_eq!(api.charges().len(), 1);
    api.assert_each_key_executed_at_most_once();
}

#[tokio::test]
async fn a_wish_for_patience_is_heard() {
    let server = RawServer::start([answer(503, "retry-after: 7\r\n", "")]).await;
    let (builder, clock) = impatient();
    let ours = Resilience::from_builder(builder).unwrap();

    limit(bare().with(ours).build().post(server.url("/")).send())
        .await
        .unwrap();

    assert!(clock.waits()[0] >= Duration::from_secs(7), "{:?}", clock.waits());
}

#[tokio::test]
async fn a_stream_is_sent_once_and_not_refused() {
    let server = RawServer::start(vec![answer(503, "", ""); 2]).await;
    let theirs = bare().with(retrying()).build();
    assert!(
        limit(theirs.post(server.url("/")).body(one_shot("x")).send())
            .await
            .is_err()
    );
    assert_eq!(server.connections(), 0);

    let response = limit(alone().post(server.url("/")).body(one_shot("x")).send())
        .await
        .unwrap();

    let receipt = response.receipt().unwrap();
    assert_eq!(receipt.stop(), StopReason::NotReplayable(NotReplayable::OneShotBody));
    assert_eq!((receipt.effect(), server.arrivals().len()), (Effect::Unknown, 1));
    assert_eq!(server.arrivals()[0].body(), b"x");
}

#[tokio::test]
async fn the_total_time_is_on_the_clock_that_waits() {
    let server = RawServer::start(vec![answer(503, "", ""); 50]).await;
    let backoff = Backoff::exponential(Duration::from_secs(1)).max(Duration::from_secs(1));
    let policy = RetryPolicy::builder()
        .max_attempts(40)
        .backoff(backoff)
        .build()
        .unwrap();
    let (builder, clock) = impatient();
    let budget = steadfast::budget::RetryBudget::unlimited();
    let builder = builder.retry(policy).retry_budget(budget).without_circuit_breaker();
    let ours = Resilience::from_builder(builder).unwrap();
    let own = PerRequest::new().total_timeout(Duration::from_secs(10));

    let response = limit(
        bare()
            .with(ours)
            .build()
            .post(server.url("/"))
            .with_extension(own)
            .send(),
    )
    .await
    .unwrap();

    assert_eq!(response.receipt().unwrap().stop(), StopReason::Deadline);
    assert!(clock.waits().iter().sum::<Duration>() <= Duration::from_secs(10));
    assert!(server.arrivals().len() > 5);
}

#[tokio::test]
async fn a_post_is_not_repeated_when_the_server_ignores_keys() {
    let server = RawServer::start(vec![answer(500, "", ""); 2]).await;
    let own = PerRequest::new().key_support(KeySupport::Ignored);

    limit(alone().post(server.url("/")).with_extension(own).send())
        .await
        .unwrap();

    assert_eq!(server.arrivals().len(), 1);
}
