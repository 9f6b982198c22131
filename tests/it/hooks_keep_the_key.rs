//! A hook may change headers before each attempt, never key or body.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use steadfast::testing::{Script, Step};
use steadfast::{AttemptInfo, Client};

use crate::support_time::paused;

const HEADER: &str = "idempotency-key";

fn forging(script: &Script) -> Client {
    let hook = |attempt: AttemptInfo| async move {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from(attempt.number()));
        headers.insert("x-attempt", HeaderValue::from(attempt.number()));
        headers.append("x-attempt", HeaderValue::from_static("signed"));
        Ok::<_, std::convert::Infallible>(headers)
    };
    Client::builder().script(script).before_attempt(hook).build().unwrap()
}

#[test]
fn a_hook_cannot_change_the_key() {
    let script = Script::new([Step::lost_response()]);
    let request = forging(&script)
        .post("https://api.example.com/charges")
        .idempotency_key("the-key");
    paused(request.send()).unwrap();
    for (arrival, number) in script.arrivals().iter().zip(1..) {
        assert_eq!(arrival.header(HEADER), Some("the-key"));
        let given: Vec<_> = arrival.headers.get_all("x-attempt").iter().collect();
        assert_eq!(given, [&HeaderValue::from(number), &HeaderValue::from_static("signed")]);
    }
}

#[test]
fn a_hook_cannot_put_a_key_where_there_is_none() {
    let script = Script::new([Step::status(StatusCode::OK)]);
    paused(forging(&script).get("https://api.example.com/charges").send()).unwrap();
    assert_eq!(script.arrivals()[0].header(HEADER), None);

    let script = Script::new([Step::status(StatusCode::SEE_OTHER).header("location", "/done")]);
    paused(forging(&script).post("https://api.example.com/charges").send()).unwrap();
    assert_eq!(
        script.arrivals()[1].header(HEADER),
        None,
        "the GET that follows carries no key"
    );
}

#[test]
fn a_hook_sees_the_key_and_the_body_that_it_may_have_to_sign() {
    let script = Script::new([]);
    let seen = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&seen);
    let hook = move |attempt: AttemptInfo| {
        *noted.lock().unwrap() = Some((attempt.headers().get(HEADER).cloned(), attempt.body().cloned()));
        async { Ok::<_, std::convert::Infallible>(HeaderMap::new()) }
    };
    let client = Client::builder().script(&script).before_attempt(hook).build().unwrap();
    paused(
        client
            .post("https://api.example.com/charges")
            .idempotency_key("the-key")
            .body("x")
            .send(),
    )
    .unwrap();
    let seen = seen.lock().unwrap().take();
    assert_eq!(
        seen,
        Some((Some(HeaderValue::from_static("the-key")), Some("x".into())))
    );
}

#[test]
fn a_hook_is_shown_no_body_where_none_is_sent() {
    let script = Script::new([Step::status(StatusCode::SEE_OTHER).header("location", "/done")]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let hook = move |attempt: AttemptInfo| {
        let body = attempt.body().map(|body| body.to_vec());
        noted.lock().unwrap().push((attempt.method().clone(), body));
        async { Ok::<_, std::convert::Infallible>(HeaderMap::new()) }
    };
    let client = Client::builder().script(&script).before_attempt(hook).build().unwrap();
    paused(client.post("https://api.example.com/charges").body("x").send()).unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(
        seen[..],
        [(Method::POST, Some(b"x".to_vec())), (Method::GET, Some(Vec::new()))]
    );
}
