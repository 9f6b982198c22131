//! No service is called that was not readied, and none is readied in vain.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use steadfast::breaker::CircuitBreaker;
use steadfast::tower::ResilienceLayer;
use steadfast::{Clock, Delivery, FailureKind, ResponseExt, RetryPolicy, StopReason};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::{Layer, Service, ServiceExt};

use super::mock::{Mock, Reply};
use super::{get, post};
use crate::support_guards::{A, trip};
use crate::support_time::paused;

#[test]
fn every_attempt_readies_the_service_that_it_calls() {
    paused(async {
        let (mock, far) = Mock::statuses(&[503, 503, 200]);
        let mut service = ResilienceLayer::new().layer(mock);
        for operation in 1..=2 {
            let response = service.ready().await.unwrap().call(post("x")).await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(far.calls(), 2 + operation);
            assert_eq!(far.readied(), far.calls(), "once for each call");
        }
        drop(service);
        assert_eq!((far.taken(), far.wasted()), (0, 0));
    });
}

/// The caller readies one instance: that one is called, and its clone is left behind.
#[test]
fn the_instance_that_was_readied_makes_the_first_attempt() {
    paused(async {
        let (mock, far) = Mock::statuses(&[]);
        far.limit(1);
        let mut service = ResilienceLayer::new().layer(mock);
        service.ready().await.unwrap();
        assert_eq!((far.readied(), far.taken()), (1, 1));
        // With a single slot, another instance could never be readied beside it.
        service.call(get()).await.unwrap();
        assert_eq!((far.readied(), far.taken()), (1, 0));
    });
}

#[test]
fn a_slot_is_free_during_a_wait_and_taken_again_after_it() {
    paused(async {
        let (mock, far) = Mock::statuses(&[503, 200, 200]);
        far.limit(1);
        let layer = ResilienceLayer::new();
        let first = tokio::spawn(layer.layer(mock.clone()).oneshot(post("first")));
        Clock::system().sleep(Duration::from_millis(500)).await;
        assert_eq!((far.calls(), far.taken()), (1, 0));
        // Meanwhile another operation goes through the only slot.
        layer.layer(mock).oneshot(post("second")).await.unwrap();
        assert_eq!(first.await.unwrap().unwrap().status(), 200);
        assert_eq!((far.calls(), far.taken(), far.wasted()), (3, 0, 0));
    });
}

#[test]
fn a_service_that_never_gets_ready_costs_an_attempt_its_time_and_sends_nothing() {
    paused(async {
        let (mock, far) = Mock::statuses(&[503]);
        let layer = ResilienceLayer::builder()
            .attempt_timeout(Duration::from_secs(3))
            .build()
            .unwrap();
        let operation = tokio::spawn(layer.layer(mock.clone()).oneshot(post("x")));
        Clock::system().sleep(Duration::from_millis(500)).await;
        // During its wait somebody else takes all slots, for ever.
        far.limit(0);
        let error = operation.await.unwrap().unwrap_err();
        let receipt = error.receipt().unwrap();
        assert_eq!(receipt.stop(), StopReason::AttemptsExhausted);
        let failed = receipt.attempts()[1].ending();
        assert!(
            matches!(
                failed,
                steadfast::Ending::Failure {
                    kind: FailureKind::HeadTimeout,
                    delivery: Delivery::NeverSent,
                    ..
                }
            ),
            "{failed:?}"
        );
        assert_eq!(receipt.attempts()[1].took().as_secs(), 3);
        assert_eq!((far.calls(), far.taken()), (1, 0));
    });
}

