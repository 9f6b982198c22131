//! Closures as people write them: borrowing, mutating, without annotations, spawned, and not `Send` where that is theirs.

use std::cell::Cell;
use std::rc::Rc;

use steadfast::{Clock, RetryPolicy};

use super::{policy, seconds};
use crate::support_time::paused;

struct Database(String);

impl Database {
    async fn fetch(&self, attempt: u32) -> Result<&str, String> {
        tokio::task::yield_now().await;
        if attempt < 2 {
            Err(format!("attempt {attempt} failed"))
        } else {
            Ok(&self.0)
        }
    }
}

#[test]
fn an_attempt_may_borrow_what_is_around() {
    let row = paused(async {
        let (policy, database) = (policy(), Database("row".to_owned()));
        let row = policy.run(|attempt| database.fetch(attempt.number())).await;
        row.unwrap().to_owned()
    });
    assert_eq!(row, "row");
}

#[test]
fn an_async_block_may_take_the_attempt_along() {
    let number = paused(async {
        let policy = policy();
        policy.run(|attempt| async move { Ok::<_, ()>(attempt.number()) }).await
    });
    assert_eq!(number.unwrap(), 1);
}

#[test]
fn a_closure_may_change_what_it_captured() {
    let mut calls = 0;
    let value = paused(async {
        let policy = policy();
        policy
            .run(|_| {
                calls += 1;
                std::future::ready(if calls < 3 { Err(()) } else { Ok(calls) })
            })
            .await
    });
    assert_eq!(value.unwrap(), 3);
}

#[test]
fn it_is_send_when_its_parts_are_and_only_then_must_they_be() {
    let value = paused(async {
        let spawned = tokio::spawn(async {
            let policy = RetryPolicy::default();
            policy
                .run(async |attempt| Ok::<_, ()>(attempt.number()))
                .total_timeout(seconds(5))
                .await
        });
        let shared = Rc::new(Cell::new(0));
        let policy = policy();
        let own = policy.run(async |_| {
            shared.set(shared.get() + 1);
            Ok::<_, ()>(Rc::clone(&shared))
        });
        (spawned.await.unwrap().unwrap(), own.await.unwrap().get())
    });
    assert_eq!(value, (1, 1));
}

#[test]
fn a_skipping_clock_lets_other_tasks_run_between_attempts() {
    let clock = Clock::skipping();
    let turns = paused(async {
        let turns = Rc::new(Cell::new(0));
        let others = Rc::clone(&turns);
        let local = tokio::task::LocalSet::new();
        local.spawn_local(async move {
            loop {
                others.set(others.get() + 1);
                tokio::task::yield_now().await;
            }
        });
        let policy = policy();
        let _failed = local
            .run_until(async { policy.run(async |_| Err::<(), _>(())).clock(clock.clone()).await })
            .await;
        turns.get()
    });
    assert!(turns >= 4, "{turns}");
}
