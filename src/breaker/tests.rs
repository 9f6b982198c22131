mod model;

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
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
fn of_ten_thousand_callers_at_once_a_half_open_breaker_lets_exactly_its_probes_through() {
    let (breaker, now) = ready_to_probe();
    let (sent, barrier) = (AtomicUsize::new(0), Barrier::new(8));
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                barrier.wait();
                let permits: Vec<_> = (0..1250)
                    .filter_map(|_| breaker.admit(scope(0), Try::First, now).ok())
                    .collect();
                sent.fetch_add(permits.len(), Ordering::Relaxed);
                assert!(permits.iter().all(Permit::is_probe));
                barrier.wait();
            });
        }
    });
    assert_eq!(sent.into_inner(), 3);
}

#[test]
fn all_probes_close_it_and_it_starts_anew() {
    let (breaker, now) = ready_to_probe();
    let first = breaker.admit(scope(0), Try::First, now).unwrap();
    assert_eq!(first.transition(), Some(&Transition::HalfOpened));
    assert_eq!(first.settle(Signal::Success, now, SECOND, 0.0), None);
    assert_eq!(send(&breaker, Signal::Success, now), None);
    assert_eq!(send(&breaker, Signal::Success, now), Some(Transition::Closed));
    let snapshot = breaker.state(scope(0), now);
    assert_eq!(
        (snapshot.state, snapshot.attempts, snapshot.consecutive_failures),
        (State::Closed, 0, 0)
    );
    let Transition::Opened { retry_at, .. } = fail_until_open(&breaker, now) else {
        panic!("opens")
    };
    assert_eq!(retry_at, now + 5 * SECOND);
}

#[test]
fn each_failed_probe_doubles_the_open_time_up_to_a_minute_and_jitter_only_adds() {
    for (random, jitter) in [(0.0, 1.0), (0.5, 1.125), (f64::NAN, 1.0)] {
        let (breaker, mut now) = ready_to_probe();
        for expected in [10.0, 20.0, 40.0, 60.0, 60.0] {
            let probe = breaker.admit(scope(0), Try::First, now).unwrap();
            let Some(Transition::Opened { retry_at, cause, .. }) = probe.settle(Signal::Failure, now, SECOND, random)
            else {
                panic!("reopens")
            };
            assert_eq!(cause, Cause::ProbeFailed);
            assert_eq!(retry_at - now, Duration::from_secs_f64(expected * jitter));
            now = retry_at;
        }
    }
}

#[test]
fn a_neutral_dropped_or_panicking_probe_gives_its_place_back() {
    let (breaker, now) = ready_to_probe();
    for _ in 0..100 {
        send(&breaker, Signal::Neutral, now);
        drop(breaker.admit(scope(0), Try::First, now).unwrap());
        let _panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _permit = breaker.admit(scope(0), Try::First, now).unwrap();
            std::panic::resume_unwind(Box::new(()));
        }));
    }
    assert_eq!(state(&breaker, now), State::HalfOpen);
    let probes: Vec<_> = (0..100)
        .filter_map(|_| breaker.admit(scope(0), Try::First, now).ok())
        .collect();
    assert_eq!(probes.len(), 3);
}

#[test]
fn probes_that_hang_lose_their_places_and_their_late_end_changes_nothing() {
    let (breaker, now) = ready_to_probe();
    let hung: Vec<_> = (0..3)
        .map(|_| breaker.admit(scope(0), Try::First, now).unwrap())
        .collect();
    assert!(breaker.admit(scope(0), Try::First, now + 59 * SECOND).is_err());

    let now = now + 60 * SECOND;
    let mut second: Vec<_> = (0..3)
        .map(|_| breaker.admit(scope(0), Try::First, now).unwrap())
        .collect();
    for (probe, signal) in hung
        .into_iter()
        .zip([Signal::Failure, Signal::Success, Signal::Neutral])
    {
        assert_eq!(probe.settle(signal, now, 60 * SECOND, 0.0), None);
    }
    assert!(breaker.admit(scope(0), Try::First, now).is_err());
    let last = second.pop().unwrap();
    for probe in second {
        assert_eq!(probe.settle(Signal::Success, now, SECOND, 0.0), None);
    }
    assert_eq!(last.settle(Signal::Success, now, SECOND, 0.0), Some(Transition::Closed));
}

