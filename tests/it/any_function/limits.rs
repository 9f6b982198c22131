use std::cell::RefCell;
use std::time::Duration;

use steadfast::breaker::CircuitBreaker;
use steadfast::function::{Ending, History, Record};
use steadfast::{Clock, Effect, IdempotencyKey, RetryPolicy, StopReason, Verdict};

use super::{policy, seconds};
use crate::support_time::paused;

#[test]
fn an_attempt_out_of_time_is_dropped_and_an_earlier_error_is_kept() {
    let failed = paused(async {
        RetryPolicy::builder()
            .max_attempts(2)
            .build()
            .unwrap()
            .run(async |attempt| {
                if attempt.number() == 2 {
                    std::future::pending::<()>().await;
                }
                Err::<(), _>("deadlock")
            })
            .attempt_timeout(seconds(3))
            .await
            .unwrap_err()
    });
    assert!(failed.is_timeout() && failed.is_attempts_exhausted());
    assert_eq!(failed.last(), Some(&"deadlock"));
    let endings: Vec<_> = failed.history().attempts().iter().map(Record::ending).collect();
    assert_eq!(endings, [Ending::Error, Ending::TimedOut]);
    assert_eq!(failed.history().attempts()[1].took(), seconds(3));
    assert!(
        failed.history().to_string().ends_with("  out of time: retry"),
        "{}",
        failed.history()
    );
    assert_eq!(
        failed.to_string(),
        "no result in time (attempt 2; no attempts left; effect: unknown)"
    );
}

/// A future that always finds something to do is sent off by the runtime, turn by turn; the time is up all the same.
#[test]
fn an_attempt_that_uses_up_each_of_its_turns_is_out_of_time_too() {
    let failed = paused(async {
        let passing = tokio::spawn(tokio::time::advance(seconds(60)));
        let run = policy()
            .run(async |_| {
                for _ in 0..1_000_000 {
                    tokio::task::coop::consume_budget().await;
                }
                Ok::<_, ()>(())
            })
            .not_repeatable()
            .attempt_timeout(seconds(3))
            .await;
        passing.await.unwrap();
        run.unwrap_err()
    });
    assert!(failed.is_timeout());
}

#[test]
fn the_deadline_shrinks_the_last_attempt_and_counts_from_the_first_poll() {
    let (failed, left) = paused(async {
        let left = RefCell::new(Vec::new());
        let policy = policy();
        let run = policy
            .run(|attempt| {
                left.borrow_mut().push(attempt.time_left());
                std::future::pending::<Result<(), &str>>()
            })
            .attempt_timeout(seconds(4))
            .total_timeout(seconds(6))
            .into_future();
        Clock::system().sleep(seconds(60)).await;
        let failed = run.await.unwrap_err();
        (failed, left.into_inner())
    });
    assert!(failed.is_deadline() && failed.is_timeout());
    assert_eq!(left, [Some(seconds(4)), Some(seconds(1))]);
    assert_eq!(failed.history().elapsed(), seconds(6));
}

