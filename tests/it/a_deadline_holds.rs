//! A total timeout holds whatever the server does, and no wait is begun that cannot end before it.

use std::time::Duration;

use steadfast::{Clock, Effect, FailureKind, StopReason};

use crate::support::After::{Deaf, Keep, Stall};
use crate::support::{RawServer, SHORT, Step, answer, client, impatient, limit};

/// The rest of the attempt timeout, 30 s, is what a deadline that does not hold would take.
const FAR_LESS_THAN_AN_ATTEMPT: Duration = Duration::from_secs(10);

/// The head must arrive in time even on a loaded machine.
const LONG_ENOUGH_FOR_A_HEAD: Duration = Duration::from_millis(800);

#[tokio::test]
async fn it_ends_an_attempt_that_gets_no_answer() {
    for step in [
        Step::Write(Vec::new(), Stall),
        Step::Write("HTTP/1.1 200 OK\r\nx: ".into(), Stall),
        Step::Write("HTTP/1.1 102 Processing\r\n\r\n".into(), Stall),
        Step::ReadThenStop(1),
        Step::OnAccept(Deaf),
    ] {
        let server = RawServer::start([step]).await;
        let clock = Clock::system();
        let began = clock.now();

        let error = limit(client().post(server.url("/")).total_timeout(SHORT).send())
            .await
            .unwrap_err();

        assert!(error.is_timeout() && error.is_deadline(), "{error}");
        assert!(clock.now() - began < FAR_LESS_THAN_AN_ATTEMPT);
        assert_eq!(
            (error.effect(), error.receipt().unwrap().attempts().len()),
            (Effect::Unknown, 1)
        );
    }
}

#[tokio::test]
async fn it_ends_a_drip_of_head_and_of_body() {
    for first in [
        "HTTP/1.1 200 OK\r\nx: ",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n",
    ] {
        let server = RawServer::start([Step::Drip(first.into())]).await;

        let request = client().post(server.url("/")).total_timeout(SHORT).buffer(1 << 20);
        let error = limit(request.send()).await.unwrap_err();

        assert!(error.is_timeout() && error.is_deadline(), "{error}");
        assert_eq!(server.arrivals().len(), 1);
    }
}

#[tokio::test]
async fn it_bounds_a_body_that_the_caller_reads_later() {
    for after in [Stall, Deaf] {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
        let server = RawServer::start([Step::Write(head.into(), after)]).await;
        let response = limit(
            client()
                .post(server.url("/"))
                .total_timeout(LONG_ENOUGH_FOR_A_HEAD)
                .send(),
        )
        .await
        .unwrap();

        let error = limit(response.bytes()).await.unwrap_err();

        assert!(error.is_timeout(), "{error:?}");
    }
    let server = RawServer::start([Step::Drip("HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n".into())]).await;
    let response = limit(
        client()
            .post(server.url("/"))
            .total_timeout(LONG_ENOUGH_FOR_A_HEAD)
            .send(),
    )
    .await
    .unwrap();
    assert!(limit(response.bytes()).await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn no_wait_is_begun_that_cannot_end_before_it() {
    // The waits are 1 and 2 s, and at least 250 ms must remain for the attempt after each.
    for (total, arrivals) in [(1_000, 1), (1_200, 1), (2_900, 2), (60_000, 5)] {
        let server = RawServer::start((0..9).map(|_| answer(503, "", "busy"))).await;
        let (builder, clock) = impatient();
        let total = Duration::from_millis(total);

        let request = builder.build().unwrap().post(server.url("/")).total_timeout(total);
        let error = limit(request.send()).await.unwrap_err();

        let receipt = error.receipt().unwrap();
        assert_eq!(server.arrivals().len(), arrivals, "{receipt}");
        assert!(clock.waits().iter().sum::<Duration>() < total);
        assert!(receipt.elapsed() < total, "{receipt}");
        assert_eq!(error.is_deadline(), arrivals < 5);
        assert_eq!(error.into_response().unwrap().text().await.unwrap(), "busy");
    }
}

#[tokio::test]
async fn a_retry_after_beyond_it_stops_at_once_and_hands_over_the_hint() {
    let server = RawServer::start([answer(503, "retry-after: 30\r\n", "")]).await;

    let request = client().post(server.url("/")).total_timeout(Duration::from_secs(20));
    let error = limit(request.send()).await.unwrap_err();

    assert_eq!(
        (server.arrivals().len(), error.receipt().unwrap().stop()),
        (1, StopReason::Deadline)
    );
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn the_last_attempt_shrinks_to_fit_it() {
    let server = RawServer::start([answer(503, "", ""), Step::Write(Vec::new(), Stall)]).await;

    let request = client()
        .post(server.url("/"))
        .total_timeout(Duration::from_millis(2_400));
    let error = limit(request.send()).await.unwrap_err();

    assert_eq!(server.arrivals().len(), 2);
    assert_eq!(error.failure().unwrap().kind(), FailureKind::HeadTimeout);
    assert!(error.receipt().unwrap().attempts()[1].took() < Duration::from_secs(5));
    assert!(error.response().is_some(), "the 503 is kept");
}

#[tokio::test]
async fn an_attempt_timeout_bounds_each_attempt_alone() {
    let server = RawServer::start((0..5).map(|_| Step::Write(Vec::new(), Stall))).await;
    let client = impatient().0.attempt_timeout(SHORT).build().unwrap();

    let error = limit(client.post(server.url("/")).send()).await.unwrap_err();

    assert!(error.is_timeout() && error.is_attempts_exhausted());
    assert_eq!(server.arrivals().len(), 5);
    assert!(
        error
            .receipt()
            .unwrap()
            .attempts()
            .iter()
            .all(|attempt| attempt.took() >= SHORT)
    );
    let keep = RawServer::start([Step::Write(
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".into(),
        Keep,
    )])
    .await;
    limit(client.post(keep.url("/")).send()).await.unwrap();
}
