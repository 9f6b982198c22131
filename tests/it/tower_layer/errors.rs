//! What an error of the service underneath says of an attempt; an unknown one leaves doubt.

use std::io;
use std::time::Duration;

use http::Request;
use steadfast::tower::ResilienceLayer;
use steadfast::{Delivery, Failure, FailureKind};
use tower::{BoxError, Layer, ServiceExt};

use super::post;
use crate::support_time::paused;

#[derive(Debug, thiserror::Error)]
#[error("my own trouble")]
struct Wrapped(#[source] BoxError);

async fn failure_of(make: impl Fn() -> BoxError + Clone + Send + 'static) -> Failure {
    let inner = tower::service_fn(move |_: Request<&'static str>| {
        let error = make();
        async move { Err::<http::Response<()>, _>(error) }
    });
    let policy = steadfast::RetryPolicy::builder().max_attempts(1).build().unwrap();
    let layer = ResilienceLayer::builder().retry(policy).build().unwrap();
    let error = layer.layer(inner).oneshot(post("x")).await.unwrap_err();
    let failure = error.failure().unwrap();
    assert!(std::error::Error::source(failure).is_some());
    Failure::new(failure.kind(), failure.delivery())
}

#[test]
fn known_types_are_placed_and_unknown_ones_leave_doubt() {
    type Make = fn() -> BoxError;
    let rows: [(Make, FailureKind, Delivery); 8] = [
        (|| "unheard of".into(), FailureKind::Other, Delivery::Unknown),
        (
            || tower::timeout::error::Elapsed::new().into(),
            FailureKind::HeadTimeout,
            Delivery::Unknown,
        ),
        (
            || tower::load_shed::error::Overloaded::new().into(),
            FailureKind::Nack,
            Delivery::NeverSent,
        ),
        (
            || io::Error::from(io::ErrorKind::ConnectionReset).into(),
            FailureKind::ConnectionLost,
            Delivery::Unknown,
        ),
        // Of which connection, nobody knows.
        (
            || io::Error::from(io::ErrorKind::ConnectionRefused).into(),
            FailureKind::ConnectionLost,
            Delivery::Unknown,
        ),
        (
            || io::Error::from(io::ErrorKind::TimedOut).into(),
            FailureKind::HeadTimeout,
            Delivery::Unknown,
        ),
        (
            || Failure::new(FailureKind::Dns, Delivery::NeverSent).into(),
            FailureKind::Dns,
            Delivery::NeverSent,
        ),
        (
            || {
                Box::new(Wrapped(
                    Wrapped(tower::load_shed::error::Overloaded::new().into()).into(),
                ))
            },
            FailureKind::Nack,
            Delivery::NeverSent,
        ),
    ];
    for (make, kind, delivery) in rows {
        let failure = paused(failure_of(make));
        assert_eq!((failure.kind(), failure.delivery()), (kind, delivery), "{}", make());
    }
}

/// One that failed to connect at last may have sent something before.
#[test]
fn an_operation_underneath_is_placed_by_its_effect_not_by_its_last_failure() {
    for (steps, kind, delivery) in [
        (["lost", "refused"], FailureKind::Connect, Delivery::Unknown),
        (["refused", "refused"], FailureKind::Connect, Delivery::NeverSent),
    ] {
        use steadfast::testing::{Script, Step};
        let policy = steadfast::RetryPolicy::builder().max_attempts(2).build().unwrap();
        let failure = paused(async {
            let steps = steps.map(|step| {
                if step == "lost" {
                    Step::lost_response()
                } else {
                    Step::refused()
                }
            });
            let client = steadfast::Client::builder()
                .script(&Script::new(steps))
                .retry(policy)
                .build()
                .unwrap();
            let error = client.post("https://a.example/").send().await.unwrap_err();
            let slot = std::sync::Arc::new(std::sync::Mutex::new(Some(error)));
            failure_of(move || slot.lock().unwrap().take().unwrap().into()).await
        });
        assert_eq!((failure.kind(), failure.delivery()), (kind, delivery), "{steps:?}");
    }
}

#[test]
fn a_closure_places_errors_and_they_stay_the_source() {
    #[derive(Debug, thiserror::Error)]
    #[error("no route")]
    struct NoRoute;
    paused(async {
        let inner = tower::service_fn(|_: Request<&'static str>| async { Err::<http::Response<()>, _>(NoRoute) });
        let layer = ResilienceLayer::builder()
            .place_errors(|_: &NoRoute| Failure::new(FailureKind::Connect, Delivery::NeverSent))
            .key_methods([])
            .build()
            .unwrap();
        let error = layer.layer(inner).oneshot(post("x")).await.unwrap_err();
        assert!(error.is_connect());
        assert_eq!(error.receipt().unwrap().attempts().len(), 5, "nothing was sent");
        let source = std::error::Error::source(error.failure().unwrap()).unwrap();
        assert!(source.is::<NoRoute>());
    });
}

/// tower's own time limit, in place around the service, is told as one.
#[test]
fn a_time_limit_inside_ends_an_attempt() {
    paused(async {
        let inner = tower::service_fn(|_: Request<&'static str>| {
            std::future::pending::<Result<http::Response<()>, std::convert::Infallible>>()
        });
        let service = tower::ServiceBuilder::new()
            .layer(ResilienceLayer::new())
            .timeout(Duration::from_secs(1))
            .service(inner);
        let error = service.oneshot(post("x")).await.unwrap_err();
        assert!(error.is_timeout() && error.is_attempts_exhausted(), "{error}");
    });
}
