//! Redirects: to the same origin as browsers do, to another one without key, credentials or the caller's headers.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use steadfast::testing::{self, Script};
use steadfast::{Client, Effect, FailureKind, KeySupport, ResponseExt, StopReason};

use crate::support::After::Fin;
use crate::support::{RawServer, Step, answer, client, impatient, limit, one_shot};
use crate::support_time::paused;

fn redirect(status: u16, to: &str) -> Step {
    answer(status, &format!("location: {to}\r\n"), "")
}

#[tokio::test]
async fn to_the_same_origin_307_and_308_keep_method_body_and_key() {
    for status in [307, 308] {
        let server = RawServer::start([redirect(status, "/v2?x=1")]).await;

        let request = client()
            .post(server.url("/v1"))
            .header("x-mine", "1")
            .bearer_auth("t")
            .body("amount=100");
        let response = limit(request.send()).await.unwrap();

        let [first, second] = &server.arrivals()[..] else {
            panic!("not two")
        };
        assert_eq!((second.method(), second.path()), ("POST".into(), "/v2?x=1".into()));
        assert_eq!(first.key().unwrap(), second.key().unwrap());
        assert_eq!(
            (first.body(), second.body()),
            (b"amount=100".into(), b"amount=100".into())
        );
        assert_eq!(
            (second.header("x-mine"), second.header("authorization")),
            (Some("1".into()), Some("Bearer t".into()))
        );
        assert_eq!((second.header("referer"), response.url().path()), (None, "/v2"));
        let receipt = response.receipt().unwrap();
        let [attempt] = receipt.attempts() else {
            panic!("{receipt}")
        };
        let [hop] = attempt.hops() else { panic!("{receipt}") };
        assert_eq!(
            (hop.status().as_u16(), hop.method(), hop.origin()),
            (status, &Method::POST, receipt.origin())
        );
    }
}

#[tokio::test]
async fn after_a_post_301_302_and_303_become_a_get_without_key_and_body() {
    for status in [301, 302, 303] {
        let server = RawServer::start([redirect(status, "/done")]).await;

        let request = client().post(server.url("/v1")).header("x-mine", "1").json(&[1, 2]);
        let response = limit(request.send()).await.unwrap();

        let second = server.arrivals()[1].clone();
        assert_eq!(
            (second.method(), second.path(), second.key()),
            ("GET".into(), "/done".into(), None)
        );
        assert_eq!((second.body().len(), second.header("x-mine")), (0, Some("1".into())));
        assert_eq!(
            (second.header("content-type"), second.header("content-length")),
            (None, None)
        );
        // Only a 303 says that the POST was processed; a 302 may lead to a login page.
        let said = if status == 303 {
            Effect::Applied
        } else {
            Effect::Unknown
        };
        assert_eq!(response.receipt().unwrap().effect(), said, "{status}");
    }
}

#[tokio::test]
async fn to_another_origin_only_a_get_goes_and_nothing_of_the_callers() {
    let other = RawServer::start([]).await;
    for method in [Method::GET, Method::HEAD] {
        let server = RawServer::start([redirect(302, &other.url("/landing"))]).await;
        let mut defaults = HeaderMap::new();
        defaults.insert("x-api-key", HeaderValue::from_static("sk_default"));
        let client = impatient().0.default_headers(defaults).build().unwrap();

        let url = server.url("/v1?token=secret").replace("//", "//user:pass@");
        let request = client
            .request(method.clone(), url)
            .header("x-mine", "1")
            .idempotency_key("k-1");
        let request = request
            .header("cookie", "a=b")
            .header("referer", "http://from.example/?t=1");
        let response = limit(request.send()).await.unwrap();

        assert_eq!(response.status().as_u16(), 200);
        let first = server.arrivals()[0].clone();
        assert_eq!(
            (first.key(), first.header("x-api-key")),
            (Some("k-1".into()), Some("sk_default".into()))
        );
        assert!(first.header("authorization").is_some());
        let second = other.arrivals().last().unwrap().clone();
        assert_eq!(second.method(), method.as_str());
        let names: Vec<_> = second.header_names();
        assert_eq!(names, ["accept", "accept-encoding"], "{}", second.head());
    }
    assert_eq!(other.arrivals().len(), 2);
}

#[tokio::test]
async fn to_another_origin_nothing_that_changes_state_goes() {
    let other = RawServer::start([]).await;
    for (method, status) in [
        (Method::POST, 307),
        (Method::POST, 308),
        (Method::PUT, 302),
        (Method::DELETE, 301),
    ] {
        let server = RawServer::start([redirect(status, &other.url("/"))]).await;
        let request = client().request(method, server.url("/v1")).body("x");
        let response = limit(request.send()).await.unwrap();
        assert_eq!((response.status().as_u16(), server.arrivals().len()), (status, 1));
        assert_eq!(response.receipt().unwrap().stop(), StopReason::Accepted);
    }
    assert_eq!(other.arrivals().len(), 0);
}

