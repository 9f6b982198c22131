use std::error::Error as _;
use std::mem::size_of;

use steadfast::breaker::CircuitBreaker;
use steadfast::function::{Ending, Error, History};
use steadfast::{Clock, Effect, IdempotencyKey, Scope, StopReason, Verdict};

use super::{policy, seconds};
use crate::support_time::paused;

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("row {0} is locked")]
struct Locked(u32);

#[test]
fn an_error_keeps_the_history_and_the_last_error() {
    let failed = policy()
        .run_blocking(|attempt| Err::<(), _>(Locked(attempt.number())))
        .clock(Clock::skipping())
        .call()
        .unwrap_err();
    assert_eq!(
        failed.to_string(),
        "row 5 is locked (attempt 5; no attempts left; effect: unknown)"
    );
    assert_eq!(failed.source().unwrap().to_string(), "row 5 is locked");
    let history = failed.history();
    let waits: Vec<_> = history
        .attempts()
        .iter()
        .map(steadfast::function::Record::wait)
        .collect();
    let expected = [1, 2, 4, 8].map(|wait| Some(seconds(wait)));
    assert_eq!(waits[..4], expected);
    assert_eq!(waits[4], None);
    let started: Vec<_> = history
        .attempts()
        .iter()
        .map(|record| record.started().as_secs())
        .collect();
    assert_eq!(started, [0, 1, 3, 7, 15]);
    assert_eq!(
        (history.stop(), history.effect()),
        (Some(StopReason::AttemptsExhausted), Effect::Unknown)
    );
    assert!(history.elapsed() >= seconds(15));
    assert_eq!(failed.into_inner(), Some(Locked(5)));
}

#[test]
fn a_rejected_value_is_kept_readable() {
    let failed = policy()
        .run_blocking(|_| Ok::<_, Locked>("half a row"))
        .classify(|_| Verdict::fail())
        .call()
        .unwrap_err();
    assert_eq!((failed.value(), failed.last()), (Some(&"half a row"), None));
    assert_eq!(
        failed.to_string(),
        "the value was rejected (attempt 1; a classifier called it a failure for good; effect: unknown)"
    );
    assert!(!format!("{failed:?}").contains("half a row"));
    assert_eq!(failed.into_value(), Some("half a row"));
}

#[test]
fn a_history_tells_the_verdict_on_each_attempt() {
    let failed = policy()
        .run_blocking(|attempt| {
            if attempt.number() < 4 {
                Err(Locked(attempt.number()))
            } else {
                Ok(())
            }
        })
        .classify(|result| match result {
            Err(Locked(1)) => Verdict::retry(),
            Err(Locked(2)) => Verdict::retry_after(seconds(7)),
            Err(_) => Verdict::retry_untouched(),
            Ok(()) => Verdict::fail(),
        })
        .clock(Clock::skipping())
        .call()
        .unwrap_err();
    let verdicts: Vec<_> = failed
        .history()
        .attempts()
        .iter()
        .map(steadfast::function::Record::verdict)
        .collect();
    assert_eq!(
        verdicts,
        [
            Verdict::retry(),
            Verdict::retry_after(seconds(7)),
            Verdict::retry_untouched(),
            Verdict::fail()
        ]
    );
    let told = failed.history().to_string();
    for (line, expected) in told.lines().skip(1).zip([
        "an error: retry, then waited ",
        "an error: retry after 7.000 s, then waited ",
        "an error: retry untouched, then waited ",
        "a value: fail",
    ]) {
        assert!(line.contains(expected), "{told}");
    }
}

#[test]
fn an_open_circuit_is_no_attempt_and_has_no_error() {
    let (clock, breaker) = (Clock::skipping(), CircuitBreaker::default());
    breaker.isolate(Scope::default(), clock.now()).unwrap();
    let mut calls = 0;
    let failed = policy()
        .run_blocking(|_| {
            calls += 1;
            Err::<(), _>(Locked(1))
        })
        .circuit_breaker(&breaker)
        .clock(clock)
        .call()
        .unwrap_err();
    assert!(failed.is_circuit_open() && failed.last().is_none() && failed.source().is_none());
    assert_eq!(
        (failed.history().attempts().len(), failed.effect()),
        (0, Effect::NotApplied)
    );
    assert_eq!(
        failed.to_string(),
        "nothing was attempted (attempt 0; the circuit is open; effect: not applied)"
    );
    assert_eq!(calls, 0);
}

#[test]
fn a_success_tells_its_history_where_it_was_asked_to() {
    let (mut history, key) = (History::default(), IdempotencyKey::derive(["order-42"]));
    let value = policy()
        .run_blocking(|attempt| if attempt.number() == 1 { Err(Locked(7)) } else { Ok(()) })
        .key(key.clone())
        .history(&mut history)
        .clock(Clock::skipping())
        .call();
    assert!(value.is_ok());
    let endings: Vec<_> = history
        .attempts()
        .iter()
        .map(steadfast::function::Record::ending)
        .collect();
    assert_eq!(endings, [Ending::Error, Ending::Value]);
    assert_eq!(
        (history.stop(), history.effect()),
        (Some(StopReason::Accepted), Effect::Applied)
    );
    let told = history.to_string();
    assert!(
        told.contains(&key.fingerprint().to_string()) && !told.contains(key.as_str()),
        "{told}"
    );
    assert_eq!(told.lines().count(), 3);
}

#[test]
fn the_history_of_a_future_that_was_dropped_stays() {
    let mut history = History::default();
    paused(async {
        let policy = policy();
        let run = policy
            .run(async |_| Err::<(), _>(Locked(1)))
            .history(&mut history)
            .into_future();
        let dropped = tokio::select! {
            biased;
            _over = run => false,
            () = async { Clock::system().sleep(seconds(2)).await } => true,
        };
        assert!(dropped);
    });
    assert_eq!((history.attempts().len(), history.stop()), (2, None));
    assert_eq!(history.effect(), Effect::Unknown);
}

#[test]
fn a_closure_is_told_of_each_retry_before_its_wait() {
    let (clock, mut told) = (Clock::skipping(), Vec::new());
    let _failed = policy()
        .run_blocking(|attempt| Err::<(), _>(Locked(attempt.number())))
        .on_retry(|retry| {
            let locked = retry.result.and_then(|result| result.as_ref().err()).unwrap().0;
            told.push((
                retry.attempt.number(),
                locked,
                retry.wait.as_secs(),
                clock.waits().len(),
            ));
        })
        .clock(clock.clone())
        .call();
    assert_eq!(told, [(1, 1, 1, 0), (2, 2, 2, 1), (3, 3, 4, 2), (4, 4, 8, 3)]);
}

#[test]
fn an_error_is_one_pointer_in_size() {
    assert_eq!(size_of::<Error<[u64; 64], Locked>>(), size_of::<usize>());
}
