//! At most five attempts, waits of 1, 2, 4 and 8 s plus jitter, one key, the same bytes.

use std::collections::HashSet;
use std::time::Duration;

use steadfast::{Effect, StopReason};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{RawServer, answer, impatient, limit};

#[tokio::test]
async fn an_always_503_gets_five_attempts_with_one_key_and_one_body_then_the_last_503() {
    let server = MockServer::start().await;
    let unavailable = ResponseTemplate::new(503).set_body_string("come back later");
    Mock::given(method("POST"))
        .and(path("/charges"))
        .respond_with(unavailable)
        .mount(&server)
        .await;
    let (builder, clock) = impatient();
    let client = builder.build().unwrap();

    let request = client.post(format!("{}/charges", server.uri())).body("amount=100");
    let error = limit(request.send()).await.unwrap_err();

    let arrivals = server.received_requests().await.unwrap();
    assert_eq!(arrivals.len(), 5);
    let keys: HashSet<_> = arrivals
        .iter()
        .map(|arrival| arrival.headers["idempotency-key"].to_str().unwrap())
        .collect();
    let [key] = Vec::from_iter(keys)[..] else {
        panic!("more than one key")
    };
    assert_eq!((key.len(), &key[14..15]), (36, "4"), "a UUIDv4: {key}");
    assert!(matches!(&key[19..20], "8" | "9" | "a" | "b"), "of RFC 9562: {key}");
    assert!(arrivals.iter().all(|arrival| arrival.body == b"amount=100"));

    let receipt = error.receipt().unwrap();
    assert_eq!(receipt.key().unwrap().as_str(), key);
    assert_eq!(
        (receipt.stop(), receipt.effect()),
        (StopReason::AttemptsExhausted, Effect::Unknown)
    );
    let waits: Vec<_> = receipt.attempts().iter().map(steadfast::Attempt::wait).collect();
    assert_eq!((waits.len(), waits[4]), (5, None));
    for (wait, seconds) in waits.iter().flatten().zip([1, 2, 4, 8]) {
        let least = Duration::from_secs(seconds);
        assert!((least..=least + least / 4).contains(wait), "{waits:?}");
    }
    // What the receipt says was waited, was: from the end of one attempt to the start of the next.
    for pair in receipt.attempts().windows(2) {
        let over = pair[0].started() + pair[0].took() + pair[0].wait().unwrap();
        assert!(pair[1].started() >= over, "{receipt}");
    }
    assert_eq!(clock.waits().len(), 4);

    assert!(error.is_attempts_exhausted() && error.is_status());
    let response = error.into_response().unwrap();
    assert_eq!(
        (response.status().as_u16(), response.text().await.unwrap().as_str()),
        (503, "come back later")
    );
}

#[tokio::test]
async fn a_policy_of_three_makes_three() {
    let server = RawServer::start((0..9).map(|_| answer(500, "", ""))).await;
    let policy = steadfast::RetryPolicy::builder().max_attempts(3).build().unwrap();
    let client = impatient().0.retry(policy).build().unwrap();

    let error = limit(client.put(server.url("/")).send()).await.unwrap_err();

    assert!(error.is_attempts_exhausted());
    assert_eq!(
        (server.arrivals().len(), error.receipt().unwrap().attempts().len()),
        (3, 3)
    );
}

#[tokio::test]
async fn send_once_makes_one_and_says_so() {
    let server = RawServer::start([answer(503, "", "")]).await;

    let error = limit(crate::support::client().get(server.url("/")).send_once().send())
        .await
        .unwrap_err();

    assert!(error.is_not_replayable());
    assert_eq!(server.arrivals().len(), 1);
    assert_eq!(
        error.receipt().unwrap().unsafe_to_repeat(),
        Some(steadfast::NotReplayable::SendOnce)
    );
}
