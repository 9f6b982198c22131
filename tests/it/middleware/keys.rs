//! A key that is on the request is kept; who replaces it within cannot be seen without a seal.

use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use steadfast::ResponseExt;
use steadfast::middleware::{ErrorExt, PerRequest};
use steadfast::{IdempotencyKey, StopReason};

use super::{NewKeys, Sieve, alone, bare, resilience, retrying};
use crate::support::{RawServer, answer, limit};

fn keys(server: &RawServer) -> Vec<Option<String>> {
    server.arrivals().iter().map(crate::support::Arrival::key).collect()
}

#[tokio::test]
async fn a_key_on_the_request_is_kept() {
    let server = RawServer::start([answer(503, "", "")]).await;
    let chain = bare().with(NewKeys::default()).with(resilience().0).build();

    let response = limit(chain.post(server.url("/")).send()).await.unwrap();

    assert_eq!(keys(&server), vec![Some("key-0".to_owned()); 2]);
    assert_eq!(response.receipt().unwrap().key().unwrap().as_str(), "key-0");
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_before_anything_is_sent() {
    let server = RawServer::start([]).await;
    let post = || alone().post(server.url("/"));
    let other = PerRequest::new().idempotency_key(IdempotencyKey::new("b").unwrap());
    let name = "idempotency-key";
    for request in [
        post().header(name, "with space"),
        post().header(name, ""),
        post().header(name, "a").header(name, "a"),
        post().header(name, "a").with_extension(other),
    ] {
        let error = limit(request.send()).await.unwrap_err();
        assert!(error.operation_error().unwrap().is_builder(), "{error}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_key_derived_from_nothing_is_refused_before_anything_is_sent() {
    let server = RawServer::start([]).await;
    let chain = bare().with(resilience().0).build();
    let own = PerRequest::new().idempotency_key(IdempotencyKey::derive([""; 0]));

    let error = limit(chain.post(server.url("/")).with_extension(own).send())
        .await
        .unwrap_err();

    assert!(error.operation_error().unwrap().is_key_invalid(), "{error}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_key_that_changes_from_pass_to_pass_around_us_stops_the_loop() {
    let server = RawServer::start(vec![answer(503, "", ""); 20]).await;
    let chain = bare()
        .with(retrying())
        .with(NewKeys::default())
        .with(resilience().0)
        .build();

    let error = limit(chain.post(server.url("/")).send()).await.unwrap_err();

    assert!(error.operation_error().unwrap().is_builder(), "{error}");
    assert_eq!(keys(&server), vec![Some("key-0".to_owned()); 5]);
}

#[tokio::test]
async fn a_key_replaced_within_reaches_the_server_without_a_seal_and_nothing_with_one() {
    let server = RawServer::start([answer(503, "", "")]).await;
    let chain = bare().with(resilience().0).with(NewKeys::default()).build();
    limit(chain.post(server.url("/")).send()).await.unwrap();
    assert_eq!(keys(&server), [Some("key-0".to_owned()), Some("key-1".to_owned())]);

    let server = RawServer::start([]).await;
    let (ours, seal) = resilience().0.sealed();
    let chain = bare().with(ours).with(NewKeys::default()).with(seal).build();
    let error = limit(chain.post(server.url("/")).send()).await.unwrap_err();
    let receipt = error.operation_error().unwrap().receipt().unwrap();
    assert_eq!((receipt.attempts().len(), receipt.stop()), (1, StopReason::Final));
    assert_eq!(server.connections(), 0);

    // An operation without a key has none that could be replaced.
    limit(chain.get(server.url("/")).send()).await.unwrap();
}

const STRIPS: Sieve = Sieve {
    passes: &["accept", "content-type"],
    renames: &[],
};

const RENAMES: Sieve = Sieve {
    passes: &["accept"],
    renames: &[("idempotency-key", "x-request-id")],
};

#[tokio::test]
async fn a_key_that_is_removed_within_is_missed_by_a_seal() {
    for sieve in [STRIPS, RENAMES] {
        let server = RawServer::start([answer(503, "", "")]).await;
        let (ours, seal) = resilience().0.sealed();
        let chain = bare().with(ours).with(sieve).with(seal).build();

        let error = limit(chain.post(server.url("/")).send()).await.unwrap_err();

        let receipt = error.operation_error().unwrap().receipt().unwrap();
        assert_eq!((receipt.attempts().len(), receipt.stop()), (1, StopReason::Final));
        assert_eq!(server.connections(), 0);
        assert!(
            format!("{error:?}").contains("removed the idempotency key"),
            "{error:?}"
        );

        limit(chain.get(server.url("/")).send()).await.unwrap();
        assert_eq!(server.arrivals().len(), 2, "a GET needs no key");
    }
}

/// reqwest's own redirects, which would keep the key on a GET, are off.
fn sealed_chain_that_redirects_itself() -> ClientWithMiddleware {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let (ours, seal) = resilience().0.sealed();
    ClientBuilder::new(http.build().unwrap()).with(ours).with(seal).build()
}

#[tokio::test]
async fn a_get_that_a_redirect_made_has_no_key_to_miss() {
    let server = RawServer::start([answer(303, "location: /done\r\n", "")]).await;
    let chain = sealed_chain_that_redirects_itself();

    let response = limit(chain.post(server.url("/")).send()).await.unwrap();

    assert_eq!(response.url().path(), "/done");
    let keys = keys(&server);
    assert!(matches!(&keys[..], [Some(_), None]), "{keys:?}");
}

#[tokio::test]
async fn a_retry_after_such_a_redirect_has_its_key_again() {
    let moved = || answer(303, "location: /done\r\n", "");
    let server = RawServer::start([moved(), answer(503, "", ""), moved()]).await;
    let chain = sealed_chain_that_redirects_itself();

    limit(chain.post(server.url("/")).send()).await.unwrap();

    let keys = keys(&server);
    assert!(matches!(&keys[..], [Some(_), None, Some(_), None]), "{keys:?}");
}