#[test]
fn an_operation_that_waits_stands_in_no_queue_for_a_slot() {
    paused(async {
        let start = Clock::system().now();
        let until = move |seconds: u64| {
            let passed = Clock::system().now() - start;
            async move {
                Clock::system()
                    .sleep(Duration::from_secs(seconds).saturating_sub(passed))
                    .await;
            }
        };
        let turns = Arc::new(AtomicU32::new(0));
        let inner = tower::service_fn(move |_: Request<&'static str>| {
            let turn = turns.fetch_add(1, Ordering::Relaxed);
            async move {
                if turn == 1 {
                    until(5).await;
                }
                let status = if turn == 0 { 503 } else { 200 };
                Ok::<_, Infallible>(Response::builder().status(status).body(()).unwrap())
            }
        });
        let limited = tower::limit::ConcurrencyLimit::new(inner, 1);
        let layer = ResilienceLayer::builder()
            .attempt_timeout(Duration::from_secs(3))
            .build()
            .unwrap();
        // It fails at once, waits 1 s, queues until its second attempt is over at 4 s, and waits 2 s.
        let operation = tokio::spawn(layer.layer(limited.clone()).oneshot(post("x")));
        Clock::system().sleep(Duration::from_millis(500)).await;
        let hog = tokio::spawn(limited.clone().oneshot(post("hog")));
        hog.await.unwrap().unwrap();
        let free = Clock::system().now();
        limited.oneshot(post("next")).await.unwrap();
        assert_eq!(Clock::system().now(), free, "nobody who waits stands before it");
        assert_eq!(operation.await.unwrap().unwrap().receipt().unwrap().attempts().len(), 3);
    });
}

#[test]
fn what_an_open_breaker_refuses_gives_its_slot_back() {
    paused(async {
        let (mock, far) = Mock::statuses(&[]);
        far.limit(1);
        let breaker = CircuitBreaker::builder().min_attempts(2).build().unwrap();
        trip(&breaker, A, &Clock::system());
        let layer = ResilienceLayer::builder().circuit_breaker(breaker).build().unwrap();
        let mut service = layer.layer(mock);
        for _ in 0..3 {
            let error = service.ready().await.unwrap().call(get()).await.unwrap_err();
            assert!(error.is_circuit_open());
            assert_eq!((far.calls(), far.taken()), (0, 0));
        }
    });
}

#[test]
fn a_future_that_is_never_polled_gives_its_slot_back() {
    paused(async {
        let (mock, far) = Mock::statuses(&[]);
        let mut service = ResilienceLayer::new().layer(mock);
        let future = service.ready().await.unwrap().call(get());
        assert_eq!((far.calls(), far.taken()), (0, 1));
        drop(future);
        assert_eq!((far.calls(), far.taken()), (0, 0));
    });
}

#[test]
fn a_service_that_cannot_be_readied_is_passed_on_and_counts_for_nothing() {
    paused(async {
        let (mock, far) = Mock::<&str>::statuses(&[]);
        far.dies_at(1);
        let layer = ResilienceLayer::builder()
            .circuit_breaker(CircuitBreaker::builder().min_attempts(1).build().unwrap())
            .build()
            .unwrap();
        let error = layer.layer(mock).ready().await.map(drop).unwrap_err();
        assert_eq!(error.failure().unwrap().kind(), FailureKind::Unready);
        assert!(error.receipt().is_none());
        let cause = std::error::Error::source(error.failure().unwrap()).unwrap();
        assert!(cause.downcast_ref::<steadfast::Failure>().is_some(), "{cause:?}");
        let seen = layer
            .circuit_breaker()
            .unwrap()
            .state(&A.parse::<steadfast::Origin>().unwrap(), Clock::system().now());
        assert_eq!(seen.failures, 0);
    });
}

#[test]
fn a_service_that_dies_between_attempts_ends_the_operation_and_counts_for_nothing() {
    paused(async {
        let (mock, far) = Mock::new(|_, _| Reply::Fails(FailureKind::Connect, Delivery::NeverSent));
        far.dies_at(2);
        let layer = ResilienceLayer::new();
        let error = layer.layer(mock).oneshot(get()).await.map(drop).unwrap_err();
        let receipt = error.receipt().unwrap();
        assert_eq!((receipt.attempts().len(), receipt.stop()), (2, StopReason::Final));
        assert_eq!(error.failure().unwrap().kind(), FailureKind::Unready);
        let origin = A.parse::<steadfast::Origin>().unwrap();
        let seen = layer.circuit_breaker().unwrap().state(&origin, Clock::system().now());
        assert_eq!((seen.failures, far.calls(), far.taken()), (1, 1, 0));
    });
}

