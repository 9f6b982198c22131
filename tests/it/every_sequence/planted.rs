//! The checker must be able to fail: each bug planted here breaks the invariant that is there for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::HeaderValue;
use steadfast::testing::{Arrival, Step};
use steadfast::{Backoff, Body, ClientBuilder, Clock, Jitter, RetryPolicy, Verdict};

use super::alphabet::{Symbol, sequences};
use super::checker::{BODY, Mode};
use super::play::{Stage, Tamper};
use super::server::Server;
use crate::support_time::paused;

/// Every invariant that any sequence of two outcomes breaks on this stage.
fn broken_on(stage: &Stage) -> Vec<&'static str> {
    paused(async {
        let mut broken = Vec::new();
        for sequence in Symbol::ALL.into_iter().flat_map(|first| sequences(first, 2)) {
            broken.extend(stage.play(&sequence).await);
        }
        broken.sort_unstable();
        broken.dedup();
        broken
    })
}

fn between(tamper: impl Fn(&Server, Arrival) -> Step + Send + Sync + 'static) -> Stage {
    let tamper: Tamper = Arc::new(move |server, arrival| tamper(server, arrival.clone()));
    let policy = two_attempts().build().unwrap();
    Stage::tampered(Mode::Honored, 2, None, |builder| builder.retry(policy), tamper)
}

fn built(mode: Mode, deadline: Option<Duration>, build: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Stage {
    Stage::tampered(mode, 2, deadline, build, Arc::new(Server::receive))
}

fn two_attempts() -> steadfast::RetryPolicyBuilder {
    RetryPolicy::builder().max_attempts(2)
}

#[test]
fn the_checker_finds_nothing_where_nothing_is_planted() {
    for mode in [Mode::Honored, Mode::Ignored, Mode::Bare] {
        assert_eq!(broken_on(&Stage::new(mode, 2, None)), Vec::<&str>::new());
    }
}

#[test]
fn the_checker_catches_a_dropped_key() {
    let stage = between(|server, mut arrival| {
        arrival.headers.remove("idempotency-key");
        server.receive(&arrival)
    });
    assert!(broken_on(&stage).contains(&"I1 one execution per key"));
}

#[test]
fn the_checker_catches_a_new_key_per_attempt() {
    let minted = AtomicUsize::new(0);
    let stage = between(move |server, mut arrival| {
        let number = minted.fetch_add(1, Ordering::Relaxed);
        arrival.headers.insert("idempotency-key", HeaderValue::from(number));
        server.receive(&arrival)
    });
    assert!(broken_on(&stage).contains(&"I1 one execution per key"));
}

#[test]
fn the_checker_catches_a_key_on_the_wire_that_is_not_the_receipts() {
    let build = |builder: ClientBuilder| {
        builder
            .retry(two_attempts().build().unwrap())
            .key_methods([http::Method::POST, http::Method::PUT])
    };
    assert!(broken_on(&built(Mode::Bare, None, build)).contains(&"I6 one key"));
}

#[test]
fn the_checker_catches_a_hidden_second_send() {
    let stage = between(|server, arrival| {
        let _ = server.receive(&arrival);
        server.receive(&arrival)
    });
    assert!(broken_on(&stage).contains(&"I8 sends within the attempts"));
}

#[test]
fn the_checker_catches_a_blind_repeat() {
    let policy = two_attempts().classify_fn(|outcome| outcome.error().map(|_| Verdict::retry_untouched()));
    let stage = built(Mode::Ignored, None, |builder| builder.retry(policy.build().unwrap()));
    assert!(broken_on(&stage).contains(&"I2 at most once without an honoured key"));
}

#[test]
fn the_checker_catches_a_false_not_applied() {
    let policy = two_attempts().classify_fn(|outcome| outcome.error().map(|_| Verdict::retry_untouched()));
    let stage = built(Mode::Honored, None, |builder| builder.retry(policy.build().unwrap()));
    assert!(broken_on(&stage).contains(&"I4 not applied means not executed"));
}

#[test]
fn the_checker_catches_a_success_that_did_nothing() {
    let stage = between(|server, arrival| {
        let step = server.receive(&arrival);
        server.forget_executions();
        step
    });
    let broken = broken_on(&stage);
    assert!(broken.contains(&"I3 ok means executed"), "{broken:?}");
    assert!(broken.contains(&"I4 applied means executed"), "{broken:?}");
}

#[test]
fn the_checker_catches_another_body() {
    let stage = built(Mode::Honored, None, |builder| {
        builder.retry(two_attempts().build().unwrap())
    });
    let stage = stage.with_body({
        let made = AtomicUsize::new(0);
        Body::factory(move || format!("{BODY}&nonce={}", made.fetch_add(1, Ordering::Relaxed)))
    });
    assert!(broken_on(&stage).contains(&"I7 the same body"));
}

#[test]
fn the_checker_catches_one_attempt_too_many() {
    let policy = RetryPolicy::builder().max_attempts(3).build().unwrap();
    let stage = built(Mode::Honored, None, |builder| builder.retry(policy));
    assert!(broken_on(&stage).contains(&"I8 sends within the attempts"));
}

#[test]
fn the_checker_catches_a_missed_deadline() {
    let policy = two_attempts().build().unwrap();
    let build = |builder: ClientBuilder| builder.retry(policy).total_timeout(Duration::from_secs(100));
    let stage = built(Mode::Honored, Some(Duration::from_secs(10)), build);
    assert_eq!(broken_on(&stage), ["I9 within the deadline"]);
}

#[test]
fn the_checker_catches_waits_that_are_skipped_or_too_short() {
    let policy = two_attempts().build().unwrap();
    let skipping = built(Mode::Honored, None, |builder| {
        builder.retry(policy).clock(Clock::skipping())
    });
    assert!(broken_on(&skipping).contains(&"I10 waits"));

    let short = Backoff::exponential(Duration::from_millis(900)).jitter(Jitter::None);
    let policy = two_attempts().backoff(short).build().unwrap();
    let short = built(Mode::Honored, None, |builder| builder.retry(policy));
    assert_eq!(broken_on(&short), ["I10 waits"]);
}

#[test]
fn the_checker_catches_a_retry_that_was_not_made() {
    let policy = RetryPolicy::builder().max_attempts(2).strict().build().unwrap();
    let stage = built(Mode::Honored, None, |builder| builder.retry(policy));
    assert_eq!(broken_on(&stage), ["model"]);
}
