//! A future dropped at any point leaves no permit, no token and no slot behind.
#![expect(clippy::float_cmp, reason = "a balance is counted in thousandths, not rounded")]

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use steadfast::breaker::{CircuitBreaker, Signal, State, Try};
use steadfast::budget::Failed;
use steadfast::tower::ResilienceLayer;
use steadfast::{Backoff, Clock, Delivery, FailureKind, RetryPolicy};
use tower::{Layer, ServiceExt};

use super::mock::{Mock, Reply};
use super::{get, post};
use crate::support_guards::{A, LATER, origin};
use crate::support_time::paused;

/// Polls a future so often, then drops it; true if it was done before.
async fn dropped_after<F: Future>(polls: usize, future: F) -> bool {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(false);
        }
        polled += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if polled == polls => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[test]
fn dropped_after_any_poll_it_leaves_nothing_behind() {
    let mut finished = 0;
    for polls in 0..20 {
        paused(async {
            let (mock, far) = Mock::new(|_, turn| match turn {
                0 => Reply::Slow(503, 2),
                1 => Reply::Fails(FailureKind::ConnectionLost, Delivery::Unknown),
                _ => Reply::Slow(200, 2),
            });
            far.limit(1);
            let service = ResilienceLayer::new().layer(mock);
            finished += usize::from(dropped_after(polls, service.clone().oneshot(post("x"))).await);
            assert_eq!(far.taken(), 0, "after {polls} polls");
            assert_eq!(far.readied(), far.calls() + far.wasted(), "after {polls} polls");
            // The only slot is free for the next one.
            service.oneshot(get()).await.unwrap();
        });
    }
    assert!((1..=15).contains(&finished), "{finished} of 20 were finished");
}

#[test]
fn a_probe_that_is_dropped_gives_its_place_back() {
    for polls in 0..8 {
        paused(async {
            let (mock, _) = Mock::new(|_, turn| match turn {
                0 | 1 => Reply::Status(503),
                _ => Reply::Slow(200, 3),
            });
            let breaker = CircuitBreaker::builder().min_attempts(2).probes(1).build().unwrap();
            let layer = ResilienceLayer::builder()
                .circuit_breaker(breaker.clone())
                .build()
                .unwrap();
            let service = layer.layer(mock);
            service.clone().oneshot(get()).await.unwrap();
            assert_eq!(breaker.state(&origin(A), Clock::system().now()).state, State::Open);

            Clock::system().sleep(LATER).await;
            let done = dropped_after(polls, service.clone().oneshot(get())).await;
            // The only place is free, unless the probe succeeded and there is no more need of one.
            let next = service.oneshot(get()).await;
            assert!(next.is_ok(), "after {polls} polls, done: {done}");
            assert_eq!(breaker.state(&origin(A), Clock::system().now()).state, State::Closed);
        });
    }
}

#[test]
fn a_probe_whose_retry_the_budget_refuses_gives_its_place_back() {
    paused(async {
        let (mock, far) = Mock::new(|_, turn| Reply::Status(if turn == 0 { 503 } else { 200 }));
        let breaker = CircuitBreaker::builder().min_attempts(2).probes(1).build().unwrap();
        let wait = Duration::from_secs(10);
        let policy = RetryPolicy::builder().backoff(Backoff::exponential(wait).max(wait));
        let layer = ResilienceLayer::builder()
            .circuit_breaker(breaker.clone())
            .retry(policy.build().unwrap())
            .build()
            .unwrap();
        let service = layer.layer(mock);
        let waiting = tokio::spawn(service.clone().oneshot(get()));
        Clock::system().sleep(Duration::from_secs(1)).await;
        let now = Clock::system().now();
        for _ in 0..2 {
            if let Ok(permit) = breaker.admit(&origin(A), Try::First, now) {
                permit.settle(Signal::Failure, now, Duration::ZERO, 0.0);
            }
        }
        assert_eq!(breaker.state(&origin(A), now).state, State::Open);
        while let Some(token) = layer.retry_budget().withdraw(&origin(A), Failed::Error) {
            token.spend();
        }

        let given_up = waiting.await.unwrap().unwrap();

        assert_eq!((given_up.status().as_u16(), far.calls()), (503, 1));
        assert_eq!(breaker.state(&origin(A), Clock::system().now()).state, State::HalfOpen);
        service.oneshot(get()).await.unwrap();
        assert_eq!(breaker.state(&origin(A), Clock::system().now()).state, State::Closed);
    });
}

/// Numbers that look random and are the same on every run.
struct Draw(Mutex<u64>);

impl Draw {
    fn below(&self, limit: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % limit
    }
}

#[test]
fn after_a_storm_of_failures_and_dropped_futures_everything_is_given_back() {
    for seed in 1..=3 {
        paused(async {
            let steps = Draw(Mutex::new(seed));
            let (mock, far) = Mock::new(move |request: &http::Request<&'static str>, _| {
                if request.uri().path() == "/well" {
                    return Reply::Status(200);
                }
                match steps.below(8) {
                    0 => Reply::Status(500),
                    1 => Reply::Status(429),
                    2 => Reply::Fails(FailureKind::Connect, Delivery::NeverSent),
                    3 => Reply::Fails(FailureKind::ConnectionLost, Delivery::Unknown),
                    4 => Reply::Hangs,
                    5 => Reply::Slow(503, 3),
                    _ => Reply::Slow(200, 3),
                }
            });
            let breaker = CircuitBreaker::builder()
                .min_attempts(6)
                .open_for(Duration::from_millis(500))
                .max_open_for(Duration::from_secs(1))
                .probes(2)
                .build()
                .unwrap();
            let layer = ResilienceLayer::builder()
                .circuit_breaker(breaker.clone())
                .attempt_timeout(Duration::from_secs(2))
                .total_timeout(Duration::from_secs(30))
                // Or how much of a storm it is would differ from run to run.
                .jitter_seed(seed)
                .build()
                .unwrap();
            let service = layer.layer(mock);
            let caller = Draw(Mutex::new(seed + 100));
            let mut under_way = tokio::task::JoinSet::new();
            for _ in 0..3_000 {
                let handle = under_way.spawn(service.clone().oneshot(post("x")));
                Clock::system().sleep(Duration::from_millis(caller.below(120))).await;
                if caller.below(3) == 0 {
                    handle.abort();
                }
            }
            while under_way.join_next().await.is_some() {}
            assert_eq!(far.taken(), 0, "seed {seed}");
            assert!(far.calls() > 300, "seed {seed}: no storm");

            Clock::system().sleep(LATER).await;
            let well = || {
                let mut request = get();
                *request.uri_mut() = format!("{A}/well").parse().unwrap();
                service.clone().oneshot(request)
            };
            for _ in 0..2 {
                well().await.unwrap();
            }
            assert_eq!(
                breaker.state(&origin(A), Clock::system().now()).state,
                State::Closed,
                "seed {seed}"
            );
            for _ in 0..110 {
                well().await.unwrap();
            }
            assert_eq!(layer.retry_budget().balance(&origin(A)), 10.0, "seed {seed}");
        });
    }
}
