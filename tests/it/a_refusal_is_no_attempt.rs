//! An open breaker sends nothing, counts nothing, costs nothing, and says when to come back.
#![expect(clippy::float_cmp, reason = "a balance is counted in thousandths, not rounded")]

use std::time::Duration;

use http::StatusCode;
use steadfast::breaker::{CircuitBreaker, State};
use steadfast::testing::{Script, Step};
use steadfast::{Client, Clock, Effect, FailureKind, ResponseExt, StopReason};

use crate::support::{RawServer, answer, impatient, limit};
use crate::support_guards::{A, Log, balance, by_path, guarded, once, origin, skip, state_of, touchy, trip};
use crate::support_time::paused;

#[test]
fn a_first_refusal_has_no_attempt_no_cost_no_wait_and_a_time_to_come_back() {
    paused(async {
        let (breaker, script, log) = (touchy().build().unwrap(), Script::new([]), Log::default());
        let client = guarded(&breaker, &script).on_event(log.write()).build().unwrap();
        let clock = Clock::system();
        trip(&breaker, A, &clock);
        let began = clock.now();

        let error = client.post(A).body("amount=100").send().await.unwrap_err();

        let receipt = error.receipt().unwrap();
        assert_eq!((receipt.attempts().len(), script.arrivals().len()), (0, 0));
        assert_eq!(
            (receipt.stop(), error.effect()),
            (StopReason::CircuitOpen, Effect::NotApplied)
        );
        assert!(error.is_circuit_open() && !error.is_budget_exhausted() && !error.is_status());
        assert!(error.failure().is_none() && error.response().is_none());
        assert_eq!(error.retry_at(), Some(began + Duration::from_secs(5)));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(5)));
        assert_eq!(error.retry_at(), state_of(&client, A).retry_at);
        assert_eq!((balance(&client, A), clock.now()), (5.0, began));
        assert_eq!(log.take().len(), 1, "it stops, and that is all");
    });
}

#[test]
fn at_the_time_it_named_a_refused_operation_is_let_through() {
    paused(async {
        let (breaker, script) = (touchy().build().unwrap(), Script::new([]));
        let client = guarded(&breaker, &script).build().unwrap();
        trip(&breaker, A, &Clock::system());
        let refused = client.get(A).send().await.unwrap_err();

        Clock::system().sleep(refused.retry_after().unwrap()).await;
        let response = client.get(A).send().await.unwrap();

        assert_eq!(response.receipt().unwrap().attempts().len(), 1);
        assert_eq!(state_of(&client, A).state, State::HalfOpen);
    });
}

#[test]
fn a_wait_is_not_begun_that_would_end_in_a_refusal() {
    paused(async {
        let (breaker, script) = (touchy().build().unwrap(), Script::from_fn(by_path));
        let client = guarded(&breaker, &script).build().unwrap();

        let error = client.get(format!("{A}/down")).send().await.unwrap_err();

        // The second failure opens the breaker for 5 s; the wait before a third attempt would be 2 s.
        let receipt = error.receipt().unwrap();
        assert_eq!((receipt.attempts().len(), receipt.attempts()[1].wait()), (2, None));
        assert!(receipt.elapsed() < Duration::from_secs(2), "{receipt}");
        assert!(error.is_circuit_open() && error.is_status());
        assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
        assert!(error.retry_after().unwrap() >= Duration::from_secs(5));
        assert_eq!(balance(&client, A), 4.0, "the attempt that was made is paid, no other");
        let text = error.into_response().unwrap().text().await.unwrap();
        assert_eq!(text, "come back later");
    });
}

#[test]
fn a_wait_is_begun_that_ends_when_the_breaker_lets_probes_through() {
    paused(async {
        let breaker = touchy().open_for(Duration::from_secs(1)).build().unwrap();
        let script = Script::new([Step::refused(), Step::refused()]);
        let client = guarded(&breaker, &script).build().unwrap();

        let response = client.get(A).send().await.unwrap();

        assert_eq!(response.receipt().unwrap().attempts().len(), 3);
        assert_eq!(state_of(&client, A).state, State::HalfOpen);
    });
}

