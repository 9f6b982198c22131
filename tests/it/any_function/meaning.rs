#![expect(clippy::float_cmp, reason = "a balance is counted in thousandths, not rounded")]

use std::time::Duration;

use steadfast::breaker::CircuitBreaker;
use steadfast::budget::RetryBudget;
use steadfast::retry::ReplaySafety;
use steadfast::{Clock, Effect, IdempotencyKey, KeySupport, NotReplayable, RetryPolicy, Scope, StopReason, Verdict};

use super::{known, policy, seconds};

#[test]
fn an_error_is_called_again_until_there_is_a_value() {
    let (clock, mut numbers) = (Clock::skipping(), Vec::new());
    let value = policy()
        .run_blocking(|attempt| {
            numbers.push((attempt.number(), attempt.waited()));
            if attempt.number() < 3 { Err("later") } else { Ok("now") }
        })
        .clock(clock.clone())
        .call();
    assert_eq!(value.unwrap(), "now");
    assert_eq!(numbers, [(1, seconds(0)), (2, seconds(1)), (3, seconds(2))]);
    assert_eq!(clock.waits(), [seconds(1), seconds(2)]);
}

#[test]
fn a_value_that_is_not_good_enough_is_asked_for_again() {
    let value = policy()
        .run_blocking(|attempt| Ok::<_, &str>((attempt.number() == 2).then_some("ready")))
        .classify(|result| match result {
            Ok(None) => Verdict::retry(),
            _ => Verdict::accept(),
        })
        .clock(Clock::skipping())
        .call();
    assert_eq!(value.unwrap(), Some("ready"));
}

/// What one attempt with this result and verdict says: to the breaker (attempts, failures) and of the effect.
fn told(result: Result<(), &'static str>, verdict: Verdict) -> (u64, u64, Effect, StopReason) {
    let (clock, breaker) = (Clock::skipping(), CircuitBreaker::default());
    let mut history = steadfast::function::History::default();
    let _either = RetryPolicy::never()
        .run_blocking(|_| result)
        .classify(|_| verdict)
        .circuit_breaker(&breaker)
        .history(&mut history)
        .clock(clock.clone())
        .call();
    let known = known(&breaker, &clock);
    (
        known.attempts,
        known.failures,
        history.effect(),
        history.stop().unwrap(),
    )
}

#[test]
fn the_table_of_the_module_holds() {
    use Effect::{Applied, NotApplied, Unknown};
    use StopReason::{Accepted, AttemptsExhausted, Rejected};
    let (value, error) = (Ok(()), Err("it failed"));
    let soon = Verdict::retry_after(Duration::from_secs(1));
    assert_eq!(told(value, Verdict::accept()), (1, 0, Applied, Accepted));
    assert_eq!(told(error, Verdict::retry()), (1, 1, Unknown, AttemptsExhausted));
    assert_eq!(told(error, soon), (0, 0, Unknown, AttemptsExhausted));
    assert_eq!(
        told(error, Verdict::retry_untouched()),
        (1, 1, NotApplied, AttemptsExhausted)
    );
    assert_eq!(told(error, Verdict::fail()), (1, 0, Unknown, Rejected));
    assert_eq!(told(value, Verdict::fail()), (1, 0, Unknown, Rejected));
    assert_eq!(told(error, Verdict::accept()), (1, 0, Unknown, Accepted));
    assert_eq!(told(error, Verdict::already_done()), (1, 0, Applied, Accepted));
}

#[test]
fn who_asks_for_patience_costs_half_a_token() {
    let pays = |verdict: Verdict| {
        let budget = RetryBudget::builder().initial(0.5).build().unwrap();
        let failed = policy()
            .run_blocking(|_| Err::<(), _>("it failed"))
            .classify(|_| verdict)
            .retry_budget(&budget)
            .clock(Clock::skipping())
            .call()
            .unwrap_err();
        assert!(failed.is_budget_exhausted());
        (failed.history().attempts().len(), budget.balance(Scope::default()))
    };
    assert_eq!(pays(Verdict::retry()), (1, 0.5));
    assert_eq!(pays(Verdict::retry_after(seconds(1))), (2, 0.0));
}

#[test]
fn a_success_fills_the_budget_of_its_scope_alone() {
    let budget = RetryBudget::default();
    let run = || {
        policy()
            .run_blocking(|_| Ok::<_, ()>(()))
            .retry_budget(&budget)
            .scope(Scope::named("db"))
            .call()
    };
    run().unwrap();
    assert_eq!(budget.balance(Scope::named("db")), 5.1);
    assert_eq!(budget.balance(Scope::default()), 5.0);
}

#[test]
fn what_is_not_repeatable_is_called_once() {
    let failed = policy()
        .run_blocking(|_| Err::<(), _>("it may have happened"))
        .not_repeatable()
        .call()
        .unwrap_err();
    assert_eq!(failed.stop(), StopReason::NotReplayable(NotReplayable::NoKey));
    assert_eq!(
        (failed.history().attempts().len(), failed.effect()),
        (1, Effect::Unknown)
    );
    assert!(failed.is_not_replayable());
}

#[test]
fn only_untouched_lifts_what_is_not_repeatable() {
    let value = policy()
        .run_blocking(|attempt| {
            if attempt.number() == 1 {
                Err("pool empty")
            } else {
                Ok(())
            }
        })
        .classify(|result| match result {
            Ok(()) => Verdict::accept(),
            Err(_) => Verdict::retry_untouched(),
        })
        .not_repeatable()
        .clock(Clock::skipping())
        .call();
    assert!(value.is_ok());
}

#[test]
fn a_key_is_the_same_at_every_attempt_and_makes_it_repeatable_while_it_lives() {
    let (key, mut seen) = (IdempotencyKey::random(), Vec::new());
    let failed = policy()
        .run_blocking(|attempt| {
            seen.push(attempt.key().cloned());
            Err::<(), _>("lost")
        })
        .key(key.clone())
        .key_lifetime(seconds(5))
        .clock(Clock::skipping())
        .call()
        .unwrap_err();
    assert!(failed.is_key_expired());
    assert_eq!(failed.key(), Some(&key));
    assert_eq!(seen, [Some(key.clone()), Some(key.clone()), Some(key)]);
}

#[test]
fn a_key_that_is_ignored_makes_nothing_repeatable() {
    let failed = policy()
        .run_blocking(|_| Err::<(), _>("lost"))
        .key(IdempotencyKey::random())
        .safety(ReplaySafety::not_repeatable().with_key(KeySupport::Ignored))
        .call()
        .unwrap_err();
    assert_eq!(failed.stop(), StopReason::NotReplayable(NotReplayable::KeyIgnored));
}

#[test]
fn the_caller_s_word_outweighs_a_key() {
    let failed = policy()
        .run_blocking(|attempt| Err::<(), _>(attempt.key().is_some()))
        .key(IdempotencyKey::random())
        .not_repeatable()
        .call()
        .unwrap_err();
    assert!(failed.is_not_replayable());
    assert_eq!(failed.into_inner(), Some(true));
}

#[test]
fn the_policy_s_own_classifiers_are_not_asked_of_what_is_not_http() {
    let policy = RetryPolicy::builder()
        .classify_fn(|_| Some(Verdict::fail()))
        .build()
        .unwrap();
    let value = policy
        .run_blocking(|attempt| if attempt.number() == 1 { Err(()) } else { Ok(()) })
        .clock(Clock::skipping())
        .call();
    assert!(value.is_ok());
}
