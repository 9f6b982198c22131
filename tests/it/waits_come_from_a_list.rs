//! A list of waits is kept as it was given, its last wait repeats, and jitter and cap still apply.

use std::cell::Cell;
use std::iter;
use std::time::Duration;

use proptest::prelude::*;
use steadfast::testing::PaymentApi;
use steadfast::testing::payment_api::Turn;
use steadfast::{Backoff, Jitter, RetryPolicy};

use crate::support::{impatient, limit};

fn millis(list: &[u64]) -> Vec<Duration> {
    list.iter().copied().map(Duration::from_millis).collect()
}

#[tokio::test]
async fn an_operation_waits_as_the_list_says_and_then_its_last_wait_again() {
    let api = PaymentApi::builder().turns(|_| Turn::shed()).start().await.unwrap();
    let steps = millis(&[1_000, 5_000, 2_000]);
    let policy = RetryPolicy::builder()
        .max_attempts(6)
        .backoff(Backoff::steps(steps).jitter(Jitter::None));
    let (builder, clock) = impatient();
    let client = builder.retry(policy.build().unwrap()).build().unwrap();

    // The same policy twice: no operation uses up another one's list.
    for operation in 0..2 {
        let request = client.post(api.endpoint("/v1/charges")).body("amount=100");
        let request = request.retry_with(|policy| policy.max_attempts(if operation == 0 { 4 } else { 3 }));
        let error = limit(request.send()).await.unwrap_err();
        let waits: Vec<_> = error
            .receipt()
            .unwrap()
            .attempts()
            .iter()
            .filter_map(steadfast::Attempt::wait)
            .collect();
        assert_eq!(waits, millis(&[1_000, 5_000, 2_000])[..waits.len()]);
        assert_eq!(waits.len(), 3 - operation);
    }
    assert_eq!(api.arrivals(), 7);
    // Reading an answer's body is part of the wait after it.
    for (slept, planned) in clock.waits().iter().zip(millis(&[1_000, 5_000, 2_000, 1_000, 5_000])) {
        assert!(
            *slept <= planned && *slept + Duration::from_millis(250) >= planned,
            "{slept:?} of {planned:?}"
        );
    }
    assert_eq!(clock.waits().len(), 5);
}

#[test]
fn an_endless_iterator_is_asked_for_as_many_waits_as_any_policy_can_use() {
    let asked = Cell::new(0_u64);
    let counting = iter::from_fn(|| {
        asked.set(asked.get() + 1);
        Some(Duration::from_millis(asked.get()))
    });
    let backoff = Backoff::steps(counting).jitter(Jitter::None);
    assert_eq!(asked.get(), 99);
    assert_eq!(backoff.wait(99, None, 0.0), Duration::from_millis(99));
    for retry in [100, u32::MAX] {
        assert_eq!(backoff.wait(retry, None, 0.0), Duration::from_millis(99));
    }
    assert_eq!(asked.get(), 99);
}

#[test]
fn a_list_without_waits_and_one_that_spins_are_refused() {
    let refused = |waits: &[u64]| {
        let policy = RetryPolicy::builder().backoff(Backoff::steps(millis(waits)));
        policy.build().unwrap_err().to_string()
    };
    assert_eq!(refused(&[]), "`backoff.steps` must be at least one wait, but was none");
    assert_eq!(
        refused(&[5, 0]),
        "`backoff.steps` must be waits of 1ms or more, but was 0s"
    );
    // The unchecked one must not panic, either.
    assert_eq!(
        Backoff::steps([]).jitter(Jitter::None).wait(1, None, 0.0),
        Backoff::LONGEST
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_wait_is_its_steps_wait_capped_and_then_jittered(
        list in prop::collection::vec(1_u64..100_000, 1..120), cap in 1_u64..100_000, retry in 1_u32..200, random in 0.0..1.0_f64,
    ) {
        let cap = Duration::from_millis(cap);
        let kept = &list[..list.len().min(99)];
        let step = kept.get(retry as usize - 1).or(kept.last()).unwrap();
        let planned = Duration::from_millis(*step).min(cap);
        let backoff = Backoff::steps(millis(&list)).max(cap);
        prop_assert_eq!(backoff.clone().jitter(Jitter::None).wait(retry, None, random), planned);
        let jittered = backoff.jitter(Jitter::Additive(0.5)).wait(retry, None, random);
        prop_assert!(planned <= jittered && jittered <= planned + planned / 2);
    }
}