#[test]
fn a_breaker_that_opens_during_the_wait_ends_it_with_the_failure_that_came_before() {
    paused(async {
        let (breaker, script) = (touchy().build().unwrap(), Script::new([Step::lost_response()]));
        let client = guarded(&breaker, &script).build().unwrap();
        let operation = client.post(A).body("amount=100").send();
        let (waiting, breaker) = (client.clone(), breaker.clone());
        let others = async move {
            Clock::system().sleep(Duration::from_millis(500)).await;
            let meanwhile = balance(&waiting, A);
            trip(&breaker, A, &Clock::system());
            meanwhile
        };

        let (result, meanwhile) = tokio::join!(operation, others);

        let error = result.unwrap_err();
        assert!(error.is_circuit_open() && error.is_connection_lost());
        assert_eq!(error.failure().unwrap().kind(), FailureKind::ConnectionLost);
        assert_eq!(error.effect(), Effect::Unknown, "the doubt of the first attempt stays");
        assert_eq!(
            (error.receipt().unwrap().attempts().len(), script.arrivals().len()),
            (1, 1)
        );
        let come_back = error.retry_after().unwrap();
        assert!(
            (Duration::from_millis(4_200)..Duration::from_secs(5)).contains(&come_back),
            "{come_back:?}"
        );
        assert_eq!((meanwhile, balance(&client, A)), (5.0, 5.0), "no attempt, no cost");
    });
}

#[test]
fn when_all_probes_are_under_way_others_are_refused_and_told_when_to_come_back() {
    paused(async {
        let (breaker, script) = (touchy().probes(1).build().unwrap(), Script::from_fn(by_path));
        let client = guarded(&breaker, &script).build().unwrap();
        trip(&breaker, A, &Clock::system());
        Clock::system().sleep(Duration::from_secs(5)).await;
        let url = format!("{A}/hang");
        let probe = tokio::spawn(client.get(url).send_once().send());
        tokio::task::yield_now().await;

        let error = client.get(A).send().await.unwrap_err();

        assert!(error.is_circuit_open());
        assert_eq!(
            (error.retry_after(), script.arrivals().len()),
            (Some(Duration::from_secs(5)), 1)
        );
        probe.abort();
    });
}

#[test]
fn an_isolated_origin_names_no_time() {
    paused(async {
        let script = Script::new([]);
        let client = Client::builder().script(&script).build().unwrap();
        let breaker = client.circuit_breaker().unwrap();
        breaker.isolate(&origin(A), Clock::system().now()).unwrap();

        let error = once(&client, A).await.unwrap_err();
        assert!(error.is_circuit_open() && error.retry_at().is_none());

        breaker.reset(&origin(A));
        assert!(once(&client, A).await.is_ok());
        assert_eq!(script.arrivals().len(), 1);
    });
}

#[tokio::test]
async fn over_a_socket_a_refusal_opens_no_connection() {
    let server = RawServer::start([answer(503, "", "one"), answer(503, "", "two")]).await;
    let (builder, clock) = impatient();
    let breaker = touchy().build().unwrap();
    let client = builder.circuit_breaker(breaker).build().unwrap();
    let url = server.url("/charges");

    let opening = limit(client.post(&url).body("x").send()).await.unwrap_err();
    let refused = limit(client.post(&url).body("x").send()).await.unwrap_err();

    assert!(opening.is_circuit_open() && refused.is_circuit_open());
    assert_eq!(opening.into_response().unwrap().text().await.unwrap(), "two");
    assert_eq!((server.arrivals().len(), clock.waits().len()), (2, 1));
    skip(&clock, refused.retry_after().unwrap());
    assert!(limit(client.post(&url).body("x").send()).await.is_ok());
    assert_eq!(server.arrivals().len(), 3);
}

#[test]
fn without_a_breaker_nothing_is_refused() {
    let script = Script::from_fn(by_path);
    let client = Client::builder()
        .script(&script)
        .without_circuit_breaker()
        .build()
        .unwrap();
    assert!(client.circuit_breaker().is_none());
    paused(async {
        for _ in 0..50 {
            let error = once(&client, &format!("{A}/down")).await.unwrap_err();
            assert!(!error.is_circuit_open());
        }
    });
    assert_eq!(script.arrivals().len(), 50);
}

#[test]
fn by_default_an_origin_that_is_down_is_left_alone_after_fifty_attempts() {
    let script = Script::from_fn(by_path);
    let client = Client::builder().script(&script).build().unwrap();
    paused(async {
        for _ in 0..200 {
            let _failed = client.get(format!("{A}/down")).send_once().send().await;
        }
    });
    assert_eq!(script.arrivals().len(), 50);
    assert!(matches!(state_of(&client, A).state, State::Open));
    let _: &CircuitBreaker = client.circuit_breaker().unwrap();
}
