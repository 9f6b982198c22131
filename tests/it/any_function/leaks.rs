#![expect(clippy::float_cmp, reason = "a balance is counted in thousandths, not rounded")]

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use steadfast::breaker::{CircuitBreaker, State, Try};
use steadfast::budget::RetryBudget;
use steadfast::function::History;
use steadfast::{Clock, Effect, Scope, Verdict};

use super::{known, policy, seconds, touchy};
use crate::support_time::paused;

/// A breaker that is open, and lets one probe through by now.
fn probing(clock: &Clock) -> CircuitBreaker {
    let breaker = touchy();
    for _ in 0..2 {
        let permit = breaker.admit(Scope::default(), Try::First, clock.now()).unwrap();
        permit.settle(steadfast::breaker::Signal::Failure, clock.now(), Duration::ZERO, 0.0);
    }
    crate::support_guards::skip(clock, seconds(100));
    breaker
}

fn place_is_free(breaker: &CircuitBreaker, clock: &Clock) -> bool {
    let probe = breaker.admit(Scope::default(), Try::First, clock.now());
    probe.is_ok_and(|permit| permit.is_probe())
}

#[test]
fn a_future_dropped_during_an_attempt_gives_the_probe_s_place_back() {
    let clock = Clock::skipping();
    let (breaker, policy) = (probing(&clock), policy());
    {
        let run = policy
            .run(async |_| pending::<Result<(), ()>>().await)
            .circuit_breaker(&breaker)
            .clock(clock.clone());
        let mut run = pin!(run.into_future());
        assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(!place_is_free(&breaker, &clock));
    }
    assert!(place_is_free(&breaker, &clock));
}

#[test]
fn a_closure_that_panics_gives_the_probe_s_place_back() {
    let clock = Clock::skipping();
    let (breaker, policy) = (probing(&clock), policy());
    let at_once = || {
        let run = policy.run_blocking(|_| -> Result<(), ()> { panic!("on purpose") });
        let _never = run.circuit_breaker(&breaker).clock(clock.clone()).call();
    };
    let when_judging = || {
        let run = policy
            .run_blocking(|_| Err::<(), _>(()))
            .classify(|_| -> Verdict { panic!("on purpose") });
        let _never = run.circuit_breaker(&breaker).clock(clock.clone()).call();
    };
    let when_polled = || {
        let run = policy.run(async |_| -> Result<(), ()> { panic!("on purpose") });
        let mut run = pin!(run.circuit_breaker(&breaker).clock(clock.clone()).into_future());
        let _never = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    };
    for panics in [&at_once as &dyn Fn(), &when_judging, &when_polled] {
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert!(place_is_free(&breaker, &clock));
    }
    assert_eq!(
        known(&breaker, &clock).state,
        State::HalfOpen,
        "a panic says nothing of the far side"
    );
}

#[test]
fn a_future_dropped_during_a_wait_costs_no_token() {
    let budget = RetryBudget::default();
    paused(async {
        let policy = policy();
        let run = policy
            .run(async |_| Err::<(), _>(()))
            .retry_budget(&budget)
            .into_future();
        tokio::select! {
            biased;
            _over = run => unreachable!("it waits"),
            () = async { Clock::system().sleep(Duration::from_millis(500)).await } => {}
        }
    });
    assert_eq!(budget.balance(Scope::default()), 5.0);
}

#[test]
fn a_history_says_that_nothing_is_known_of_an_attempt_that_was_dropped_or_panicked() {
    let policy = policy();
    let seen = |first: Verdict| {
        let mut history = History::default();
        paused(async {
            let run = policy
                .run(async |attempt| match attempt.number() {
                    1 => Err::<(), _>(()),
                    _ => pending().await,
                })
                .classify(move |_| first)
                .history(&mut history)
                .into_future();
            tokio::select! {
                biased;
                _over = run => unreachable!("it hangs"),
                () = async { Clock::system().sleep(seconds(60)).await } => {}
            }
        });
        (history.attempts().len(), history.effect())
    };
    assert_eq!(seen(Verdict::retry_untouched()), (1, Effect::Unknown));
    assert_eq!(seen(Verdict::retry()), (1, Effect::Unknown));

    let mut history = History::default();
    let run = policy.run_blocking(|_| -> Result<(), ()> { panic!("on purpose") });
    let run = run.history(&mut history);
    assert!(catch_unwind(AssertUnwindSafe(|| run.call())).is_err());
    assert_eq!((history.attempts().len(), history.effect()), (0, Effect::Unknown));
}

#[test]
fn an_attempt_out_of_time_counts_as_a_failure_of_the_far_side() {
    let breaker = touchy();
    let snapshot = paused(async {
        let policy = policy();
        let run = policy.run(async |_| pending::<Result<(), ()>>().await);
        let failed = run
            .circuit_breaker(&breaker)
            .attempt_timeout(seconds(1))
            .await
            .unwrap_err();
        assert!(failed.is_circuit_open() && failed.is_timeout());
        known(&breaker, &Clock::system())
    });
    assert_eq!((snapshot.state, snapshot.failures), (State::Open, 2));
}

#[test]
fn a_success_without_limits_needs_no_runtime() {
    let policy = policy();
    let mut run = pin!(policy.run(async |_| Ok::<_, ()>(7)).into_future());
    let polled = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Ok(7))));
    assert!(
        run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(),
        "it is over"
    );
}
