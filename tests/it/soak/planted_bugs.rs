//! The checker sees: twelve bugs, each found by the rule that is against it, and nothing found without one.

use std::collections::BTreeSet;
use std::sync::Arc;

use steadfast::testing::fault_proxy::{Fault, FaultScript};

use super::kit::inside::{Rule, World};
use super::kit::{Guards, Plan, check, run};
use super::naive::{Bug, Naive, Protocol};

/// The rules that a client with this bug breaks.
async fn broken(plan: Plan, protocol: Protocol, bug: Option<Bug>) -> BTreeSet<Rule> {
    let client = |world: &Arc<World>| {
        match (protocol, bug) {
            // Connections that end for all their streams would hide what becomes of one that is refused.
            (Protocol::Http2, _) => {
                let refusals = FaultScript::random(plan.seed).rate(0.2, Fault::refused_stream());
                world.proxy.play(refusals.lost_response(0.02));
            }
            // Five failures in a row are rare in a storm that most operations survive.
            (_, Some(Bug::TooManyAttempts)) => world.proxy.play(FaultScript::random(plan.seed).answer(0.7, 500)),
            _ => {}
        }
        Naive::new(world, protocol, bug)
    };
    let history = run(plan, client, |_| {}).await.unwrap();
    check(&history).iter().map(|violation| violation.rule).collect()
}

#[tokio::test]
async fn nothing_is_found_in_a_client_without_a_bug() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        for guards in [Guards::Relentless, Guards::Everyday] {
            let plan = Plan::new(11, 400).guards(guards);
            assert_eq!(
                broken(plan, protocol, None).await,
                BTreeSet::new(),
                "{protocol:?}, {guards:?}"
            );
        }
    }
}

/// Whatever else it breaks, it must break the rule that is against it.
async fn is_caught(bug: Bug, rule: Rule) {
    let (guards, protocol) = match bug {
        Bug::LeaksPermit => (Guards::Everyday, Protocol::Http1),
        Bug::ReqwestRetries => (Guards::Relentless, Protocol::Http2),
        _ => (Guards::Relentless, Protocol::Http1),
    };
    let found = broken(Plan::new(12, 400).guards(guards), protocol, Some(bug)).await;
    assert!(
        found.contains(&rule),
        "{bug:?} is not caught by {rule:?}, but by {found:?}"
    );
}

#[tokio::test]
async fn a_new_key_per_attempt_is_caught() {
    is_caught(Bug::NewKeyPerAttempt, Rule::OneKey).await;
    is_caught(Bug::NewKeyPerAttempt, Rule::OneEffectPerOperation).await;
}

#[tokio::test]
async fn a_repeat_without_a_key_after_a_timeout_is_caught() {
    is_caught(Bug::RepeatsWithoutKey, Rule::OneEffectPerOperation).await;
}

#[tokio::test]
async fn reqwests_own_retry_is_caught() {
    is_caught(Bug::ReqwestRetries, Rule::EveryRequestIsAdmitted).await;
}

#[tokio::test]
async fn a_lost_response_that_is_called_never_sent_is_caught() {
    is_caught(Bug::CallsLostNeverSent, Rule::NotAppliedHasNone).await;
}

#[tokio::test]
async fn a_body_that_changes_between_attempts_is_caught() {
    is_caught(Bug::ChangesBody, Rule::OneBody).await;
}

#[tokio::test]
async fn a_lost_response_that_is_called_a_success_is_caught() {
    is_caught(Bug::CallsLostDone, Rule::SuccessHasItsEffect).await;
}

#[tokio::test]
async fn a_retry_after_that_is_ignored_is_caught() {
    is_caught(Bug::IgnoresRetryAfter, Rule::RetryAfterIsHeeded).await;
}

#[tokio::test]
async fn more_attempts_than_the_policy_allows_are_caught() {
    is_caught(Bug::TooManyAttempts, Rule::AttemptsAreBounded).await;
}

#[tokio::test]
async fn a_deadline_that_is_overslept_is_caught() {
    is_caught(Bug::OversleepsDeadline, Rule::DeadlineIsKept).await;
}

#[tokio::test]
async fn a_key_that_follows_a_redirect_to_another_origin_is_caught() {
    is_caught(Bug::KeyFollowsRedirect, Rule::SecretsStayIn).await;
}

#[tokio::test]
async fn a_permit_that_is_lost_with_a_dropped_probe_is_caught() {
    is_caught(Bug::LeaksPermit, Rule::BreakerHeals).await;
}

#[tokio::test]
async fn a_secret_in_an_event_is_caught() {
    is_caught(Bug::TellsSecret, Rule::SecretsStayIn).await;
}
