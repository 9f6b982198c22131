//! What comes back: the last response, or an error where there is none.

use std::time::Duration;

use http::{Method, Response};
use steadfast::breaker::CircuitBreaker;
use steadfast::budget::RetryBudget;
use steadfast::tower::{ResilienceBuilder, ResilienceLayer};
use steadfast::{Clock, Delivery, Effect, Error, FailureKind, KeySupport, Receipt, Replay, ResponseExt, StopReason};
use tower::{Layer, ServiceExt};

use super::mock::{Held, Mock, Reply};
use super::{get, post, request};
use crate::support_guards::A;
use crate::support_time::paused;

const LOST: Reply = Reply::Fails(FailureKind::ConnectionLost, Delivery::Unknown);

fn receipt(answer: &Result<Response<Held>, Error>) -> &Receipt {
    match answer {
        Ok(response) => response.receipt().unwrap(),
        Err(error) => error.receipt().unwrap(),
    }
}

async fn played(builder: ResilienceBuilder, answers: &'static [u16]) -> Result<Response<Held>, Error> {
    let (mock, _) = Mock::new(|_, turn| match answers.get(turn) {
        Some(0) => LOST,
        Some(1) => Reply::Hangs,
        Some(status) => Reply::Status(*status),
        None => Reply::Status(200),
    });
    builder.build().unwrap().layer(mock).oneshot(post("x")).await
}

