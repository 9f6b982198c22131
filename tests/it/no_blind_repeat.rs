//! What may have been processed is repeated only under a key that the server honours, or with an idempotent method.

use std::sync::{Arc, Mutex};

use http::Method;
use steadfast::{Effect, Event, KeySupport, NotReplayable, ResponseExt, RetryPolicy, StopReason, Verdict};
use tokio::net::TcpSocket;

use crate::support::{After, RawServer, SHORT, Step, answer, impatient, limit};

fn steps() -> [(&'static str, Step); 4] {
    [
        ("timeout", Step::Write(Vec::new(), After::Stall)),
        ("500", answer(500, "", "")),
        ("lost", Step::Write(Vec::new(), After::Fin)),
        ("reset", Step::Write(Vec::new(), After::Rst)),
    ]
}

#[tokio::test]
async fn a_post_is_not_repeated_when_the_server_ignores_keys() {
    for (name, step) in steps() {
        let server = RawServer::start([step]).await;
        let builder = impatient().0.key_support(KeySupport::Ignored);
        let client = builder.attempt_timeout(SHORT).build().unwrap();

        let error = limit(client.post(server.url("/charges")).body("x").send())
            .await
            .unwrap_err();

        let receipt = error.receipt().unwrap();
        assert_eq!(
            receipt.stop(),
            StopReason::NotReplayable(NotReplayable::KeyIgnored),
            "{name}"
        );
        assert_eq!(receipt.unsafe_to_repeat(), Some(NotReplayable::KeyIgnored));
        assert_eq!(
            (error.effect(), server.arrivals().len()),
            (Effect::Unknown, 1),
            "{name}"
        );
        assert!(server.arrivals()[0].key().is_some(), "it is sent all the same");
    }
}

#[tokio::test]
async fn a_post_without_a_key_is_not_repeated() {
    for (name, step) in steps() {
        let server = RawServer::start([step]).await;
        let client = impatient().0.key_methods([]).attempt_timeout(SHORT).build().unwrap();

        let error = limit(client.post(server.url("/charges")).body("x").send())
            .await
            .unwrap_err();

        assert_eq!(
            error.receipt().unwrap().stop(),
            StopReason::NotReplayable(NotReplayable::NoKey),
            "{name}"
        );
        assert_eq!((error.key(), server.arrivals().len()), (None, 1), "{name}");
        assert_eq!(server.arrivals()[0].key(), None);
    }
}

#[tokio::test]
async fn a_classifier_proposes_but_the_gate_disposes() {
    let server = RawServer::start([answer(500, "", "")]).await;
    let policy = RetryPolicy::builder()
        .classify_fn(|_| Some(Verdict::retry()))
        .build()
        .unwrap();
    let client = impatient()
        .0
        .key_support(KeySupport::Ignored)
        .retry(policy)
        .build()
        .unwrap();

    let error = limit(client.post(server.url("/charges")).send()).await.unwrap_err();

    assert!(error.is_not_replayable());
    assert_eq!(server.arrivals().len(), 1);
}

#[tokio::test]
async fn a_classifier_that_vouches_for_the_server_is_believed() {
    let server = RawServer::start([answer(429, "", "")]).await;
    let vouch = |outcome: &steadfast::Outcome<'_>| (outcome.status()?.as_u16() == 429).then(Verdict::retry_untouched);
    let policy = RetryPolicy::builder().classify_fn(vouch).build().unwrap();
    let client = impatient()
        .0
        .key_support(KeySupport::Ignored)
        .retry(policy)
        .build()
        .unwrap();

    let response = limit(client.post(server.url("/charges")).send()).await.unwrap();

    assert_eq!((response.status().as_u16(), server.arrivals().len()), (200, 2));
}

#[tokio::test]
async fn an_idempotent_method_is_repeated_without_a_key() {
    for method in [
        Method::GET,
        Method::HEAD,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
    ] {
        for (name, step) in steps() {
            let server = RawServer::start([step]).await;
            let client = impatient().0.attempt_timeout(SHORT).build().unwrap();

            let response = limit(client.request(method.clone(), server.url("/")).send())
                .await
                .unwrap();

            assert!(server.arrivals().len() >= 2, "{method} {name}");
            assert!(server.arrivals().iter().all(|arrival| arrival.key().is_none()));
            assert_eq!(response.receipt().unwrap().unsafe_to_repeat(), None);
        }
    }
}

#[tokio::test]
async fn a_refused_connection_is_retried_whatever_the_server_does_with_keys() {
    // Bound but not listening: refused, and nobody else can take the port.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/charges", socket.local_addr().unwrap());
    let waiting = Mutex::new(Some(socket));
    let started = Arc::new(Mutex::new(None));
    let server = Arc::clone(&started);
    let (builder, clock) = impatient();
    let opens_at_the_third = move |event: &Event<'_>| {
        if matches!(event, Event::AttemptStarted { number: 3, .. }) {
            let listener = waiting.lock().unwrap().take().unwrap().listen(16).unwrap();
            *server.lock().unwrap() = Some(RawServer::serve(listener, []));
        }
    };
    let client = builder
        .key_support(KeySupport::Ignored)
        .on_event(opens_at_the_third)
        .build()
        .unwrap();

    let response = limit(client.post(url).body("x").send()).await.unwrap();

    let receipt = response.receipt().unwrap();
    assert_eq!((receipt.attempts().len(), receipt.effect()), (3, Effect::Applied));
    assert_eq!(receipt.attempts()[0].effect(), Effect::NotApplied);
    assert_eq!(clock.waits().len(), 2);
    assert_eq!(started.lock().unwrap().as_ref().unwrap().arrivals().len(), 1);
}
