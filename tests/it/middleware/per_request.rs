//! What one request sets differently, as an extension.

use std::time::Duration;

use steadfast::middleware::{ErrorExt, PerRequest};
use steadfast::{IdempotencyKey, KeySupport, NotReplayable, Replay, ResponseExt, RetryPolicy, StopReason};

use super::alone;
use crate::support::{RawServer, answer, limit};

async fn ailing() -> RawServer {
    RawServer::start(vec![answer(500, "", "stored"); 9]).await
}

#[tokio::test]
async fn what_the_tower_layer_takes_from_the_extensions_counts_here_too() {
    let server = ailing().await;
    let key = IdempotencyKey::new("order-42").unwrap();
    let two = RetryPolicy::builder().max_attempts(2).build().unwrap();

    let request = alone().post(server.url("/")).with_extension(key).with_extension(two);
    limit(request.send()).await.unwrap();

    let arrivals = server.arrivals();
    assert_eq!(arrivals.len(), 2);
    for arrival in arrivals {
        assert_eq!(arrival.key().as_deref(), Some("order-42"));
    }

    let server = ailing().await;
    let request = alone().post(server.url("/")).with_extension(KeySupport::Ignored);
    limit(request.send()).await.unwrap();
    assert_eq!(server.arrivals().len(), 1);
}

#[tokio::test]
async fn key_policy_and_gates_are_the_requests() {
    let none = PerRequest::new;
    let two = RetryPolicy::builder().max_attempts(2).build().unwrap();
    let ignored = KeySupport::Ignored;
    let not_replayable = StopReason::NotReplayable;
    for (own, arrivals, stop) in [
        (none().retry(two), 2, StopReason::AttemptsExhausted),
        (
            none().key_support(ignored),
            1,
            not_replayable(NotReplayable::KeyIgnored),
        ),
        (
            none().key_support(ignored).replay(Replay::AtLeastOnce),
            5,
            StopReason::AttemptsExhausted,
        ),
        (none().send_once(), 1, not_replayable(NotReplayable::SendOnce)),
        (
            none().total_timeout(Duration::from_millis(500)),
            1,
            StopReason::Deadline,
        ),
    ] {
        let server = ailing().await;
        let own = own.idempotency_key(IdempotencyKey::new("order-42").unwrap());

        let response = limit(alone().post(server.url("/")).with_extension(own).send())
            .await
            .unwrap();

        assert_eq!(
            (server.arrivals().len(), response.receipt().unwrap().stop()),
            (arrivals, stop)
        );
        assert!(
            server
                .arrivals()
                .iter()
                .all(|arrival| arrival.key().as_deref() == Some("order-42"))
        );
    }
}

#[tokio::test]
async fn time_limits_and_buffer_are_the_requests() {
    let stall = crate::support::Step::Write(
        b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nhalf".to_vec(),
        crate::support::After::Stall,
    );
    let server = RawServer::start([stall]).await;
    let own = PerRequest::new().buffer(1024).attempt_timeout(crate::support::SHORT);

    let response = limit(alone().put(server.url("/")).with_extension(own).send())
        .await
        .unwrap();

    assert_eq!(response.receipt().unwrap().attempts().len(), 2);
}

#[tokio::test]
async fn a_value_out_of_range_shows_before_anything_is_sent() {
    let server = RawServer::start([]).await;
    let own = PerRequest::new();
    for own in [
        own.clone().attempt_timeout(Duration::ZERO),
        own.total_timeout(Duration::ZERO),
    ] {
        let error = limit(alone().get(server.url("/")).with_extension(own).send())
            .await
            .unwrap_err();
        assert!(error.operation_error().unwrap().is_builder());
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_key_does_not_show_in_debug() {
    let own = PerRequest::new().idempotency_key(IdempotencyKey::new("order-42-secret").unwrap());
    assert!(!format!("{own:?}").contains("order-42"), "{own:?}");
}