#[test]
fn a_hung_probe_whose_place_nobody_took_still_counts() {
    let (breaker, now) = ready_to_probe();
    let hung = breaker.admit(scope(0), Try::First, now).unwrap();
    assert!(
        hung.settle(Signal::Failure, now + 600 * SECOND, 600 * SECOND, 0.0)
            .is_some()
    );
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

#[test]
fn observe_only_reports_every_change_and_refuses_nothing() {
    let breaker = CircuitBreaker::builder().mode(Mode::ObserveOnly).build().unwrap();
    let now = start();
    fail_until_open(&breaker, now);
    for _ in 0..100 {
        assert_eq!(send(&breaker, Signal::Success, now), None);
        assert!(breaker.would_admit(scope(0), now));
    }
    assert_eq!(state(&breaker, now), State::Open);
    let later = now + 5 * SECOND;
    let closed = (0..3)
        .filter_map(|_| send(&breaker, Signal::Success, later))
        .collect::<Vec<_>>();
    assert_eq!(closed, [Transition::Closed]);
    breaker.isolate(scope(0), now).unwrap();
    assert!(breaker.admit(scope(0), Try::Retry, now).is_ok());
}

#[test]
fn retries_only_refuses_retries_and_lets_first_tries_through() {
    let breaker = CircuitBreaker::builder().mode(Mode::RetriesOnly).build().unwrap();
    let now = start();
    fail_until_open(&breaker, now);
    assert!(breaker.admit(scope(0), Try::First, now).is_ok());
    assert!(breaker.admit(scope(0), Try::Retry, now).is_err());
    assert!(!breaker.would_admit(scope(0), now));
    breaker.isolate(scope(0), now).unwrap();
    assert!(breaker.admit(scope(0), Try::First, now).is_err());
}

#[test]
fn an_isolated_breaker_refuses_until_it_is_reset() {
    let (breaker, now) = (CircuitBreaker::default(), start());
    assert_eq!(breaker.isolate(scope(0), now).unwrap(), Some(Transition::Isolated));
    assert_eq!(breaker.isolate(scope(0), now).unwrap(), None);
    let refusal = breaker.admit(scope(0), Try::First, now + 9999 * SECOND).unwrap_err();
    assert_eq!((refusal.state, refusal.retry_at), (State::Isolated, None));
    assert!(!breaker.would_admit(scope(0), now + 9999 * SECOND));
    assert!(breaker.admit(scope(1), Try::First, now).is_ok());
    assert_eq!(breaker.reset(scope(0)), Some(Transition::Closed));
    assert_eq!(breaker.reset(scope(0)), None);
    assert!(breaker.admit(scope(0), Try::First, now).is_ok());
}

#[test]
fn would_admit_looks_at_the_end_of_the_wait_and_changes_nothing() {
    let (breaker, now) = (CircuitBreaker::default(), start());
    assert!(breaker.would_admit(scope(0), now));
    fail_until_open(&breaker, now);
    assert!(!breaker.would_admit(scope(0), now + 4 * SECOND));
    assert!(breaker.would_admit(scope(0), now + 5 * SECOND));
    assert_eq!(state(&breaker, now + 5 * SECOND), State::Open);
}

#[test]
fn a_servers_retry_after_holds_siblings_back_only_where_asked_for_and_only_so_long() {
    let now = start();
    let breaker = CircuitBreaker::default();
    assert_eq!(breaker.hold(scope(0), 60 * SECOND, now), None);
    assert!(breaker.admit(scope(0), Try::First, now).is_ok());

    let breaker = CircuitBreaker::builder().hold_back(30 * SECOND).build().unwrap();
    let held = breaker.hold(scope(0), 9999 * SECOND, now);
    assert!(matches!(
        held,
        Some(Transition::Opened {
            cause: Cause::RetryAfter,
            ..
        })
    ));
    assert_eq!(breaker.hold(scope(0), SECOND, now), None);
    assert_eq!(
        breaker.admit(scope(0), Try::First, now).unwrap_err().retry_at,
        Some(now + 30 * SECOND)
    );
    assert!(breaker.admit(scope(0), Try::First, now + 30 * SECOND).is_ok());
}

#[test]
fn a_breaker_can_be_kept_per_tenant_within_an_origin() {
    let breaker = CircuitBreaker::builder()
        .scope_by(
            |target| match target.headers().get("x-tenant").and_then(|name| name.to_str().ok()) {
                Some(tenant) => Scope::within(target.origin(), tenant),
                None => target.origin().into(),
            },
        )
        .build()
        .unwrap();
    let origin: Origin = "https://api.example.com".parse().unwrap();
    let headers = |tenant: &'static str| {
        [("x-tenant".parse().unwrap(), tenant.parse().unwrap())]
            .into_iter()
            .collect()
    };
    let (one, two): (http::HeaderMap, http::HeaderMap) = (headers("one"), headers("two"));
    let scope_of = |headers| breaker.scope(&Target::new(&origin, &http::Method::GET, "/", headers));

    breaker.isolate(scope_of(&one), start()).unwrap();
    assert!(breaker.admit(scope_of(&one), Try::First, start()).is_err());
    assert!(breaker.admit(scope_of(&two), Try::First, start()).is_ok());
    assert!(breaker.admit(&origin, Try::First, start()).is_ok());
}

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
