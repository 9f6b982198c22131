//! Buffered, a cut or stalled body is an outcome like any other; unbuffered, it is the caller's to see.

use steadfast::{Effect, Ending, FailureKind, ResponseExt, StopReason};

use crate::support::After::{Fin, Keep, Stall};
use crate::support::{RawServer, SHORT, Step, answer, client, impatient, limit};

fn part_of(status: u16, after: crate::support::After) -> Step {
    let text = format!("HTTP/1.1 {status} X\r\nretry-after: 7\r\ncontent-length: 10\r\n\r\nhalf");
    Step::Write(text.into(), after)
}

#[tokio::test]
async fn a_cut_body_is_retried_under_the_key_and_ends_well() {
    let server = RawServer::start([part_of(200, Fin), answer(200, "", "whole")]).await;

    let response = limit(client().post(server.url("/")).body("x").buffer(100).send())
        .await
        .unwrap();

    let [first, second] = &server.arrivals()[..] else {
        panic!("not two")
    };
    assert!(first.key().is_some());
    assert_eq!(first.key(), second.key());
    assert_eq!(response.receipt().unwrap().attempts().len(), 2);
    assert_eq!(response.text().await.unwrap(), "whole");
}

#[tokio::test]
async fn a_stalled_body_is_a_timeout_of_the_attempt() {
    let server = RawServer::start([part_of(200, Stall)]).await;
    let client = impatient().0.attempt_timeout(SHORT).buffer(100).build().unwrap();

    let response = limit(client.post(server.url("/")).send()).await.unwrap();

    let first = response.receipt().unwrap().attempts()[0].ending();
    assert!(
        matches!(
            first,
            Ending::Failure {
                kind: FailureKind::BodyTimeout,
                ..
            }
        ),
        "{first}"
    );
    assert_eq!(response.status().as_u16(), 200);
}

#[tokio::test]
async fn a_body_larger_than_the_buffer_is_an_error_and_not_repeated() {
    for headers in [
        "content-length: 101\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n65\r\n",
    ] {
        let text = format!("HTTP/1.1 200 OK\r\n{headers}{}\r\n0\r\n\r\n", "y".repeat(101));
        let server = RawServer::start([Step::Write(text.into(), Keep)]).await;

        let error = limit(client().post(server.url("/")).buffer(100).send())
            .await
            .unwrap_err();

        assert!(error.is_body(), "{error}");
        assert_eq!(error.failure().unwrap().kind(), FailureKind::BodyTooLarge);
        assert_eq!(
            (error.effect(), error.status().unwrap().as_u16()),
            (Effect::Applied, 200)
        );
        assert_eq!(
            (server.arrivals().len(), error.receipt().unwrap().stop()),
            (1, StopReason::Final)
        );
    }
}

#[tokio::test]
async fn a_body_of_just_the_limit_is_whole_and_so_is_the_rest_of_the_response() {
    let server = RawServer::start([answer(201, "x-mine: 1\r\n", &"y".repeat(100))]).await;

    let response = limit(client().post(server.url("/charges")).buffer(100).send())
        .await
        .unwrap();

    assert_eq!((response.status().as_u16(), response.url().path()), (201, "/charges"));
    assert_eq!(
        (&response.headers()["x-mine"], response.content_length()),
        (&"1".parse().unwrap(), Some(100))
    );
    assert_eq!(response.text().await.unwrap().len(), 100);
}

#[tokio::test]
async fn without_a_buffer_a_cut_body_is_the_callers_to_see() {
    let server = RawServer::start([part_of(200, Fin)]).await;

    let response = limit(client().post(server.url("/")).send()).await.unwrap();

    assert_eq!((response.status().as_u16(), server.arrivals().len()), (200, 1));
    assert!(limit(response.bytes()).await.is_err());
    assert_eq!(server.arrivals().len(), 1);
}

#[tokio::test]
async fn a_failing_status_is_judged_by_itself_when_its_body_is_cut() {
    // The status arrived: 5xx heal or do not, 4xx are answers that nobody can read.
    for (status, arrivals, stop) in [
        (404, 1, StopReason::Final),
        (501, 1, StopReason::Final),
        (503, 2, StopReason::Accepted),
    ] {
        let server = RawServer::start([part_of(status, Fin)]).await;

        let result = limit(client().post(server.url("/")).buffer(100).send()).await;

        let receipt = match &result {
            Ok(response) => response.receipt().unwrap(),
            Err(error) => error.receipt().unwrap(),
        };
        assert_eq!((server.arrivals().len(), receipt.stop()), (arrivals, stop), "{status}");
    }
    let large = "y".repeat(101);
    let server = RawServer::start([answer(503, "", &large)]).await;
    let response = limit(client().post(server.url("/")).buffer(100).send()).await.unwrap();
    assert_eq!((response.status().as_u16(), server.arrivals().len()), (200, 2));
}

#[tokio::test]
async fn a_cut_or_stalled_body_does_not_swallow_the_servers_wish_to_wait() {
    for after in [Fin, Stall] {
        let server = RawServer::start([part_of(503, after)]).await;
        let (builder, clock) = impatient();
        let client = builder.attempt_timeout(4 * SHORT).build().unwrap();

        limit(client.post(server.url("/")).buffer(100).send()).await.unwrap();

        assert!(clock.waits()[0].as_secs_f64() > 6.7, "{:?}", clock.waits());
    }
}