#[test]
fn a_limit_out_of_its_range_is_refused_before_anything_is_called() {
    let month = seconds(31 * 86_400);
    let day = "1ms to 1day";
    for (attempt, total, lifetime, expected) in [
        (
            Some(Duration::ZERO),
            None,
            None,
            format!("`attempt_timeout` must be {day}, but was 0s"),
        ),
        (
            Some(month),
            None,
            None,
            format!("`attempt_timeout` must be {day}, but was 31days"),
        ),
        (
            None,
            Some(Duration::ZERO),
            None,
            "`total_timeout` must be 1ms to 30days, but was 0s".to_owned(),
        ),
        (
            None,
            Some(month),
            None,
            "`total_timeout` must be 1ms to 30days, but was 31days".to_owned(),
        ),
        (
            None,
            None,
            Some(seconds(0)),
            "`key_lifetime` must be at least 1s, but was 0s".to_owned(),
        ),
    ] {
        let (policy, breaker, mut history) = (policy(), CircuitBreaker::default(), History::default());
        let mut run = policy.run_blocking(|_| -> Result<(), &str> { panic!("it was called") });
        let mut future = policy.run(async |_| -> Result<(), &str> { panic!("it was called") });
        if let Some(limit) = attempt {
            (run, future) = (run.attempt_timeout(limit), future.attempt_timeout(limit));
        }
        if let Some(limit) = total {
            (run, future) = (run.total_timeout(limit), future.total_timeout(limit));
        }
        if let Some(lifetime) = lifetime {
            (run, future) = (run.key_lifetime(lifetime), future.key_lifetime(lifetime));
        }
        let failed = run.circuit_breaker(&breaker).history(&mut history).call().unwrap_err();
        assert_eq!(failed.to_string(), expected);
        assert_eq!(failed.config_error().unwrap().to_string(), expected);
        assert_eq!(
            (failed.stop(), failed.effect()),
            (StopReason::Final, Effect::NotApplied)
        );
        assert!(failed.last().is_none() && history.attempts().is_empty());
        assert_eq!(paused(async { future.await.unwrap_err() }).to_string(), expected);
    }
}

#[test]
fn a_key_of_no_parts_is_refused_before_anything_is_called() {
    let failed = policy()
        .run_blocking(|_| -> Result<(), &str> { panic!("it was called") })
        .key(IdempotencyKey::derive([""]))
        .call()
        .unwrap_err();
    assert_eq!(
        failed.to_string(),
        "`key` must be derived from a part that is not empty, but was derived from none"
    );
    assert_eq!(failed.config_error().unwrap().field(), "key");
}

#[test]
fn without_a_limit_there_is_none() {
    let left = policy()
        .run_blocking(|attempt| Ok::<_, ()>(attempt.time_left()))
        .call()
        .unwrap();
    assert_eq!(left, None);
}

#[test]
fn a_wait_that_a_verdict_asks_for_is_a_floor() {
    let clock = Clock::skipping();
    let value = policy()
        .run_blocking(|attempt| {
            if attempt.number() < 3 {
                Err(attempt.number())
            } else {
                Ok(())
            }
        })
        .classify(|result| match result {
            Ok(()) => Verdict::accept(),
            Err(1) => Verdict::retry_after(seconds(60)),
            Err(_) => Verdict::retry_after(Duration::from_millis(1)),
        })
        .clock(clock.clone())
        .call();
    assert!(value.is_ok());
    let waits = clock.waits();
    assert!((seconds(60)..=seconds(66)).contains(&waits[0]), "{waits:?}");
    assert_eq!(waits[1], seconds(2), "never shorter than the backoff");
}

#[test]
fn a_wait_beyond_the_policy_s_limit_is_handed_to_the_caller() {
    let failed = policy()
        .run_blocking(|_| Err::<(), _>("busy"))
        .classify(|_| Verdict::retry_after(seconds(121)))
        .call()
        .unwrap_err();
    assert!(failed.is_retry_after_too_long());
    assert_eq!(failed.retry_after(), Some(seconds(121)));
    assert!(failed.retry_at().is_some());
}

#[test]
fn a_success_reads_the_clock_twice_and_a_retry_two_times_more() {
    let reads = |failures: u32| {
        let clock = Clock::skipping();
        let value = policy()
            .run_blocking(|attempt| if attempt.number() <= failures { Err(()) } else { Ok(()) })
            .total_timeout(seconds(60))
            .clock(clock.clone())
            .call();
        assert!(value.is_ok());
        clock.reads()
    };
    assert_eq!((reads(0), reads(1), reads(2)), (2, 4, 6));
}

#[test]
fn an_awaited_success_reads_the_clock_twice() {
    let clock = Clock::skipping();
    paused(async {
        let policy = policy();
        let value = policy
            .run(async |_| Ok::<_, ()>(()))
            .attempt_timeout(seconds(5))
            .clock(clock.clone());
        assert!(value.await.is_ok());
    });
    assert_eq!(clock.reads(), 2);
}