#[tokio::test]
async fn what_was_left_behind_stays_behind_when_a_hop_leads_back() {
    let home = RawServer::start([]).await;
    let other = RawServer::start([redirect(302, &home.url("/back"))]).await;
    let server = RawServer::start([redirect(302, &other.url("/"))]).await;

    let request = client()
        .get(server.url("/"))
        .header("x-mine", "1")
        .idempotency_key("k-1");
    limit(request.send()).await.unwrap();

    assert_eq!(home.arrivals()[0].header_names(), ["accept", "accept-encoding"]);
}

#[test]
fn what_was_left_behind_stays_behind_even_back_where_it_began() {
    let hop = |to| testing::Step::status(StatusCode::FOUND).header("location", to);
    let script = Script::new([
        hop("https://b.example/x"),
        hop("/y"),
        hop("https://a.example/back"),
        testing::Step::status(StatusCode::OK),
    ]);
    let client = Client::builder().script(&script).build().unwrap();

    let request = client.get("https://a.example/").header("x-mine", "1");
    paused(request.idempotency_key("k-1").send()).unwrap();

    let arrivals = script.arrivals();
    let urls: Vec<_> = arrivals.iter().map(|arrival| arrival.url.as_str()).collect();
    assert_eq!(
        urls[1..],
        ["https://b.example/x", "https://b.example/y", "https://a.example/back"]
    );
    for (arrival, expected) in arrivals.iter().zip([Some("k-1"), None, None, None]) {
        assert_eq!(arrival.header("idempotency-key"), expected, "{}", arrival.url);
        assert_eq!(arrival.header("x-mine"), expected.map(|_| "1"), "{}", arrival.url);
    }
}

