//! What a breaker keeps per scope: bounded, without allocations, and exact under threads.

use super::*;

#[test]
fn a_full_breaker_forgets_closed_origins_first_and_never_an_open_one() {
    let breaker = CircuitBreaker::builder()
        .max_origins(4)
        .consecutive_failures(1)
        .build()
        .unwrap();
    let now = start();
    let fail = |number| {
        breaker
            .admit(scope(number), Try::First, now)
            .map(|p| p.settle(Signal::Failure, now, SECOND, 0.0))
    };
    for number in 0..3 {
        fail(number).unwrap();
    }
    for number in 100..1100 {
        assert!(breaker.admit(scope(number), Try::First, now).is_ok());
    }
    for number in 0..3 {
        assert_eq!(breaker.state(scope(number), now).state, State::Open);
    }
    // Now the fourth is open too, and the overflow shares one breaker.
    assert!((2000..2010).any(|number| fail(number).is_err()));
    assert!(breaker.isolate(scope(5000), now).is_err());
    // What has been open for long and is not asked for any more makes room in the end.
    assert!(breaker.isolate(scope(5000), now + 60 * SECOND).is_ok());
}

#[test]
fn admitting_and_settling_allocate_nothing_in_any_state() {
    let (breaker, now) = (CircuitBreaker::default(), start());
    let scope = scope(0);
    drop(breaker.admit(scope, Try::First, now));
    let allocations = allocation_counter::measure(|| {
        for step in 0..10_000 {
            let now = now + step * Duration::from_millis(100);
            if let Ok(permit) = breaker.admit(scope, Try::First, now) {
                let signal = if step % 1000 < 500 {
                    Signal::Failure
                } else {
                    Signal::Success
                };
                permit.settle(signal, now, SECOND, 0.5);
            }
        }
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn no_success_is_lost_or_counted_twice_while_others_fail_and_time_goes_on() {
    let breaker = CircuitBreaker::builder()
        .failure_rate(1.0)
        .window(3600 * SECOND)
        .build()
        .unwrap();
    let now = start();
    send(&breaker, Signal::Success, now);
    std::thread::scope(|threads| {
        for thread in 0..4_u32 {
            let breaker = &breaker;
            threads.spawn(move || {
                for step in 0..20_000 {
                    let failed = (step + thread) % 7 == 0;
                    let now = now + step * Duration::from_millis(100);
                    send(breaker, if failed { Signal::Failure } else { Signal::Success }, now);
                }
            });
        }
    });
    let snapshot = breaker.state(scope(0), now + 2000 * SECOND);
    assert_eq!(snapshot.attempts, 80_001);
    let failures = (0..4_u64)
        .map(|thread| (0..20_000).filter(|step| (step + thread) % 7 == 0).count() as u64)
        .sum::<u64>();
    assert_eq!(snapshot.failures, failures);
}

#[test]
fn a_cell_stays_below_a_kibibyte() {
    assert!(
        size_of::<cell::Cell>() + 3 * size_of::<probes::Probes>() <= 1024,
        "{}",
        size_of::<cell::Cell>()
    );
}
