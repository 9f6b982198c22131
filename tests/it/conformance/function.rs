use std::sync::Mutex;

use steadfast::breaker::CircuitBreaker;
use steadfast::budget::RetryBudget;
use steadfast::function::{Ending, History, Run};
use steadfast::{Clock, Failure, FailureKind, IdempotencyKey, Outcome, Scope};

use super::{Answer, Ended, Row, Seen, Server, Subject, check};
use crate::support_guards::skip;
use crate::support_time::paused;

/// `RetryPolicy::run` around a client that is awaited.
struct Awaited;

/// `RetryPolicy::run_blocking` around one that blocks.
struct Called;

type Reply = Result<http::Response<()>, Failure>;

impl Subject for Awaited {
    fn play(&self, row: &Row, server: &Server) -> Seen {
        paused(async {
            let policy = row.policy();
            let guards = Guards::new(row, &Clock::system());
            let (mut history, replies) = (History::default(), Mutex::new(Vec::new()));
            let run = policy.run(|attempt| {
                let answer = server.arrive(attempt.key().map(IdempotencyKey::as_str));
                let replies = &replies;
                async move {
                    let reply = answer.arrive().await;
                    replies.lock().unwrap().push(ended(&reply));
                    reply
                }
            });
            let run = set(run, row, &guards).as_http(outcome).history(&mut history);
            let accepted = run.await.is_ok();
            seen(&history, replies.into_inner().unwrap(), accepted)
        })
    }
}

impl Subject for Called {
    fn play(&self, row: &Row, server: &Server) -> Seen {
        let (policy, clock) = (row.policy(), Clock::skipping());
        let guards = Guards::new(row, &clock);
        let (mut history, mut replies) = (History::default(), Vec::new());
        let run = policy.run_blocking(|attempt| {
            let answer = server.arrive(attempt.key().map(IdempotencyKey::as_str));
            if answer == Answer::Hang {
                skip(&clock, attempt.time_left().unwrap());
            }
            let reply = answer.now();
            replies.push(ended(&reply));
            reply
        });
        let run = set(run, row, &guards).as_http(outcome).history(&mut history);
        let accepted = run.clock(clock.clone()).call().is_ok();
        seen(&history, replies, accepted)
    }
}

struct Guards {
    breaker: CircuitBreaker,
    budget: RetryBudget,
    scope: Scope,
}

impl Guards {
    fn new(row: &Row, clock: &Clock) -> Self {
        let scope = Scope::named("orders");
        Self {
            breaker: row.breaker(scope, clock.now()),
            budget: row.budget(),
            scope,
        }
    }
}

fn set<'a, W, J, N>(run: Run<'a, W, J, N>, row: &Row, guards: &'a Guards) -> Run<'a, W, J, N> {
    let run = run
        .safety(row.safety())
        .attempt_timeout(row.attempt_timeout)
        .circuit_breaker(&guards.breaker)
        .retry_budget(&guards.budget)
        .scope(guards.scope);
    let run = match row.total_timeout {
        Some(limit) => run.total_timeout(limit),
        None => run,
    };
    match row.key() {
        Some(key) => run.key(IdempotencyKey::new(key).unwrap()),
        None => run,
    }
}

pub(super) fn outcome(reply: &Reply) -> Outcome<'_> {
    match reply {
        Ok(response) if response.headers().contains_key("idempotent-replayed") => {
            Outcome::response(response.status(), response.headers()).as_replayed()
        }
        Ok(response) => Outcome::response(response.status(), response.headers()),
        Err(failure) => Outcome::failure(failure),
    }
}

pub(super) fn ended(reply: &Reply) -> Ended {
    match reply {
        Ok(response) => Ended::Status(response.status().as_u16()),
        Err(failure) => Ended::Failed(failure.kind()),
    }
}

fn seen(history: &History, replies: Vec<Ended>, accepted: bool) -> Seen {
    let mut replies = replies.into_iter();
    let endings = history.attempts().iter().map(|record| match record.ending() {
        Ending::TimedOut => Ended::Failed(FailureKind::HeadTimeout),
        _ => replies.next().unwrap(),
    });
    let stop = history.stop().unwrap();
    assert_eq!(accepted, stop == steadfast::StopReason::Accepted);
    Seen {
        endings: endings.collect(),
        waits: history
            .attempts()
            .iter()
            .filter_map(steadfast::function::Record::wait)
            .collect(),
        stop,
        effect: history.effect(),
        duplicates: history.possible_duplicates(),
        retry_after: history.retry_after(),
        elapsed: history.elapsed(),
    }
}

#[test]
fn a_function_that_is_awaited_does_as_the_table_says() {
    check(&Awaited);
}

#[test]
fn a_function_that_blocks_does_as_the_table_says() {
    check(&Called);
}
