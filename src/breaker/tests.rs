mod cells;
mod model;
mod modes;
mod opening;
mod probing;

use std::time::{Duration, Instant};

use super::*;
use crate::fixture::{scope, start};
use crate::operation::{Origin, Scope};

const SECOND: Duration = Duration::from_secs(1);

fn send(breaker: &CircuitBreaker, signal: Signal, now: Instant) -> Option<Transition> {
    let permit = breaker.admit(scope(0), Try::First, now).unwrap();
    permit.settle(signal, now, Duration::ZERO, 0.0)
}

fn fail_until_open(breaker: &CircuitBreaker, now: Instant) -> Transition {
    (0..1_000_000)
        .find_map(|_| send(breaker, Signal::Failure, now))
        .unwrap()
}

fn state(breaker: &CircuitBreaker, now: Instant) -> State {
    breaker.state(scope(0), now).state
}

/// A breaker that is about to let its first probe through, and the time.
fn ready_to_probe() -> (CircuitBreaker, Instant) {
    let (breaker, now) = (CircuitBreaker::default(), start());
    fail_until_open(&breaker, now);
    (breaker, now + 5 * SECOND)
}

#[test]
fn settings_outside_their_range_are_refused_by_name() {
    let builder = CircuitBreaker::builder;
    let refused = [
        (builder().failure_rate(0.0), "failure_rate"),
        (builder().failure_rate(f64::NAN), "failure_rate"),
        (builder().min_attempts(0), "min_attempts"),
        (builder().window(Duration::ZERO), "window"),
        (builder().slow_calls(SECOND, 1.1), "slow_calls.rate"),
        (builder().slow_calls(Duration::ZERO, 0.5), "slow_calls.from"),
        (builder().consecutive_failures(0), "consecutive_failures"),
        (builder().open_for(Duration::MAX), "open_for"),
        (builder().open_for(10 * SECOND).max_open_for(9 * SECOND), "max_open_for"),
        (builder().probes(0), "probes"),
        (builder().probe_timeout(Duration::ZERO), "probe_timeout"),
        (builder().hold_back(Duration::ZERO), "hold_back"),
        (builder().max_origins(0), "max_origins"),
    ];
    for (builder, field) in refused {
        assert_eq!(builder.build().unwrap_err().field(), field);
    }
    assert!(builder().open_for(600 * SECOND).build().is_ok());
}

#[test]
fn handles_and_permits_may_cross_threads() {
    fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<CircuitBreaker>();
    assert_send_sync::<Permit<'_>>();
    assert_send_sync::<Refusal>();
}