/// As one whose readiness fails: nothing was sent, so whoever holds the slots says nothing about the server.
#[test]
fn a_service_that_is_not_ready_in_time_counts_for_nothing() {
    paused(async {
        let (mock, far) = Mock::statuses(&[503]);
        let layer = ResilienceLayer::builder()
            .attempt_timeout(Duration::from_secs(3))
            .build()
            .unwrap();
        let operation = tokio::spawn(layer.layer(mock).oneshot(post("x")));
        Clock::system().sleep(Duration::from_millis(500)).await;
        // During its wait somebody else takes all slots, for ever.
        far.limit(0);
        let error = operation.await.unwrap().unwrap_err();
        assert!(error.is_timeout() && error.is_attempts_exhausted(), "{error}");
        assert_eq!((error.receipt().unwrap().attempts().len(), far.calls()), (5, 1));
        let origin = A.parse::<steadfast::Origin>().unwrap();
        let seen = layer.circuit_breaker().unwrap().state(&origin, Clock::system().now());
        assert_eq!(seen.failures, 1, "the 503");
    });
}

/// A body may hold what the service needs to be ready again.
#[test]
fn the_answer_that_is_not_the_last_is_dropped_before_the_service_is_readied() {
    paused(async {
        let inner = Hoarder {
            permits: Arc::new(Semaphore::new(1)),
            turns: Arc::default(),
            ready: None,
        };
        let layer = ResilienceLayer::builder()
            .attempt_timeout(Duration::from_secs(3))
            .build()
            .unwrap();
        let response = layer.layer(inner).oneshot(get()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.receipt().unwrap().attempts().len(), 2);
    });
}

/// Its permits are in the bodies of its answers.
struct Hoarder {
    permits: Arc<Semaphore>,
    turns: Arc<AtomicU32>,
    ready: Option<OwnedSemaphorePermit>,
}

impl Clone for Hoarder {
    fn clone(&self) -> Self {
        Self {
            permits: Arc::clone(&self.permits),
            turns: Arc::clone(&self.turns),
            ready: None,
        }
    }
}

impl Service<Request<&'static str>> for Hoarder {
    type Response = Response<OwnedSemaphorePermit>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.ready.is_none() {
            self.ready = Arc::clone(&self.permits).try_acquire_owned().ok();
        }
        // Woken by the attempt's limit alone: whoever holds the permit never lets go.
        if self.ready.is_some() {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn call(&mut self, _: Request<&'static str>) -> Self::Future {
        let first = self.turns.fetch_add(1, Ordering::Relaxed) == 0;
        let mut response = Response::new(self.ready.take().expect("called without having been readied"));
        if first {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        ready(Ok(response))
    }
}

/// A service that always finds something to do is sent off by the runtime, turn by turn; its time is up all the same.
#[test]
fn a_service_that_uses_up_each_of_its_turns_is_out_of_time_too() {
    paused(async {
        let passing = tokio::spawn(tokio::time::advance(Duration::from_secs(60)));
        let busy = tower::service_fn(|_: Request<&'static str>| async {
            for _ in 0..1_000_000 {
                tokio::task::coop::consume_budget().await;
            }
            Ok::<_, Infallible>(Response::new(()))
        });
        let once = RetryPolicy::builder().max_attempts(1).build().unwrap();
        let layer = ResilienceLayer::builder()
            .retry(once)
            .attempt_timeout(Duration::from_secs(3));
        let error = layer.build().unwrap().layer(busy).oneshot(post("x")).await.unwrap_err();
        passing.await.unwrap();
        assert!(error.is_timeout());
        assert_eq!(error.receipt().unwrap().attempts()[0].took().as_secs(), 60);
    });
}