/// A status, or `None` for an error; then attempts, reason, effect. 0 is a lost connection, 1 hangs.
#[test]
fn the_last_response_comes_back_whatever_it_says() {
    type Row = (&'static [u16], Option<u16>, usize, StopReason, Effect);
    let rows: [Row; 8] = [
        (&[201], Some(201), 1, StopReason::Accepted, Effect::Applied),
        (&[404], Some(404), 1, StopReason::Accepted, Effect::NotApplied),
        (&[503, 0, 1, 200], Some(200), 4, StopReason::Accepted, Effect::Applied),
        (&[501], Some(501), 1, StopReason::Final, Effect::Unknown),
        (&[503; 5], Some(503), 5, StopReason::AttemptsExhausted, Effect::Unknown),
        (
            &[0, 0, 0, 0, 503],
            Some(503),
            5,
            StopReason::AttemptsExhausted,
            Effect::Unknown,
        ),
        (
            &[503, 503, 503, 503, 0],
            None,
            5,
            StopReason::AttemptsExhausted,
            Effect::Unknown,
        ),
        (&[601; 5], None, 5, StopReason::AttemptsExhausted, Effect::Unknown),
    ];
    for (answers, status, attempts, stop, effect) in rows {
        paused(async {
            let answer = played(ResilienceLayer::builder(), answers).await;
            let got = answer.as_ref().ok().map(|response| response.status().as_u16());
            assert_eq!(got, status, "{answers:?}");
            let receipt = receipt(&answer);
            assert_eq!(
                (receipt.attempts().len(), receipt.stop(), receipt.effect()),
                (attempts, stop, effect),
                "{answers:?}"
            );
        });
    }
}

#[test]
fn a_response_is_kept_through_a_wait_that_ends_in_a_refusal() {
    paused(async {
        let budget = RetryBudget::builder().initial(1.0).build().unwrap();
        let builder = ResilienceLayer::builder().retry_budget(budget.clone());
        let (mock, far) = Mock::statuses(&[503; 5]);
        let operation = tokio::spawn(builder.build().unwrap().layer(mock).oneshot(post("x")));
        Clock::system().sleep(Duration::from_millis(300)).await;
        // Somebody else spends the token meanwhile.
        let origin = A.parse::<steadfast::Origin>().unwrap();
        budget
            .withdraw(&origin, steadfast::budget::Failed::Error)
            .unwrap()
            .spend();
        let answer = operation.await.unwrap();
        assert_eq!(answer.as_ref().unwrap().status(), 503);
        assert_eq!(receipt(&answer).stop(), StopReason::BudgetExhausted);
        assert_eq!(far.calls(), 1);
    });
}

#[test]
fn time_limits_hold() {
    paused(async {
        let builder = ResilienceLayer::builder()
            .attempt_timeout(Duration::from_secs(2))
            .total_timeout(Duration::from_secs(6));
        let began = Clock::system().now();
        let answer = played(builder, &[1, 1, 1]).await;
        // 2 s, a wait of 1 to 1.25 s, 2 s; the next wait of 2 s does not fit.
        let took = Clock::system().now() - began;
        assert!((5_000..5_260).contains(&took.as_millis()), "{took:?}");
        let error = answer.unwrap_err();
        assert!(error.is_timeout() && error.is_deadline(), "{error}");
    });
}

#[test]
fn a_breaker_that_opens_ends_it_and_refuses_the_next() {
    paused(async {
        let breaker = CircuitBreaker::builder().min_attempts(2).build().unwrap();
        let builder = || ResilienceLayer::builder().circuit_breaker(breaker.clone());
        let answer = played(builder(), &[503; 5]).await;
        assert_eq!(answer.as_ref().unwrap().status(), 503);
        assert_eq!(receipt(&answer).attempts().len(), 2);
        let refused = played(builder(), &[]).await.unwrap_err();
        assert!(refused.is_circuit_open() && refused.retry_after().is_some());
        assert_eq!(refused.receipt().unwrap().attempts().len(), 0);
    });
}

#[test]
fn a_layer_that_shares_a_client_shares_what_it_learnt() {
    let breaker = CircuitBreaker::builder().min_attempts(2).build().unwrap();
    let client = steadfast::Client::builder().circuit_breaker(breaker).build().unwrap();
    paused(async {
        let (mock, far) = Mock::statuses(&[503; 5]);
        ResilienceLayer::from(&client).layer(mock).oneshot(get()).await.unwrap();
        assert_eq!(far.calls(), 2);
        let refused = client.get(A).send().await.unwrap_err();
        assert!(refused.is_circuit_open());
        let shared = ResilienceLayer::builder().sharing(&client).build().unwrap();
        let (mock, far) = Mock::statuses(&[]);
        assert!(shared.layer(mock).oneshot(get()).await.unwrap_err().is_circuit_open());
        assert_eq!(far.calls(), 0);
    });
}

/// The replay gate: what is not idempotent and carries no honoured key is repeated only if nothing was sent.
#[test]
fn doubt_is_not_repeated() {
    for (method, support, replay, calls) in [
        (Method::POST, KeySupport::Honored, Replay::WhenUntouched, 2),
        (Method::POST, KeySupport::Ignored, Replay::WhenUntouched, 1),
        (Method::POST, KeySupport::Ignored, Replay::AtLeastOnce, 2),
        (Method::PUT, KeySupport::Ignored, Replay::WhenUntouched, 2),
    ] {
        paused(async {
            let (mock, far) = Mock::new(|_, turn| if turn == 0 { LOST } else { Reply::Status(200) });
            let layer = ResilienceLayer::builder()
                .key_support(support)
                .replay(replay)
                .build()
                .unwrap();
            let answer = layer.layer(mock).oneshot(request(method.clone(), "x")).await;
            assert_eq!(far.calls(), calls, "{method} {support:?} {replay:?}");
            assert_eq!(answer.is_ok(), calls == 2);
        });
    }
}

#[test]
fn a_layer_is_checked_when_it_is_built() {
    let broken: [(ResilienceBuilder, &str); 4] = [
        (
            ResilienceLayer::builder().attempt_timeout(Duration::ZERO),
            "attempt_timeout",
        ),
        (ResilienceLayer::builder().total_timeout(Duration::MAX), "total_timeout"),
        (ResilienceLayer::builder().key_header(http::header::HOST), "key_header"),
        (ResilienceLayer::builder().key_lifetime(Duration::ZERO), "key_lifetime"),
    ];
    for (builder, field) in broken {
        assert_eq!(builder.build().unwrap_err().field(), field);
    }
}

#[test]
fn waits_are_skipped_by_a_clock_that_skips() {
    let clock = Clock::skipping();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let answer = played(ResilienceLayer::builder().clock(clock.clone()), &[503, 503]).await;
        assert_eq!(answer.unwrap().status(), 200);
    });
    let seconds: Vec<_> = clock.waits().iter().map(Duration::as_secs).collect();
    assert_eq!(seconds, [1, 2]);
}
