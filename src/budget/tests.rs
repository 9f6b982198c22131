#![expect(
    clippy::float_cmp,
    reason = "balances are whole thousandths, and divide to the nearest float on both sides"
)]

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;
use crate::fixture::scope;

fn success_after(budget: &RetryBudget, failed: Failed) -> bool {
    let Some(withdrawal) = budget.withdraw(scope(0), failed) else {
        return false;
    };
    budget.deposit(scope(0), Earned::AfterRetrying(withdrawal.spend()));
    true
}

#[test]
fn an_outage_drains_the_budget_and_one_retry_per_ten_successes_remains() {
    let budget = RetryBudget::default();
    let retries = std::iter::from_fn(|| budget.withdraw(scope(0), Failed::Error).map(Withdrawal::spend)).count();
    assert_eq!(retries, 5);
    for _ in 0..9 {
        budget.deposit(scope(0), Earned::FirstTry);
        assert!(budget.withdraw(scope(0), Failed::Error).is_none());
    }
    budget.deposit(scope(0), Earned::FirstTry);
    assert!(budget.withdraw(scope(0), Failed::Error).is_some());
}

#[test]
fn a_withdrawal_dropped_unspent_goes_back() {
    let budget = RetryBudget::default();
    let withdrawal = budget.withdraw(scope(0), Failed::Error);
    assert_eq!(budget.balance(scope(0)), 4.0);
    drop(withdrawal);
    assert_eq!(budget.balance(scope(0)), 5.0);
}

#[test]
fn a_throttled_retry_is_cheaper_and_its_success_earns_no_more_than_it_cost() {
    let budget = RetryBudget::default();
    assert!(
        budget
            .withdraw(scope(0), Failed::Throttled)
            .map(Withdrawal::spend)
            .is_some()
    );
    assert_eq!(budget.balance(scope(0)), 4.5);
    for _ in 0..100 {
        assert!(success_after(&budget, Failed::Throttled));
    }
    assert_eq!(budget.balance(scope(0)), 4.5);
}

#[test]
fn each_origin_has_its_own_balance_and_clones_share_it() {
    let budget = RetryBudget::default();
    let clone = budget.clone();
    while budget
        .withdraw(scope(0), Failed::Error)
        .map(Withdrawal::spend)
        .is_some()
    {}
    assert_eq!((clone.balance(scope(0)), clone.balance(scope(1))), (0.0, 5.0));
}

#[test]
fn an_unlimited_budget_never_refuses() {
    let budget = RetryBudget::unlimited();
    for _ in 0..10_000 {
        assert!(success_after(&budget, Failed::TimedOut));
    }
    assert_eq!(budget.balance(scope(0)), f64::INFINITY);
}

#[test]
fn what_an_evicted_origin_had_withdrawn_is_not_given_to_the_next_one() {
    let budget = RetryBudget::builder().max_origins(1).capacity(100.0).build().unwrap();
    let withdrawal = budget.withdraw(scope(0), Failed::Error);
    budget.deposit(scope(1), Earned::FirstTry);
    assert_eq!(budget.balance(scope(1)), 5.1);
    drop(withdrawal);
    assert_eq!(budget.balance(scope(1)), 5.1);
}

#[test]
fn ten_thousand_withdrawals_at_once_take_what_is_there_and_no_more() {
    let budget = RetryBudget::builder().capacity(1000.0).initial(700.0).build().unwrap();
    let spent = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for call in 0..2500 {
                    let withdrawal = budget.withdraw(scope(0), Failed::Error);
                    if call % 2 == 0 && withdrawal.map(Withdrawal::spend).is_some() {
                        spent.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let spent = u32::try_from(spent.into_inner()).unwrap();
    assert_eq!(budget.balance(scope(0)), 700.0 - f64::from(spent));
}

#[test]
fn deposits_and_withdrawals_allocate_nothing() {
    let budget = RetryBudget::default();
    let scope = scope(0);
    budget.deposit(scope, Earned::FirstTry);
    let allocations = allocation_counter::measure(|| {
        let paid = budget.withdraw(scope, Failed::Error).map(Withdrawal::spend);
        budget.deposit(scope, Earned::AfterRetrying(paid.unwrap()));
        budget.deposit(scope, Earned::FirstTry);
        drop(budget.withdraw(scope, Failed::TimedOut));
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn settings_outside_their_range_are_refused_by_name() {
    let builder = RetryBudget::builder;
    let refused = [
        (builder().capacity(0.5), "capacity"),
        (builder().capacity(f64::NAN), "capacity"),
        (builder().initial(10.5), "initial"),
        (builder().earn(-0.1), "earn"),
        (builder().refund(f64::INFINITY), "refund"),
        (builder().cost(Failed::Throttled, 0.0), "cost.throttled"),
        (builder().cost(Failed::TimedOut, 11.0), "cost.timed_out"),
        (builder().max_origins(0), "max_origins"),
    ];
    for (builder, field) in refused {
        assert_eq!(builder.build().unwrap_err().field(), field);
    }
    assert_eq!(builder().capacity(2.0).build().unwrap().balance(scope(0)), 2.0);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Earn,
    Withdraw(Failed),
    Abandon(Failed),
    Succeed(Failed),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let failed = || prop_oneof![Just(Failed::Error), Just(Failed::TimedOut), Just(Failed::Throttled)];
    let step = prop_oneof![
        Just(Step::Earn),
        failed().prop_map(Step::Withdraw),
        failed().prop_map(Step::Abandon),
        failed().prop_map(Step::Succeed),
    ];
    proptest::collection::vec(step, 0..400)
}

proptest! {
    /// The model counts in plain integers what the budget keeps in one atomic word.
    #[test]
    fn the_balance_is_the_models(
        capacity in 1_u32..20, initial in 0_u32..20, earn in 0_u32..1000, timed_out in 1_u32..1000, steps in steps(),
    ) {
        let (capacity, initial) = (capacity * 1000, initial.min(capacity) * 1000);
        let tokens = |milli: u32| f64::from(milli) / 1000.0;
        let budget = RetryBudget::builder()
            .capacity(tokens(capacity)).initial(tokens(initial)).earn(tokens(earn))
            .cost(Failed::TimedOut, tokens(timed_out))
            .build().unwrap();
        let cost = |failed| match failed { Failed::Error => 1000, Failed::TimedOut => timed_out, Failed::Throttled => 500 };
        let mut model = initial;
        for step in steps {
            match step {
                Step::Earn => {
                    budget.deposit(scope(0), Earned::FirstTry);
                    model = (model + earn).min(capacity);
                }
                Step::Withdraw(failed) | Step::Abandon(failed) | Step::Succeed(failed) => {
                    let withdrawal = budget.withdraw(scope(0), failed);
                    prop_assert_eq!(withdrawal.is_some(), model >= cost(failed));
                    let Some(withdrawal) = withdrawal else { continue };
                    match step {
                        Step::Withdraw(_) => {
                            withdrawal.spend();
                            model -= cost(failed);
                        }
                        Step::Succeed(_) => budget.deposit(scope(0), Earned::AfterRetrying(withdrawal.spend())),
                        _ => drop(withdrawal),
                    }
                }
            }
            prop_assert_eq!(budget.balance(scope(0)), tokens(model));
        }
    }
}
