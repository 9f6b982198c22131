//! What a half-open breaker lets through, and what becomes of it.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

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
fn probes_that_hang_lose_their_places_and_their_late_failure_changes_nothing() {
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
        .zip([Signal::Failure, Signal::Failure, Signal::Neutral])
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

/// A server whose every answer takes longer than the probe timeout, as long completions do: each place is taken again
/// before the answer that would have filled it.
#[test]
fn successes_that_come_after_their_places_were_taken_close_it_nevertheless() {
    let (breaker, now) = ready_to_probe();
    let probes = |now| -> Vec<_> {
        (0..3)
            .map(|_| breaker.admit(scope(0), Try::First, now).unwrap())
            .collect()
    };
    let (late, now) = (probes(now), now + 60 * SECOND);
    let (in_their_places, now) = (probes(now), now + 30 * SECOND);
    let mut changes = late
        .into_iter()
        .map(|probe| probe.settle(Signal::Success, now, 90 * SECOND, 0.0));
    assert_eq!(changes.next(), Some(None));
    assert_eq!(changes.next(), Some(None));
    assert_eq!(changes.next(), Some(Some(Transition::Closed)));
    for probe in in_their_places {
        assert_eq!(probe.settle(Signal::Failure, now, 30 * SECOND, 0.0), None);
    }
    assert_eq!(state(&breaker, now), State::Closed);
}

#[test]
fn of_two_that_had_one_place_only_the_first_success_counts() {
    let (breaker, now) = ready_to_probe();
    let late = breaker.admit(scope(0), Try::First, now).unwrap();
    let now = now + 60 * SECOND;
    let mut others: Vec<_> = (0..3)
        .map(|_| breaker.admit(scope(0), Try::First, now).unwrap())
        .collect();
    assert_eq!(late.settle(Signal::Success, now, 60 * SECOND, 0.0), None);
    // Places that were never taken go first, so the last one has the overdue one's.
    let same_place = others.pop().unwrap();
    assert_eq!(same_place.settle(Signal::Success, now, SECOND, 0.0), None);
    assert_eq!(others.pop().unwrap().settle(Signal::Success, now, SECOND, 0.0), None);
    assert_eq!(state(&breaker, now), State::HalfOpen);
    assert_eq!(
        others.pop().unwrap().settle(Signal::Success, now, SECOND, 0.0),
        Some(Transition::Closed)
    );
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
