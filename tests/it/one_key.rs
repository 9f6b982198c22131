//! Every attempt of an operation carries the same key and the same bytes, under the header the caller chose.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use steadfast::{Effect, IdempotencyKey, KeyFormat, NotReplayable, ResponseExt, StopReason};

use crate::support::{RawServer, SHORT, answer, client, impatient, limit, one_shot};

async fn failing_twice() -> RawServer {
    RawServer::start([answer(503, "", "busy"), answer(500, "", "")]).await
}

#[tokio::test]
async fn the_key_read_before_sending_is_the_one_that_arrives_each_time() {
    let server = failing_twice().await;
    let mut request = client().post(server.url("/")).body("x");
    let key = request.key().unwrap().unwrap().clone();

    let response = limit(request.send()).await.unwrap();

    let keys: Vec<_> = server.arrivals().iter().map(|arrival| arrival.key().unwrap()).collect();
    assert_eq!(keys, vec![key.as_str(); 3]);
    assert_eq!(response.receipt().unwrap().key(), Some(&key));
}

#[tokio::test]
async fn two_operations_never_share_one() {
    let server = RawServer::start([]).await;
    let client = client();
    for _ in 0..2 {
        limit(client.post(server.url("/")).send()).await.unwrap();
    }
    let arrivals = server.arrivals();
    assert_ne!(arrivals[0].key(), arrivals[1].key());

    // Default headers are for every operation, so a key among them would swallow the second one.
    let mut defaults = HeaderMap::new();
    defaults.insert("x-key", HeaderValue::from_static("always"));
    let builder = impatient()
        .0
        .default_headers(defaults)
        .key_header(HeaderName::from_static("x-key"));
    assert!(builder.build().unwrap_err().is_builder());
}

/// A derived key survives the process, so a missing id must not make one key of all operations.
#[tokio::test]
async fn a_key_derived_from_nothing_is_never_sent() {
    let server = RawServer::start([]).await;
    let nothing: [&[&str]; 3] = [&[], &[""], &["", ""]];
    for parts in nothing {
        let request = client().post(server.url("/")).body("amount=100");
        let error = limit(request.idempotency_key(IdempotencyKey::derive(parts)).send())
            .await
            .unwrap_err();
        assert!(error.is_key_invalid() && error.is_builder(), "{error}");
        assert_eq!(
            error.to_string(),
            "an idempotency key must be derived from at least one part that is not empty"
        );
        assert_eq!(error.effect(), Effect::NotApplied);
    }
    assert_eq!(server.connections(), 0);

    let partly = client().post(server.url("/")).body("amount=100");
    limit(partly.idempotency_key(IdempotencyKey::derive(["charge", ""])).send())
        .await
        .unwrap();
    assert!(server.arrivals()[0].key().is_some());
}

