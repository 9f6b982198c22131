//! The hook before each attempt gives headers; never the key, never the body.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderValue};
use steadfast::{AttemptInfo, Effect, StopReason};

use crate::support::{RawServer, answer, impatient, limit};

fn forging(name: &'static str) -> impl Fn(AttemptInfo) -> std::future::Ready<Result<HeaderMap, String>> {
    move |attempt| {
        let mut headers = HeaderMap::new();
        headers.insert("x-attempt", HeaderValue::from(attempt.number()));
        headers.insert(name, HeaderValue::from(1_000 + attempt.number()));
        std::future::ready(Ok(headers))
    }
}

#[tokio::test]
async fn it_is_asked_before_every_attempt_and_sees_what_will_be_sent() {
    let server = RawServer::start([answer(503, "", "")]).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let hook = move |attempt: AttemptInfo| {
        let key = attempt
            .headers()
            .get("idempotency-key")
            .map(|key| key.to_str().unwrap().to_owned());
        let body = attempt.body().unwrap().clone();
        log.lock().unwrap().push((
            attempt.number(),
            attempt.method().clone(),
            attempt.url().path().to_owned(),
            key,
            body,
        ));
        let mut headers = HeaderMap::new();
        headers.insert("x-signature", HeaderValue::from(attempt.number()));
        async move { Ok::<_, std::convert::Infallible>(headers) }
    };
    let client = impatient().0.before_attempt(hook).build().unwrap();

    let request = client
        .post(server.url("/charges"))
        .header("x-signature", "stale")
        .body("amount=100");
    limit(request.send()).await.unwrap();

    let arrivals = server.arrivals();
    let sent: Vec<_> = arrivals
        .iter()
        .map(|arrival| arrival.header("x-signature").unwrap())
        .collect();
    assert_eq!(sent, ["1", "2"], "replaced, not added");
    let seen = seen.lock().unwrap();
    let numbers: Vec<_> = seen.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, [1, 2]);
    for (_, method, path, key, body) in seen.iter() {
        assert_eq!(
            (method.as_str(), path.as_str(), &body[..]),
            ("POST", "/charges", &b"amount=100"[..])
        );
        assert_eq!(*key, arrivals[0].key(), "a signature may cover the key");
    }
}

#[tokio::test]
async fn it_can_change_neither_key_nor_framing() {
    for name in ["idempotency-key", "content-length", "transfer-encoding"] {
        let server = RawServer::start([answer(503, "", "")]).await;
        let client = impatient().0.before_attempt(forging(name)).build().unwrap();

        limit(
            client
                .post(server.url("/charges"))
                .idempotency_key("k-1")
                .body("amount=100")
                .send(),
        )
        .await
        .unwrap();

        let arrivals = server.arrivals();
        assert_eq!(arrivals.len(), 2, "{name}");
        for (arrival, number) in arrivals.iter().zip(["1", "2"]) {
            assert_eq!(arrival.header("x-attempt").as_deref(), Some(number));
            assert_eq!(
                (arrival.key().as_deref(), arrival.body()),
                (Some("k-1"), b"amount=100".to_vec()),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn it_cannot_smuggle_a_key_into_an_operation_that_has_none() {
    let server = RawServer::start([answer(503, "", "")]).await;
    let client = impatient()
        .0
        .before_attempt(forging("idempotency-key"))
        .build()
        .unwrap();

    limit(client.put(server.url("/charges")).body("x").send())
        .await
        .unwrap();

    assert!(server.arrivals().iter().all(|arrival| arrival.key().is_none()));
}

#[tokio::test]
async fn if_it_fails_nothing_is_sent() {
    let server = RawServer::start([]).await;
    let failing = |_: AttemptInfo| async { Err::<HeaderMap, _>("no token today") };
    let client = impatient().0.before_attempt(failing).build().unwrap();

    let error = limit(client.post(server.url("/charges")).send()).await.unwrap_err();

    assert_eq!((server.connections(), error.effect()), (0, Effect::NotApplied));
    assert_eq!(error.receipt().unwrap().stop(), StopReason::Final);
    let source = std::error::Error::source(error.failure().unwrap()).unwrap();
    assert_eq!(source.to_string(), "no token today");
}
