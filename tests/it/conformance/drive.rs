use std::time::Duration;

use steadfast::drive::Operation;
use steadfast::retry::Decision;
use steadfast::{Clock, Scope, StopReason};

use super::function::{ended, outcome};
use super::{Answer, Row, Seen, Server, Subject, check};

/// The state machine alone, whose time is a variable.
struct ByHand;

impl Subject for ByHand {
    fn play(&self, row: &Row, server: &Server) -> Seen {
        let scope = Scope::named("orders");
        let started = Clock::system().now();
        let mut now = started;
        let mut operation = Operation::new(&row.policy(), row.safety(), scope, now)
            .with_circuit_breaker(row.breaker(scope, now))
            .with_retry_budget(row.budget());
        if let Some(limit) = row.total_timeout {
            operation = operation.with_deadline(now + limit);
        }
        let (mut endings, mut waits) = (Vec::new(), Vec::new());
        let stop = loop {
            let leave = match operation.begin(now) {
                Ok(leave) => leave,
                Err(stop) => break stop,
            };
            let limit = leave.time_left().unwrap_or(Duration::MAX).min(row.attempt_timeout);
            let answer = server.arrive(row.key());
            if answer == Answer::Hang {
                now += limit;
            }
            let reply = answer.now();
            endings.push(ended(&reply));
            match leave.ended(&outcome(&reply), now, 0.0) {
                Decision::RetryAfter(wait) => {
                    waits.push(wait);
                    now += wait;
                }
                Decision::Stop(stop) => break stop,
            }
        };
        assert_eq!(operation.begin(now).unwrap_err(), stop, "it stays over");
        assert_eq!(operation.stop(), Some(stop));
        Seen {
            endings,
            waits,
            stop,
            effect: operation.effect(),
            duplicates: operation.possible_duplicates(),
            retry_after: operation.retry_after(),
            elapsed: now - started,
        }
    }
}

#[test]
fn the_state_machine_alone_does_as_the_table_says() {
    check(&ByHand);
}

#[test]
fn a_leave_that_is_dropped_leaves_doubt_and_no_permit_taken() {
    let row = super::table::rows().swap_remove(0);
    let (scope, now) = (Scope::named("orders"), Clock::system().now());
    let safety = steadfast::retry::ReplaySafety::not_repeatable();
    let mut operation = Operation::new(&row.policy(), safety, scope, now).with_retry_budget(row.budget());
    drop(operation.begin(now).unwrap());
    assert_eq!(operation.effect(), steadfast::Effect::Unknown);
    let stop = operation.begin(now).unwrap_err();
    assert!(matches!(stop, StopReason::NotReplayable(_)), "{stop:?}");

    let mut operation = Operation::new(&row.policy(), row.safety(), scope, now);
    drop(operation.begin(now).unwrap());
    assert_eq!(operation.begin(now).unwrap().number(), 2, "the key makes it safe");
}
