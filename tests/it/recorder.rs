//! The recorder remembers each operation by itself, and its assertions say what happened instead.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use http::{Method, StatusCode};
use steadfast::breaker::{CircuitBreaker, Transition};
use steadfast::testing::{Recorded, Recorder, Recording, Script, Step};
use steadfast::{Client, ClientBuilder, Clock, Effect, Jitter, RetryPolicy, StopReason};

use crate::support_guards::{LATER, origin, trip};

const ORIGIN: &str = "https://api.example.com";
const URL: &str = "https://api.example.com/charges?token=sk_live_5e47";

fn client(script: &Script, recorder: &Recorder) -> ClientBuilder {
    let policy = RetryPolicy::builder().jitter(Jitter::None).build().unwrap();
    Client::builder().script(script).retry(policy).observe(recorder.clone())
}

#[tokio::test(start_paused = true)]
async fn operations_that_run_at_once_are_told_apart() {
    let script = Script::from_fn(|arrival| match arrival.url.path() {
        "/slow" => Step::status(StatusCode::OK).after(Duration::from_secs(9)),
        _ if arrival.headers.contains_key("x-calm") => Step::status(StatusCode::OK),
        _ => Step::status(StatusCode::BAD_GATEWAY),
    });
    let recorder = Recorder::new();
    let client = client(&script, &recorder).build().unwrap();
    let get = |path: &str| client.get(format!("https://api.example.com{path}"));

    let (slow, failing, calm) = tokio::join!(
        get("/slow").send(),
        get("/a").send(),
        get("/b").header("x-calm", "1").send(),
    );

    assert!(slow.is_ok() && failing.is_err() && calm.is_ok());
    recorder.assert_operations(3);
    let recordings = recorder.recordings();
    let attempts: Vec<_> = recordings.iter().map(Recording::attempts).collect();
    assert_eq!(attempts, [1, 5, 1], "{recorder}");
    let stops: Vec<_> = recordings.iter().filter_map(Recording::stop_reason).collect();
    assert_eq!(
        stops,
        [
            StopReason::Accepted,
            StopReason::AttemptsExhausted,
            StopReason::Accepted
        ]
    );
    assert_eq!(recordings[1].waits(), [1, 2, 4, 8].map(Duration::from_secs));
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_was_dropped_has_its_attempts_and_no_end() {
    let (script, recorder) = (Script::new([Step::hang()]), Recorder::new());
    let client = client(&script, &recorder).build().unwrap();

    let dropped = tokio::spawn(client.post(URL).send());
    tokio::task::yield_now().await;
    dropped.abort();
    assert!(dropped.await.is_err());
    recorder.assert_attempts(1);
    assert_eq!(
        (recorder.stop_reason(), recorder.receipt().unwrap().attempts().len()),
        (None, 0)
    );

    client.post(URL).send().await.unwrap();
    recorder.assert_operations(2);
    recorder.assert_stopped(StopReason::Accepted);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_was_dropped_within_an_attempt_may_have_had_an_effect() {
    let (script, recorder) = (Script::new([Step::refused(), Step::hang()]), Recorder::new());
    let client = client(&script, &recorder).build().unwrap();

    let dropped = tokio::spawn(client.post(URL).send());
    Clock::system().sleep(Duration::from_millis(500)).await;
    recorder.assert_effect(Effect::NotApplied);
    Clock::system().sleep(Duration::from_secs(2)).await;
    dropped.abort();
    assert!(dropped.await.is_err());

    recorder.assert_attempts(2);
    recorder.assert_effect(Effect::Unknown);
    assert_eq!(
        recorder.receipt().unwrap().effect(),
        Effect::NotApplied,
        "of what ended"
    );
    assert!(catch_unwind(AssertUnwindSafe(|| recorder.assert_effect(Effect::NotApplied))).is_err());
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_was_dropped_in_a_wait_had_the_effect_of_what_ended() {
    let (script, recorder) = (Script::new([Step::refused()]), Recorder::new());
    let client = client(&script, &recorder).build().unwrap();

    let dropped = tokio::spawn(client.post(URL).send());
    Clock::system().sleep(Duration::from_millis(500)).await;
    dropped.abort();
    assert!(dropped.await.is_err());

    recorder.assert_attempts(1);
    recorder.assert_effect(Effect::NotApplied);
    assert_eq!(recorder.last().unwrap().effect(), Effect::NotApplied);
    assert_eq!(
        (recorder.effect(), Recorder::new().effect()),
        (Some(Effect::NotApplied), None)
    );
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_the_breaker_refuses_is_one_without_attempts() {
    let (script, recorder) = (
        Script::from_fn(|_| Step::status(StatusCode::BAD_GATEWAY)),
        Recorder::new(),
    );
    let breaker = CircuitBreaker::builder().consecutive_failures(1).build().unwrap();
    let client = client(&script, &recorder).circuit_breaker(breaker).build().unwrap();

    client.post(URL).send().await.unwrap_err();
    assert!(
        matches!(recorder.events()[..], [_, _, Recorded::CircuitChanged(_), _]),
        "{recorder}"
    );
    client.post(URL).send().await.unwrap_err();

    recorder.assert_operations(2);
    recorder.assert_attempts(0);
    recorder.assert_waits([]);
    recorder.assert_stopped(StopReason::CircuitOpen);
    recorder.assert_effect(Effect::NotApplied);
    recorder.clear();
    assert_eq!(recorder.to_string(), "no operation");
}

#[tokio::test(start_paused = true)]
async fn what_the_breaker_tells_before_the_first_attempt_is_of_that_operation() {
    let (script, recorder) = (Script::new([Step::status(StatusCode::BAD_GATEWAY)]), Recorder::new());
    let breaker = CircuitBreaker::builder()
        .consecutive_failures(1)
        .probes(1)
        .build()
        .unwrap();
    let client = client(&script, &recorder).circuit_breaker(breaker).build().unwrap();

    client.post(URL).send().await.unwrap_err();
    Clock::system().sleep(LATER).await;
    client.post(URL).send().await.unwrap();

    recorder.assert_operations(2);
    recorder.assert_attempts(1);
    let events = recorder.events();
    assert!(
        matches!(
            events[..],
            [
                Recorded::CircuitChanged(Transition::HalfOpened),
                Recorded::AttemptStarted(1),
                Recorded::AttemptEnded(_),
                Recorded::CircuitChanged(Transition::Closed),
                Recorded::Stopped(StopReason::Accepted)
            ]
        ),
        "{recorder}"
    );
}

/// Made again and again, so that operations come to lie where dropped ones lay; with a key of their own, and without.
#[tokio::test(start_paused = true)]
async fn an_operation_that_takes_the_place_of_a_dropped_one_is_another_one() {
    for method in [Method::POST, Method::GET] {
        let (script, recorder) = (Script::from_fn(|_| Step::hang()), Recorder::new());
        let breaker = CircuitBreaker::builder().min_attempts(2).probes(1).build().unwrap();
        let client = client(&script, &recorder).circuit_breaker(breaker.clone());
        let client = client.build().unwrap();

        for _ in 0..20 {
            let dropped = tokio::spawn(client.request(method.clone(), URL).send());
            tokio::task::yield_now().await;
            dropped.abort();
            assert!(dropped.await.is_err());
            breaker.reset(&origin(ORIGIN));
            trip(&breaker, ORIGIN, &Clock::system());
            Clock::system().sleep(LATER).await;
        }

        recorder.assert_operations(20);
        for (number, recording) in recorder.recordings().iter().enumerate() {
            let half_opens = number > 0;
            let fits = match recording.events() {
                [Recorded::AttemptStarted(1)] => !half_opens,
                [Recorded::CircuitChanged(_), Recorded::AttemptStarted(1)] => half_opens,
                _ => false,
            };
            assert!(fits, "{recorder}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_assertion_that_fails_prints_the_transcript_without_secrets() {
    let (script, recorder) = (Script::new([Step::lost_response()]), Recorder::new());
    let client = client(&script, &recorder).build().unwrap();
    client
        .post(URL)
        .bearer_auth("sk_live_5e47")
        .idempotency_key("sk_live_5e47")
        .send()
        .await
        .unwrap();

    let wrong: [&dyn Fn(); 7] = [
        &|| recorder.assert_operations(2),
        &|| recorder.assert_attempts(5),
        &|| recorder.assert_waits([Duration::from_secs(9)]),
        &|| recorder.assert_waits_about([Duration::from_millis(500)]),
        &|| recorder.assert_stopped(StopReason::Deadline),
        &|| recorder.assert_effect(Effect::Unknown),
        &|| Recorder::new().assert_stopped(StopReason::Accepted),
    ];
    for (number, assertion) in wrong.iter().enumerate() {
        let panic = catch_unwind(AssertUnwindSafe(assertion)).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(number == 6 || message.contains("retries in 1.000 s"), "{message}");
        assert!(!message.contains("5e47"), "{message}");
    }
    assert!(!format!("{recorder:?}{:?}", recorder.recordings()).contains("5e47"));
    recorder.assert_waits_about([Duration::from_secs(1)]);
}
