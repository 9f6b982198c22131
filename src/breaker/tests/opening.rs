//! What opens a breaker, and what does not count.

use super::*;

#[test]
fn it_opens_at_half_of_fifty_attempts_and_says_why_and_until_when() {
    let (breaker, now) = (CircuitBreaker::default(), start());
    for _ in 0..25 {
        assert_eq!(send(&breaker, Signal::Success, now), None);
    }
    for _ in 0..24 {
        assert_eq!(send(&breaker, Signal::Failure, now), None);
    }
    let opened = send(&breaker, Signal::Failure, now);
    let retry_at = now + 5 * SECOND;
    let expected = Transition::Opened {
        cause: Cause::FailureRate,
        retry_at,
        failure_rate: 0.5,
        attempts: 50,
    };
    assert_eq!(opened, Some(expected));
    let refusal = breaker.admit(scope(0), Try::First, now).unwrap_err();
    assert_eq!((refusal.state, refusal.retry_at), (State::Open, Some(retry_at)));
    assert_eq!(breaker.state(scope(0), now).retry_at, Some(retry_at));
}

#[test]
fn ten_thousand_old_successes_do_not_hide_that_everything_fails_now() {
    let (breaker, now) = (CircuitBreaker::default(), start());
    for _ in 0..10_000 {
        send(&breaker, Signal::Success, now);
    }
    assert_eq!(breaker.state(scope(0), now).attempts, 10_000);
    for _ in 0..9_999 {
        assert_eq!(send(&breaker, Signal::Failure, now + 29 * SECOND), None);
    }
    assert!(send(&breaker, Signal::Failure, now + 29 * SECOND).is_some());

    let breaker = CircuitBreaker::default();
    for _ in 0..10_000 {
        send(&breaker, Signal::Success, now);
    }
    for _ in 0..49 {
        assert_eq!(send(&breaker, Signal::Failure, now + 30 * SECOND), None);
    }
    assert!(send(&breaker, Signal::Failure, now + 30 * SECOND).is_some());
}

#[test]
fn neutral_and_abandoned_attempts_do_not_count() {
    let (breaker, now) = (CircuitBreaker::default(), start());
    for _ in 0..1000 {
        send(&breaker, Signal::Neutral, now);
        drop(breaker.admit(scope(0), Try::First, now));
    }
    assert_eq!(breaker.state(scope(0), now).attempts, 0);
}

#[test]
fn results_from_an_earlier_state_change_nothing() {
    let (breaker, now) = (CircuitBreaker::default(), start());
    let stale: Vec<_> = (0..100)
        .map(|_| breaker.admit(scope(0), Try::First, now).unwrap())
        .collect();
    fail_until_open(&breaker, now);
    let half = now + 5 * SECOND;
    let old_probe = breaker.admit(scope(0), Try::First, half).unwrap();
    breaker.reset(scope(0));

    let before = breaker.state(scope(0), half);
    for (number, permit) in stale.into_iter().chain([old_probe]).enumerate() {
        let signal = if number % 2 == 0 {
            Signal::Failure
        } else {
            Signal::Success
        };
        assert_eq!(permit.settle(signal, half, SECOND, 0.0), None);
    }
    assert_eq!(breaker.state(scope(0), half), before);
}

#[test]
fn slow_calls_open_it_where_asked_for_and_a_slow_probe_reopens_it() {
    let breaker = CircuitBreaker::builder()
        .slow_calls(SECOND, 0.5)
        .min_attempts(4)
        .build()
        .unwrap();
    let now = start();
    let slow = |now| {
        breaker
            .admit(scope(0), Try::First, now)
            .unwrap()
            .settle(Signal::Success, now, SECOND, 0.0)
    };
    send(&breaker, Signal::Success, now);
    send(&breaker, Signal::Success, now);
    assert_eq!(slow(now), None);
    assert!(matches!(
        slow(now),
        Some(Transition::Opened {
            cause: Cause::SlowRate,
            ..
        })
    ));
    assert!(matches!(
        slow(now + 5 * SECOND),
        Some(Transition::Opened {
            cause: Cause::ProbeFailed,
            ..
        })
    ));
}

#[test]
fn consecutive_failures_open_it_where_asked_for_and_a_success_starts_the_count_anew() {
    let breaker = CircuitBreaker::builder().consecutive_failures(3).build().unwrap();
    let now = start();
    for _ in 0..5 {
        send(&breaker, Signal::Failure, now);
        send(&breaker, Signal::Failure, now);
        send(&breaker, Signal::Success, now);
        send(&breaker, Signal::Success, now);
    }
    assert_eq!(breaker.state(scope(0), now).attempts, 20);
    let breaker = CircuitBreaker::builder().consecutive_failures(3).build().unwrap();
    send(&breaker, Signal::Failure, now);
    send(&breaker, Signal::Failure, now);
    assert!(matches!(
        send(&breaker, Signal::Failure, now),
        Some(Transition::Opened {
            cause: Cause::ConsecutiveFailures,
            ..
        })
    ));
}
