//! A redirect to another origin: that one's breaker and budget answer for what it does.
#![expect(clippy::float_cmp, reason = "a balance is counted in thousandths, not rounded")]

use std::time::Duration;

use http::StatusCode;
use steadfast::breaker::State;
use steadfast::testing::{Arrival, Script, Step};
use steadfast::{Client, Clock};

use crate::support::{RawServer, answer, impatient, limit};
use crate::support_guards::{A, B, LATER, Log, balance, guarded, once, origin, state_of, touchy, trip};
use crate::support_time::paused;

/// A redirects everything to B, which fails everything.
fn to_b(arrival: &Arrival) -> Step {
    match arrival.url.host_str() {
        Some("a.example") => Step::status(StatusCode::TEMPORARY_REDIRECT).header("location", B),
        _ => Step::status(StatusCode::SERVICE_UNAVAILABLE),
    }
}

#[test]
fn a_failing_target_opens_its_own_breaker_and_the_first_origin_shows_life() {
    paused(async {
        let (script, log) = (Script::from_fn(to_b), Log::default());
        let client = guarded(&touchy().build().unwrap(), &script)
            .on_event(log.write())
            .build()
            .unwrap();
        for _ in 0..3 {
            assert!(once(&client, A).await.unwrap_err().is_status());
        }
        let (first, target) = (state_of(&client, A), state_of(&client, B));
        assert_eq!((first.state, first.attempts, first.failures), (State::Closed, 3, 0));
        assert_eq!((target.state, target.attempts, target.failures), (State::Open, 2, 2));
        assert_eq!(log.changes().len(), 1);
        assert!(once(&client, B).await.unwrap_err().is_circuit_open());
    });
}

#[test]
fn a_retry_after_it_is_paid_by_the_target() {
    paused(async {
        let script = Script::from_fn(to_b);
        let client = Client::builder()
            .script(&script)
            .without_circuit_breaker()
            .build()
            .unwrap();
        assert!(client.get(A).send().await.unwrap_err().is_attempts_exhausted());
        assert_eq!((balance(&client, A), balance(&client, B)), (5.0, 1.0));
        assert!(client.get(A).send().await.unwrap_err().is_budget_exhausted());
        assert_eq!((balance(&client, A), balance(&client, B)), (5.0, 0.0));
    });
}

#[test]
fn a_success_after_retrying_is_refunded_to_whoever_paid() {
    paused(async {
        let hop = || Step::status(StatusCode::FOUND).header("location", B);
        let script = Script::new([Step::refused(), hop()]);
        let client = Client::builder().script(&script).build().unwrap();
        assert!(client.get(A).send().await.is_ok());
        assert_eq!((balance(&client, A), balance(&client, B)), (5.0, 5.0));
        let script = Script::new([hop()]);
        let client = Client::builder().script(&script).build().unwrap();
        assert!(client.get(A).send().await.is_ok());
        assert_eq!((balance(&client, A), balance(&client, B)), (5.0, 5.1));
    });
}

#[test]
fn no_retry_is_begun_that_the_targets_breaker_would_refuse() {
    paused(async {
        let script = Script::from_fn(to_b);
        let breaker = touchy().build().unwrap();
        let client = guarded(&breaker, &script).build().unwrap();
        trip(&breaker, B, &Clock::system());
        let error = client.get(A).send().await.unwrap_err();
        assert!(error.is_circuit_open() && error.is_status());
        assert_eq!(
            (script.arrivals().len(), error.retry_after()),
            (2, Some(Duration::from_secs(5)))
        );
        assert_eq!(balance(&client, B), 5.0);
    });
}

#[test]
fn a_probe_that_is_redirected_closes_the_first_origins_breaker_though_the_target_fails() {
    paused(async {
        let script = Script::from_fn(to_b);
        let breaker = touchy().probes(1).build().unwrap();
        let client = guarded(&breaker, &script).build().unwrap();
        trip(&breaker, A, &Clock::system());
        Clock::system().sleep(LATER).await;
        assert!(once(&client, A).await.is_err());
        assert_eq!(state_of(&client, A).state, State::Closed);
        assert_eq!(state_of(&client, B).failures, 1);
    });
}

#[test]
fn a_target_that_hangs_is_slow_and_the_first_origin_is_not() {
    paused(async {
        let script = Script::from_fn(|arrival| match arrival.url.host_str() {
            Some("a.example") => to_b(arrival),
            _ => Step::status(StatusCode::OK).after(Duration::from_secs(9)),
        });
        let breaker = touchy().slow_calls(Duration::from_secs(5), 1.0).build().unwrap();
        let client = guarded(&breaker, &script).build().unwrap();
        for _ in 0..2 {
            assert!(once(&client, A).await.is_ok());
        }
        assert_eq!(
            (state_of(&client, A).slow, state_of(&client, A).state),
            (0, State::Closed)
        );
        assert_eq!(
            (state_of(&client, B).slow, state_of(&client, B).state),
            (2, State::Open)
        );
    });
}

#[test]
fn a_redirect_within_the_origin_and_one_that_leads_back_stay_its_own() {
    for detour in [false, true] {
        paused(async {
            let script = Script::from_fn(move |arrival| match (arrival.url.as_str(), detour) {
                ("https://a.example/", true) => Step::status(StatusCode::FOUND).header("location", B),
                ("https://a.example/", false) | ("https://b.example/", _) => {
                    Step::status(StatusCode::FOUND).header("location", "https://a.example/end")
                }
                _ => Step::status(StatusCode::BAD_GATEWAY),
            });
            let client = Client::builder().script(&script).build().unwrap();
            assert!(once(&client, A).await.is_err());
            assert_eq!((state_of(&client, A).failures, state_of(&client, B).attempts), (1, 0));
        });
    }
}

#[tokio::test]
async fn over_sockets_the_target_that_fails_is_charged() {
    let target = RawServer::start((0..9).map(|_| answer(500, "", ""))).await;
    let to_target = format!("location: {}\r\n", target.url("/landing"));
    let first = RawServer::start((0..9).map(|_| answer(302, &to_target, ""))).await;
    let (builder, clock) = impatient();
    let client = builder.build().unwrap();

    let error = limit(client.get(first.url("/")).send()).await.unwrap_err();

    assert!(error.is_attempts_exhausted());
    assert_eq!((first.arrivals().len(), target.arrivals().len()), (5, 5));
    let failures = |server: &RawServer| {
        let breaker = client.circuit_breaker().unwrap();
        breaker.state(&origin(&server.url("")), clock.now()).failures
    };
    assert_eq!((failures(&first), failures(&target)), (0, 5));
    assert_eq!(
        (balance(&client, &first.url("")), balance(&client, &target.url(""))),
        (5.0, 1.0)
    );
}
