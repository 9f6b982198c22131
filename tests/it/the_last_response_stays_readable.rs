//! Nothing of the last answer is lost, and the answers before it give their connections back.

use crate::support::After::{Fin, Stall};
use crate::support::{RawServer, SHORT, Step, answer, client, impatient, limit};

#[tokio::test]
async fn an_answer_before_lost_connections_is_kept_with_its_body() {
    let body = "y".repeat(64 * 1024);
    let lost = (0..4).map(|_| Step::Write(Vec::new(), Fin));
    let server = RawServer::start([answer(503, "x-mine: 1\r\n", &body)].into_iter().chain(lost)).await;

    let error = limit(client().post(server.url("/charges")).send()).await.unwrap_err();

    assert_eq!(server.arrivals().len(), 5);
    assert!(error.is_connection_lost() && error.is_attempts_exhausted());
    assert_eq!(error.response().unwrap().headers()["x-mine"], "1");
    assert_eq!(
        (error.status().unwrap().as_u16(), error.response().unwrap().url().path()),
        (503, "/charges")
    );
    assert_eq!(error.into_response().unwrap().text().await.unwrap(), body);
}

#[tokio::test]
async fn a_body_too_large_to_keep_costs_its_connection_and_nothing_else() {
    let server = RawServer::start([
        answer(503, "", &"y".repeat(64 * 1024 + 1)),
        Step::Write(Vec::new(), Fin),
    ])
    .await;

    let response = limit(client().post(server.url("/")).send()).await.unwrap();

    assert_eq!((response.status().as_u16(), server.arrivals().len()), (200, 3));
}

#[tokio::test]
async fn drained_answers_free_the_connection() {
    let server = RawServer::start([answer(503, "", "one"), answer(503, "", "two"), answer(200, "", "three")]).await;

    let response = limit(client().post(server.url("/")).body("x").send()).await.unwrap();

    assert_eq!(response.text().await.unwrap(), "three");
    assert_eq!((server.arrivals().len(), server.connections()), (3, 1));
}

#[tokio::test]
async fn an_answer_that_never_ends_does_not_hold_up_the_retry() {
    let endless = "HTTP/1.1 503 Busy\r\ncontent-length: 10\r\n\r\nhalf";
    let server = RawServer::start([Step::Write(endless.into(), Stall)]).await;
    let (builder, clock) = impatient();
    let client = builder.build().unwrap();

    let response = limit(client.post(server.url("/")).send()).await.unwrap();

    assert_eq!((response.status().as_u16(), server.connections()), (200, 2));
    // What the reading took is part of the wait, not on top of it.
    let receipt = steadfast::ResponseExt::receipt(&response).unwrap();
    assert!(
        clock.waits()[0] + SHORT < receipt.attempts()[0].wait().unwrap(),
        "{receipt}"
    );
}

#[tokio::test]
async fn the_original_error_is_kept_as_the_source() {
    let server = RawServer::start((0..5).map(|_| Step::Write(Vec::new(), Fin))).await;

    let error = limit(impatient().0.build().unwrap().post(server.url("/")).send())
        .await
        .unwrap_err();

    let sources: Vec<_> = std::iter::successors(std::error::Error::source(&error), |error| error.source()).collect();
    assert_eq!(error.failure().unwrap().kind(), steadfast::FailureKind::ConnectionLost);
    assert!(
        sources.iter().any(|source| source.is::<reqwest::Error>()),
        "{sources:?}"
    );
}
