//! A panic in the caller's code is caught: nothing is repeated on the word of broken code, and no receipt is lost.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use steadfast::reqwest::Response;
use steadfast::testing::{Script, Step};
use steadfast::{Backoff, Body, Client, Clock, Effect, Error, ResponseExt, RetryPolicy, StopReason};

use crate::support_time::paused;

fn failing() -> Script {
    Script::from_fn(|_| Step::status(StatusCode::SERVICE_UNAVAILABLE))
}

/// Sends one POST, and checks that it took no time.
fn send(client: &Client, body: impl Into<Body>) -> Result<Response, Error> {
    paused(async {
        let began = Clock::system().now();
        let result = client.post("https://api.example.com/charges").body(body).send().await;
        assert_eq!(Clock::system().now() - began, Duration::ZERO);
        result
    })
}

#[test]
fn a_classifier_that_panics_counts_as_no_retry() {
    let script = failing();
    let policy = RetryPolicy::builder()
        .classify_fn(|_| panic!("classifier"))
        .build()
        .unwrap();
    let client = Client::builder().script(&script).retry(policy).build().unwrap();
    let error = send(&client, "x").unwrap_err();
    assert_eq!(error.receipt().unwrap().stop(), StopReason::Final);
    assert_eq!(script.arrivals().len(), 1);
}

#[test]
fn a_backoff_that_panics_counts_as_no_retry() {
    let script = failing();
    let policy = RetryPolicy::builder()
        .backoff(Backoff::custom(|_| panic!("backoff")))
        .build()
        .unwrap();
    let client = Client::builder().script(&script).retry(policy).build().unwrap();
    let error = send(&client, "x").unwrap_err();
    assert_eq!(error.receipt().unwrap().stop(), StopReason::Final);
    assert_eq!(script.arrivals().len(), 1);
}

#[test]
fn an_observer_that_panics_changes_nothing() {
    let script = Script::new([Step::refused_stream()]);
    let client = Client::builder()
        .script(&script)
        .on_event(|_| panic!("observer"))
        .build()
        .unwrap();
    let response = paused(client.post("https://api.example.com/charges").send()).unwrap();
    assert_eq!(response.receipt().unwrap().attempts().len(), 2);
}

#[test]
fn a_hook_that_panics_counts_as_no_retry_and_nothing_is_sent() {
    for polls in [0, 1] {
        let script = failing();
        let hook = move |_| {
            assert!(polls > 0, "hook");
            async { panic!("hook's future") }
        };
        let client = Client::builder()
            .script(&script)
            .before_attempt::<_, _, std::io::Error>(hook)
            .build()
            .unwrap();
        let error = send(&client, "x").unwrap_err();
        assert_eq!((error.effect(), script.arrivals().len()), (Effect::NotApplied, 0));
        assert_eq!(error.receipt().unwrap().stop(), StopReason::Final);
    }
}

#[test]
fn a_body_factory_that_panics_counts_as_no_retry_and_nothing_is_sent() {
    let script = failing();
    let client = Client::builder().script(&script).build().unwrap();
    let error = send(&client, Body::factory(|| -> &'static str { panic!("factory") })).unwrap_err();
    assert_eq!((error.effect(), script.arrivals().len()), (Effect::NotApplied, 0));
    assert_eq!(error.receipt().unwrap().stop(), StopReason::Final);
}

#[test]
fn a_later_operation_is_as_if_nothing_had_panicked() {
    let script = Script::new([]);
    let hook = |attempt: steadfast::AttemptInfo| async move {
        assert!(attempt.body().is_some_and(|body| body == "good"), "hook");
        Ok::<_, std::io::Error>(HeaderMap::new())
    };
    let client = Client::builder().script(&script).before_attempt(hook).build().unwrap();
    assert!(send(&client, "bad").is_err());
    assert_eq!(send(&client, "good").unwrap().status(), StatusCode::OK);
}
