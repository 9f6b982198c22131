//! A seal at the chain's end sees what really goes out.

use steadfast::middleware::PerRequest;
use steadfast::testing::Recorded;
use steadfast::{KeySupport, Nesting, Replay, StopReason};

use super::{Counting, bare, resilience, retrying};
use crate::support::{RawServer, answer, limit};

#[tokio::test]
async fn a_loop_within_us_is_reported_and_keeps_the_key() {
    let server = RawServer::start(vec![answer(503, "", ""); 3]).await;
    let (ours, recorder) = resilience();
    let (ours, seal) = ours.sealed();
    let chain = bare().with(ours).with(retrying()).with(seal).build();

    limit(chain.post(server.url("/")).body("x").send()).await.unwrap();

    let keys: Vec<_> = server.arrivals().iter().map(crate::support::Arrival::key).collect();
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    let events = recorder.events();
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Recorded::RetriesNested(Nesting::Inner)))
    );
    recorder.assert_operations(1);
    recorder.assert_attempts(1);
    recorder.assert_stopped(StopReason::Accepted);
}

#[tokio::test]
async fn a_loop_within_us_is_stopped_where_nothing_protects() {
    let server = RawServer::start(vec![answer(503, "", ""); 3]).await;
    let (ours, seal) = resilience().0.sealed();
    let chain = bare().with(ours).with(retrying()).with(seal).build();
    let own = PerRequest::new()
        .key_support(KeySupport::Ignored)
        .replay(Replay::WhenUntouched);

    let answer = limit(chain.post(server.url("/")).with_extension(own).send()).await;

    assert!(answer.is_err());
    assert_eq!(server.arrivals().len(), 1);
}

#[tokio::test]
async fn middleware_before_a_seal_sees_the_body_s_bytes() {
    let server = RawServer::start([answer(503, "", "")]).await;
    let (unsealed, sealed) = (Counting::default(), Counting::default());
    let (ours, seal) = resilience().0.sealed();
    limit(
        bare()
            .with(resilience().0)
            .with(unsealed.clone())
            .build()
            .post(server.url("/"))
            .body("x")
            .send(),
    )
    .await
    .unwrap();
    limit(
        bare()
            .with(ours)
            .with(sealed.clone())
            .with(seal)
            .build()
            .post(server.url("/"))
            .body("x")
            .send(),
    )
    .await
    .unwrap();

    assert_eq!(unsealed.bodies(), [None, None]);
    assert_eq!(sealed.bodies(), [Some(b"x".to_vec())]);
    assert!(server.arrivals().iter().all(|arrival| arrival.body() == b"x"));
}

#[tokio::test]
async fn a_request_without_an_operation_passes_a_seal() {
    let server = RawServer::start([]).await;
    let (_, seal) = resilience().0.sealed();

    limit(bare().with(seal).build().post(server.url("/")).body("x").send())
        .await
        .unwrap();

    assert_eq!(
        (server.arrivals()[0].body(), server.arrivals()[0].key()),
        (b"x".to_vec(), None)
    );
}
