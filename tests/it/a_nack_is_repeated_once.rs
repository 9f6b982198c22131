//! HTTP/2: a refusal by protocol is one of our attempts, repeated once, after a wait; everything else leaves doubt.

use steadfast::{
    Attempt, Client, Delivery, Effect, Ending, FailureKind, KeySupport, NotReplayable, ResponseExt, StopReason,
};

use crate::support::h2_server::{
    CANCEL, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, H2Server, H2Step, HTTP_1_1_REQUIRED, INTERNAL_ERROR, NO_ERROR,
    PROTOCOL_ERROR, REFUSED_STREAM, STREAM_CLOSED,
};
use crate::support::{impatient, limit};

fn client(support: KeySupport) -> (Client, steadfast::Clock) {
    let (builder, clock) = impatient();
    let http = reqwest::Client::builder().http2_prior_knowledge();
    (builder.http(http).key_support(support).build().unwrap(), clock)
}

fn refusals() -> [H2Step; 4] {
    [
        H2Step::Reset(REFUSED_STREAM),
        H2Step::GoAwayBelow(NO_ERROR),
        H2Step::GoAwayBelow(ENHANCE_YOUR_CALM),
        H2Step::GoAwayBelow(INTERNAL_ERROR),
    ]
}

#[tokio::test]
async fn a_refusal_is_one_attempt_and_repeated_after_a_wait() {
    for step in refusals() {
        let server = H2Server::start([step]).await;
        let (client, clock) = client(KeySupport::Ignored);

        let response = limit(client.post(server.url()).body("x").send()).await.unwrap();

        let receipt = response.receipt().unwrap();
        assert_eq!((server.arrivals(), receipt.attempts().len()), (2, 2), "{step:?}");
        let Ending::Failure { kind, delivery, .. } = receipt.attempts()[0].ending() else {
            panic!("{receipt}")
        };
        assert_eq!((kind, delivery), (FailureKind::Nack, Delivery::Refused), "{step:?}");
        assert_eq!(receipt.attempts()[0].effect(), Effect::NotApplied);
        assert_eq!(clock.waits().len(), 1);
        assert!(
            clock.waits()[0] >= std::time::Duration::from_millis(990),
            "{:?}",
            clock.waits()
        );
    }
}

#[tokio::test]
async fn a_second_refusal_is_not_believed_without_an_honoured_key() {
    for step in refusals() {
        let server = H2Server::start([step; 9]).await;

        let error = limit(client(KeySupport::Ignored).0.post(server.url()).body("x").send())
            .await
            .unwrap_err();

        assert_eq!(server.arrivals(), 2, "{step:?}");
        assert_eq!(
            error.receipt().unwrap().stop(),
            StopReason::NotReplayable(NotReplayable::KeyIgnored)
        );
        // Who is told that nothing happened begins anew, under another key.
        let effects = error.receipt().unwrap().attempts().iter().map(Attempt::effect);
        assert_eq!(effects.collect::<Vec<_>>(), [Effect::NotApplied, Effect::Unknown]);
        assert_eq!(error.effect(), Effect::Unknown);
    }
}

#[tokio::test]
async fn reqwests_own_retries_are_off() {
    // With them, each of our attempts would arrive three times.
    for step in refusals() {
        let server = H2Server::start([step; 99]).await;

        let error = limit(client(KeySupport::Honored).0.post(server.url()).body("x").send())
            .await
            .unwrap_err();

        assert_eq!(
            (server.arrivals(), error.receipt().unwrap().attempts().len()),
            (5, 5),
            "{step:?}"
        );
    }
}

#[tokio::test]
async fn what_the_server_may_have_processed_is_not_called_refused() {
    use FailureKind::{ConnectionLost, Protocol};
    let resets = [
        NO_ERROR,
        PROTOCOL_ERROR,
        INTERNAL_ERROR,
        FLOW_CONTROL_ERROR,
        STREAM_CLOSED,
        CANCEL,
    ];
    let resets = resets.into_iter().chain([ENHANCE_YOUR_CALM, HTTP_1_1_REQUIRED]);
    let resets = resets.map(|code| (H2Step::Reset(code), ConnectionLost));
    let others = [
        (H2Step::GoAwayAt(NO_ERROR), ConnectionLost),
        (H2Step::GoAwayAt(ENHANCE_YOUR_CALM), ConnectionLost),
        (H2Step::GoAwayAt(INTERNAL_ERROR), ConnectionLost),
        (H2Step::Fin, ConnectionLost),
        (H2Step::Rst, ConnectionLost),
        (H2Step::Garbage, Protocol),
    ];
    for (step, expected) in resets.chain(others) {
        let server = H2Server::start([step]).await;

        let error = limit(client(KeySupport::Ignored).0.post(server.url()).body("x").send())
            .await
            .unwrap_err();

        let receipt = error.receipt().unwrap();
        let Ending::Failure { kind, delivery, .. } = receipt.attempts()[0].ending() else {
            panic!("{receipt}")
        };
        assert_eq!((kind, delivery), (expected, Delivery::Unknown), "{step:?}");
        assert_eq!((server.arrivals(), error.effect()), (1, Effect::Unknown), "{step:?}");
        assert_eq!(receipt.stop(), StopReason::NotReplayable(NotReplayable::KeyIgnored));

        let server = H2Server::start([step]).await;
        let response = limit(client(KeySupport::Honored).0.post(server.url()).body("x").send())
            .await
            .unwrap();
        assert_eq!(
            (server.arrivals(), response.receipt().unwrap().attempts().len()),
            (2, 2),
            "{step:?}"
        );
    }
}

#[tokio::test]
async fn a_cut_body_is_retried_when_buffered() {
    let server = H2Server::start([H2Step::CutBody]).await;

    let request = client(KeySupport::Honored).0.post(server.url()).body("x").buffer(1_000);
    let response = limit(request.send()).await.unwrap();

    let first = &response.receipt().unwrap().attempts()[0];
    assert!(
        matches!(
            first.ending(),
            Ending::Failure {
                kind: FailureKind::Body,
                ..
            }
        ),
        "{first}"
    );
    assert_eq!((first.effect(), server.arrivals()), (Effect::Applied, 2));
}

/// It has no body, whatever length it announces (RFC 9110 §9.3.2).
#[tokio::test]
async fn the_answer_to_a_head_fits_any_buffer() {
    let server = H2Server::start([H2Step::Announced]).await;

    let response = limit(client(KeySupport::Honored).0.head(server.url()).buffer(1_000).send())
        .await
        .unwrap();

    assert_eq!(response.headers()["content-length"], "5000000");
    assert_eq!(response.bytes().await.unwrap(), "");
    assert_eq!(server.arrivals(), 1);
}