#[test]
fn a_hook_is_told_the_attempt_also_for_a_hop() {
    let script = Script::new([
        testing::Step::refused(),
        testing::Step::status(StatusCode::TEMPORARY_REDIRECT).header("location", "/y"),
        testing::Step::status(StatusCode::OK),
    ]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let hook = move |attempt: steadfast::AttemptInfo| {
        telling.lock().unwrap().push(attempt.number());
        std::future::ready(Ok::<_, std::convert::Infallible>(HeaderMap::new()))
    };
    let client = Client::builder().script(&script).before_attempt(hook).build().unwrap();

    paused(client.get("https://a.example/x").send()).unwrap();

    assert_eq!(*told.lock().unwrap(), [1, 2, 2]);
}

#[tokio::test]
async fn a_client_with_its_own_http_builder_stays_at_home() {
    // Its default headers cannot be seen, so they cannot be left behind.
    let other = RawServer::start([]).await;
    let server = RawServer::start([redirect(302, "/two"), redirect(302, &other.url("/"))]).await;
    let client = impatient().0.http(reqwest::Client::builder()).build().unwrap();

    let response = limit(client.get(server.url("/one")).send()).await.unwrap();

    assert_eq!(
        (
            response.status().as_u16(),
            server.arrivals().len(),
            other.arrivals().len()
        ),
        (302, 2, 0)
    );
}

#[tokio::test]
async fn a_loop_ends_after_ten_hops_all_in_the_receipt() {
    let server = RawServer::start((0..99).map(|_| redirect(302, "/again"))).await;

    let response = limit(client().get(server.url("/")).send()).await.unwrap();

    assert_eq!((response.status().as_u16(), server.arrivals().len()), (302, 11));
    assert_eq!(response.receipt().unwrap().attempts()[0].hops().len(), 10);
}

#[tokio::test]
async fn a_failure_after_a_followed_redirect_leaves_doubt() {
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nowhere = format!("http://{}/", closed.local_addr().unwrap());
    let server = RawServer::start([redirect(303, &nowhere)]).await;
    let client = impatient().0.key_support(KeySupport::Ignored).build().unwrap();

    let error = limit(client.post(server.url("/")).send()).await.unwrap_err();

    assert_eq!(error.failure().unwrap().kind(), FailureKind::Connect);
    assert_eq!((error.effect(), server.arrivals().len()), (Effect::Unknown, 1));
}

#[tokio::test]
async fn a_rejection_of_the_get_that_follows_a_post_does_not_speak_for_the_post() {
    // "303 See Other" is how a server that acted points to the result.
    for status in [301, 302, 303] {
        let server = RawServer::start([redirect(status, "/result"), answer(404, "", "")]).await;

        let response = limit(client().post(server.url("/charges")).send()).await.unwrap();

        assert_eq!(response.status().as_u16(), 404);
        assert_eq!(response.receipt().unwrap().effect(), Effect::Unknown, "{status}");
    }
    // Nor, to be certain, of the POST that a 307 sends elsewhere: who sent it there is not who rejected it.
    let server = RawServer::start([redirect(307, "/v2"), answer(404, "", "")]).await;
    let response = limit(client().post(server.url("/charges")).send()).await.unwrap();
    assert_eq!(response.receipt().unwrap().effect(), Effect::Unknown);
}

#[tokio::test]
async fn a_hook_that_fails_after_a_redirect_leaves_doubt() {
    let server = RawServer::start([redirect(303, "/result")]).await;
    let hook = |attempt: steadfast::AttemptInfo| async move {
        if attempt.url().path() == "/result" {
            Err("no signature")
        } else {
            Ok(HeaderMap::new())
        }
    };
    let client = impatient().0.before_attempt(hook).build().unwrap();

    let error = limit(client.post(server.url("/charges")).send()).await.unwrap_err();

    assert_eq!((server.arrivals().len(), error.effect()), (1, Effect::Unknown));
}

#[tokio::test]
async fn a_one_shot_body_does_not_stop_the_gets_that_follow() {
    let server = RawServer::start([redirect(303, "/a"), redirect(302, "/b")]).await;

    let response = limit(client().post(server.url("/")).body(one_shot("x")).send())
        .await
        .unwrap();

    assert_eq!((response.status().as_u16(), server.arrivals().len()), (200, 3));
}

/// A client with reqwest's own defaults: it follows redirects and retries by itself.
fn wrapped() -> Client {
    Client::from_reqwest(reqwest::Client::new())
}

#[tokio::test]
async fn a_wrapped_reqwest_client_cannot_repeat_a_state_changing_body() {
    for (method, body) in [
        (Method::POST, "x"),
        (Method::PUT, "x"),
        (Method::PATCH, "x"),
        (Method::DELETE, ""),
        (Method::POST, ""),
    ] {
        for status in [307, 308] {
            let other = RawServer::start([]).await;
            let server = RawServer::start([redirect(status, &other.url("/"))]).await;

            let response = limit(wrapped().request(method.clone(), server.url("/")).body(body).send())
                .await
                .unwrap();

            assert_eq!(
                (response.status().as_u16(), other.arrivals().len()),
                (status, 0),
                "{method} {body:?}"
            );
            assert_eq!(server.arrivals()[0].body(), body.as_bytes());
        }
    }
}

#[tokio::test]
async fn a_wrapped_reqwest_client_follows_to_the_same_origin_through_the_engine() {
    let server = RawServer::start([redirect(307, "/v2")]).await;

    let response = limit(wrapped().post(server.url("/")).body("x").send()).await.unwrap();

    let arrivals = server.arrivals();
    assert_eq!((response.status().as_u16(), arrivals.len()), (200, 2));
    assert_eq!(
        (arrivals[1].body(), arrivals[0].key()),
        (b"x".to_vec(), arrivals[1].key())
    );
    assert_eq!(response.receipt().unwrap().attempts()[0].hops().len(), 1);
}

#[tokio::test]
async fn a_wrapped_reqwest_client_cannot_retry_a_state_changing_request() {
    use crate::support::h2_server::{H2Server, H2Step, REFUSED_STREAM};
    let server = H2Server::start([H2Step::Reset(REFUSED_STREAM); 99]).await;
    let client = Client::from_reqwest(reqwest::Client::builder().http2_prior_knowledge().build().unwrap());
    let once = steadfast::RetryPolicy::never();

    for (method, body) in [
        (Method::POST, "x"),
        (Method::POST, ""),
        (Method::PUT, "x"),
        (Method::DELETE, ""),
    ] {
        let before = server.arrivals();
        let request = client
            .request(method.clone(), server.url())
            .body(body)
            .retry(once.clone());
        let error = limit(request.send()).await.unwrap_err();
        assert_eq!(server.arrivals() - before, 1, "{method} {body:?}: {error}");
    }
}

#[tokio::test]
async fn a_redirect_that_a_wrapped_client_followed_shows_in_the_receipt_and_leaves_doubt() {
    let server = RawServer::start([redirect(302, "/login"), answer(200, "", "")]).await;
    let client = Client::from_reqwest(reqwest::Client::new());

    let response = limit(client.post(server.url("/charges")).send()).await.unwrap();

    let receipt = response.receipt().unwrap();
    assert_eq!((server.arrivals().len(), receipt.attempts().len()), (2, 1));
    assert!(receipt.attempts()[0].unseen_redirect());
    assert_eq!(receipt.effect(), Effect::Unknown);
    assert!(
        receipt
            .to_string()
            .contains("after a redirect that the wrapped client followed"),
        "{receipt}"
    );
}

/// The rejection is of another request than was made, whether or not its body arrives whole.
#[tokio::test]
async fn a_cut_rejection_after_a_redirect_that_a_wrapped_client_followed_proves_nothing() {
    let cut = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 9\r\n\r\nhalf".to_vec();
    let server = RawServer::start([redirect(302, "/login"), Step::Write(cut, Fin)]).await;
    let client = Client::from_reqwest(reqwest::Client::new());

    let error = limit(client.post(server.url("/charges")).buffer(64).send())
        .await
        .unwrap_err();

    let receipt = error.receipt().unwrap();
    assert_eq!((server.arrivals().len(), receipt.attempts().len()), (2, 1));
    assert!(receipt.attempts()[0].unseen_redirect());
    assert_eq!(
        (error.status(), error.effect()),
        (Some(StatusCode::FORBIDDEN), Effect::Unknown)
    );
}
