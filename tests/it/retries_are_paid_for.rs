//! Retries are paid from a budget per origin that successes fill; first tries never wait for it.
#![expect(clippy::float_cmp, reason = "a balance is counted in thousandths, not rounded")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use steadfast::budget::{Failed, RetryBudget};
use steadfast::testing::{Script, Step};
use steadfast::{Client, Clock, Event, FailureKind, RetryPolicy, StopReason, Verdict};

use crate::support::{RawServer, answer, impatient, limit};
use crate::support_guards::{A, Log, balance, by_path, origin, skip, starting_with, touchy, trip, unbroken};
use crate::support_time::paused;

/// What an operation's steps leave at the start of its last attempt, and at its end.
fn balances(budget: &RetryBudget, steps: impl IntoIterator<Item = Step>) -> (f64, f64) {
    let (script, seen) = (Script::new(steps), Arc::new(Mutex::new(0.0)));
    let (looked_at, noted) = (budget.clone(), Arc::clone(&seen));
    let throttled = |outcome: &steadfast::Outcome<'_>| (outcome.status()?.as_u16() == 429).then(Verdict::retry);
    let client = unbroken(&script)
        .retry(RetryPolicy::builder().classify_fn(throttled).build().unwrap())
        .retry_budget(budget.clone())
        .on_event(move |event| {
            if let Event::AttemptStarted { .. } = event {
                *noted.lock().unwrap() = looked_at.balance(&origin(A));
            }
        })
        .build()
        .unwrap();
    let _either = paused(client.get(A).send());
    let seen = *seen.lock().unwrap();
    (seen, balance(&client, A))
}

#[test]
fn a_success_at_the_first_try_earns_a_tenth() {
    assert_eq!(balances(&RetryBudget::default(), []), (5.0, 5.1));
}

#[test]
fn an_answer_that_is_no_success_of_the_server_earns_nothing() {
    let not_found = Step::status(StatusCode::NOT_FOUND);
    assert_eq!(balances(&RetryBudget::default(), [not_found]), (5.0, 5.1));
    let not_implemented = Step::status(StatusCode::NOT_IMPLEMENTED);
    assert_eq!(balances(&RetryBudget::default(), [not_implemented]), (5.0, 5.0));
}

#[test]
fn a_retry_is_paid_when_it_is_sent_and_refunded_when_it_succeeds() {
    assert_eq!(balances(&RetryBudget::default(), [Step::lost_response()]), (4.0, 5.0));
}

#[test]
fn of_two_retries_the_last_is_refunded() {
    let budget = RetryBudget::default();
    assert_eq!(balances(&budget, [Step::refused(), Step::refused()]), (3.0, 4.0));
}

#[test]
fn a_throttled_attempt_costs_less_than_one_that_timed_out() {
    let budget = || RetryBudget::builder().cost(Failed::TimedOut, 2.0).build().unwrap();
    let asks_to_wait = Step::status(StatusCode::SERVICE_UNAVAILABLE).header("retry-after", "1");
    let timed_out = Step::fail(FailureKind::HeadTimeout, steadfast::Delivery::Unknown);
    for (step, paid) in [
        (Step::status(StatusCode::SERVICE_UNAVAILABLE), 1.0),
        (asks_to_wait, 0.5),
        (Step::status(StatusCode::TOO_MANY_REQUESTS), 0.5),
        (Step::lost_response(), 1.0),
        (timed_out, 2.0),
        (Step::hang(), 2.0),
    ] {
        assert_eq!(balances(&budget(), [step.clone()]).0, 5.0 - paid, "{step:?}");
    }
}

#[test]
fn a_spent_budget_is_told_from_an_open_circuit_and_from_the_servers_own_failure() {
    paused(async {
        let script = Script::from_fn(by_path);
        let client = unbroken(&script).retry_budget(starting_with(1.0)).build().unwrap();

        let error = client.get(format!("{A}/down")).send().await.unwrap_err();

        let receipt = error.receipt().unwrap();
        assert_eq!(
            (receipt.attempts().len(), receipt.stop()),
            (2, StopReason::BudgetExhausted)
        );
        assert_eq!(receipt.attempts()[1].wait(), None, "nothing was waited for in vain");
        assert!(error.is_budget_exhausted() && !error.is_circuit_open() && !error.is_attempts_exhausted());
        assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
        let text = error.into_response().unwrap().text().await.unwrap();
        assert_eq!(text, "come back later");
    });
}