#[tokio::test]
async fn name_and_quoting_are_the_callers() {
    let server = RawServer::start([]).await;
    let builder = impatient().0.key_header(HeaderName::from_static("paypal-request-id"));
    let client = builder.key_format(KeyFormat::Quoted).build().unwrap();

    limit(client.post(server.url("/")).idempotency_key(r#"a"b"#).send())
        .await
        .unwrap();

    let arrival = &server.arrivals()[0];
    assert_eq!(
        (arrival.header("paypal-request-id").as_deref(), arrival.key()),
        (Some(r#""a\"b""#), None)
    );
}

#[tokio::test]
async fn post_and_patch_carry_one_unasked_and_other_methods_when_asked() {
    let server = RawServer::start([]).await;
    let (client, eager) = (
        client(),
        impatient()
            .0
            .key_methods([Method::PUT, Method::DELETE])
            .build()
            .unwrap(),
    );
    for (method, unasked, by_eager) in [
        (Method::POST, true, false),
        (Method::PATCH, true, false),
        (Method::PUT, false, true),
        (Method::DELETE, false, true),
        (Method::GET, false, false),
    ] {
        limit(client.request(method.clone(), server.url("/")).send())
            .await
            .unwrap();
        assert_eq!(server.arrivals().last().unwrap().key().is_some(), unasked, "{method}");
        limit(eager.request(method.clone(), server.url("/")).send())
            .await
            .unwrap();
        assert_eq!(server.arrivals().last().unwrap().key().is_some(), by_eager, "{method}");
        limit(
            client
                .request(method.clone(), server.url("/"))
                .idempotency_key("mine")
                .send(),
        )
        .await
        .unwrap();
        assert_eq!(
            server.arrivals().last().unwrap().key().as_deref(),
            Some("mine"),
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_key_already_on_the_request_is_adopted_as_it_is() {
    let server = failing_twice().await;
    let mut request = client().put(server.url("/")).header("Idempotency-Key", "order-42");
    assert_eq!(request.key().unwrap().unwrap().as_str(), "order-42");

    let response = limit(request.send()).await.unwrap();

    assert!(
        server
            .arrivals()
            .iter()
            .all(|arrival| arrival.key().as_deref() == Some("order-42"))
    );
    assert_eq!(response.receipt().unwrap().key().unwrap().as_str(), "order-42");
}

#[tokio::test]
async fn a_bad_key_or_two_are_an_error_before_anything_is_sent() {
    let server = RawServer::start([]).await;
    let client = client();
    let post = || client.post(server.url("/"));
    let name = "idempotency-key";
    for request in [
        post().header(name, "a").idempotency_key("b"),
        post().header(name, "a").header(name, "a"),
        post().header(name, "with space"),
        post().header(name, ""),
        post().idempotency_key(""),
        post().idempotency_key("caf\u{e9}"),
        post().idempotency_key("k".repeat(256)),
        post().header("bad name", "x"),
        post().header("x", "a\nb"),
        client.post("/relative"),
        client.post("ftp://127.0.0.1/"),
        post().timeout(Duration::ZERO),
    ] {
        let error = limit(request.send()).await.unwrap_err();
        assert!(error.is_builder() && error.receipt().is_none(), "{error}");
    }
    assert_eq!(server.connections(), 0);
    let same = post()
        .header(name, "a")
        .idempotency_key(IdempotencyKey::new("a").unwrap());
    limit(same.send()).await.unwrap();
    assert_eq!(server.arrivals()[0].key().as_deref(), Some("a"));
}

#[tokio::test]
async fn an_executed_request_keeps_its_key_and_its_timeout() {
    let server = RawServer::start([crate::support::Step::Write(Vec::new(), crate::support::After::Stall)]).await;
    let request = reqwest::Client::new()
        .post(server.url("/"))
        .header("idempotency-key", "k-1")
        .body("x");
    let request = request.timeout(SHORT).build().unwrap();

    let response = limit(client().execute(request)).await.unwrap();

    let arrivals = server.arrivals();
    assert!(arrivals.len() >= 2);
    assert!(
        arrivals
            .iter()
            .all(|arrival| arrival.key().as_deref() == Some("k-1") && arrival.body() == b"x")
    );
    assert_eq!(response.receipt().unwrap().key().unwrap().as_str(), "k-1");
}

#[tokio::test]
async fn a_multipart_form_is_the_same_bytes_on_every_attempt() {
    let server = failing_twice().await;
    let form = reqwest::multipart::Form::new()
        .text("amount", "100")
        .text("currency", "EUR");

    limit(client().post(server.url("/")).multipart(form).send())
        .await
        .unwrap();

    let arrivals = server.arrivals();
    assert_eq!(arrivals.len(), 3);
    assert!(arrivals[0].body().windows(3).any(|window| window == b"EUR"));
    for arrival in &arrivals {
        assert_eq!(arrival.body(), arrivals[0].body());
        assert_eq!(arrival.header("content-type"), arrivals[0].header("content-type"));
        assert!(
            arrival
                .header("content-type")
                .unwrap()
                .starts_with("multipart/form-data; boundary=")
        );
    }
}

#[tokio::test]
async fn a_one_shot_stream_is_sent_once_and_the_receipt_says_why() {
    let server = failing_twice().await;

    let error = limit(client().post(server.url("/")).body(one_shot("once")).send())
        .await
        .unwrap_err();

    let receipt = error.receipt().unwrap();
    assert_eq!(receipt.stop(), StopReason::NotReplayable(NotReplayable::OneShotBody));
    assert_eq!(
        (server.arrivals().len(), server.arrivals()[0].body()),
        (1, b"once".to_vec())
    );
    assert_eq!(error.into_response().unwrap().text().await.unwrap(), "busy");

    let fine = RawServer::start([]).await;
    let response = limit(client().post(fine.url("/")).body(one_shot("once")).send())
        .await
        .unwrap();
    assert_eq!(
        response.receipt().unwrap().unsafe_to_repeat(),
        Some(NotReplayable::OneShotBody)
    );
}

#[tokio::test]
async fn a_factory_makes_a_stream_for_every_attempt() {
    let server = failing_twice().await;

    let body = steadfast::Body::factory(|| one_shot("again"));
    limit(client().post(server.url("/")).body(body).send()).await.unwrap();

    let bodies: Vec<_> = server.arrivals().iter().map(crate::support::Arrival::body).collect();
    assert_eq!(bodies, vec![b"again".to_vec(); 3]);
}
