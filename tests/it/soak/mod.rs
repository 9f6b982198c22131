//! The soak in bounded time, and the proof that its checker sees.
//!
//! Every seed here has had its faults met with 0 violations; a violation is a bug, not bad luck.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod command_line;
#[path = "../../../examples/soak/flags.rs"]
mod flags;
#[path = "../../../examples/soak/kit/mod.rs"]
mod kit;
mod naive;
mod planted_bugs;

use std::sync::Arc;

use kit::{Guards, Plan, Server, Steadfast, Summary, check, run};

/// Runs a plan with the crate itself, and prints everything when something was violated.
async fn soak(plan: Plan) {
    let history = run(plan, |world| Steadfast(Arc::clone(world)), |_| {}).await.unwrap();
    let violations = check(&history);
    let summary = Summary {
        history: &history,
        violations: &violations,
    };
    let shown: Vec<_> = violations.iter().take(10).map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{summary}\n{}", shown.join("\n"));
    // A soak in which nothing happens proves nothing.
    let figures = summary.figures();
    assert!(figures.lost > plan.operations / 200, "{summary}");
    assert!(figures.successes > plan.operations / 10, "{summary}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eleven_thousand_operations_take_effect_once_when_every_fault_is_retried() {
    for seed in [1, 2] {
        soak(Plan::new(seed, 5_500)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_operations_take_effect_once_under_the_default_budget_and_breaker() {
    soak(Plan::new(3, 5_000).guards(Guards::Everyday)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_thousand_operations_are_executed_at_most_once_by_a_server_that_ignores_keys() {
    soak(Plan::new(4, 4_000).server(Server::IgnoresKeys)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_operations_that_may_be_repeated_count_every_duplicate_of_the_server() {
    soak(Plan::new(5, 2_000).server(Server::RepeatsAtWill)).await;
}