#[test]
fn a_spent_budget_holds_up_no_first_try() {
    paused(async {
        let script = Script::from_fn(by_path);
        let client = unbroken(&script).retry_budget(starting_with(0.0)).build().unwrap();
        for _ in 0..100 {
            let error = client.get(format!("{A}/down")).send().await.unwrap_err();
            assert!(error.is_budget_exhausted());
        }
        assert_eq!(script.arrivals().len(), 100);
        assert!(client.get(A).send().await.is_ok());
    });
}

#[test]
fn a_wait_costs_nothing_and_neither_does_dropping_the_operation_during_it() {
    paused(async {
        let script = Script::from_fn(by_path);
        let client = unbroken(&script).build().unwrap();
        let operation = tokio::spawn(client.get(format!("{A}/down")).send());
        Clock::system().sleep(Duration::from_millis(500)).await;
        assert_eq!(balance(&client, A), 5.0);

        operation.abort();
        assert!(operation.await.unwrap_err().is_cancelled());

        assert_eq!((balance(&client, A), script.open()), (5.0, 0));
    });
}

#[test]
fn an_attempt_that_was_sent_stays_paid_when_it_is_dropped() {
    paused(async {
        let script = Script::new([Step::refused(), Step::hang()]);
        let client = unbroken(&script).build().unwrap();
        let operation = tokio::spawn(client.get(A).send());
        Clock::system().sleep(Duration::from_secs(2)).await;

        operation.abort();
        assert!(operation.await.unwrap_err().is_cancelled());

        assert_eq!((balance(&client, A), script.arrivals().len()), (4.0, 2));
    });
}

#[test]
fn a_deadline_that_leaves_no_room_for_the_wait_costs_nothing() {
    paused(async {
        let script = Script::from_fn(by_path);
        let client = unbroken(&script).total_timeout(Duration::from_secs(1)).build().unwrap();
        let error = client.get(format!("{A}/down")).send().await.unwrap_err();
        assert!(error.is_deadline());
        assert_eq!(balance(&client, A), 5.0);
    });
}

/// The process was suspended during the wait: the breaker half-opens for an attempt that then is not made.
#[test]
fn a_deadline_that_passes_during_the_wait_gives_token_and_probe_back_and_the_change_is_told() {
    let (breaker, clock, log) = (touchy().probes(1).build().unwrap(), Clock::skipping(), Log::default());
    let script = Script::new([Step::lost_response()]);
    let (others, ahead) = (breaker.clone(), clock.clone());
    let client = Client::builder()
        .script(&script)
        .circuit_breaker(breaker.clone())
        .clock(clock.clone())
        .total_timeout(Duration::from_secs(60))
        .on_event(log.write())
        .on_event(move |event| {
            if let Event::RetryScheduled { .. } = event {
                trip(&others, A, &ahead);
                skip(&ahead, Duration::from_secs(3_600));
            }
        })
        .build()
        .unwrap();

    let error = paused(client.get(A).send()).unwrap_err();

    assert!(error.is_deadline() && error.is_connection_lost());
    assert_eq!((balance(&client, A), script.arrivals().len()), (5.0, 1));
    assert_eq!(log.changes(), ["the circuit lets probes through"]);
    assert!(paused(client.get(A).send()).is_ok(), "the only place is free again");
    assert_eq!(log.changes(), ["the circuit closed"]);
}

#[tokio::test]
async fn over_a_socket_a_spent_budget_keeps_the_last_answer_and_sends_no_more() {
    let server = RawServer::start((0..9).map(|number| answer(500, "", &format!("failure {number}")))).await;
    let client = impatient().0.retry_budget(starting_with(2.0)).build().unwrap();

    let error = limit(client.post(server.url("/")).body("x").send()).await.unwrap_err();

    assert!(error.is_budget_exhausted());
    assert_eq!(server.arrivals().len(), 3);
    assert_eq!(error.into_response().unwrap().text().await.unwrap(), "failure 2");
}

#[test]
fn of_two_operations_that_wait_for_one_token_the_second_ends_with_its_first_failure() {
    paused(async {
        // Answered late, so that the token is not back before the other's wait is over.
        let late = Step::status(StatusCode::OK).after(Duration::from_secs(5));
        let script = Script::new([Step::refused(), Step::refused(), late]);
        let client = unbroken(&script).retry_budget(starting_with(1.0)).build().unwrap();

        let (one, other) = tokio::join!(client.get(A).send(), client.get(A).send());

        // Whose wait is shorter is up to the jitter.
        let (Ok(_), Err(error)) = (if one.is_ok() { (one, other) } else { (other, one) }) else {
            panic!("one of them pays");
        };
        assert!(error.is_budget_exhausted() && error.is_connect());
        assert_eq!(
            (error.receipt().unwrap().attempts().len(), script.arrivals().len()),
            (1, 3)
        );
    });
}
