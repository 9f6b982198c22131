//! What an error of the service underneath says of an attempt; an unknown one leaves doubt.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use steadfast::testing::{Script, Step};
use steadfast::tower::{ByType, PlaceError, ResilienceLayer};
use steadfast::{Delivery, Effect, Failure, FailureKind};
use tower::{BoxError, Layer, ServiceExt};

use super::post;
use crate::support::{RawServer, limit};
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

/// The beginning of a body, and then what its rest fails of.
struct Relayed(Option<&'static str>, Option<BoxError>);

impl http_body::Body for Relayed {
    type Data = bytes::Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, BoxError>>> {
        Poll::Ready(match self.0.take() {
            Some(first) => Some(Ok(http_body::Frame::data(first.into()))),
            None => self.1.take().map(Err),
        })
    }
}

/// Whatever a body is read from: what that one did says nothing of the server that has the request's beginning.
#[tokio::test]
async fn a_body_that_fails_of_another_server_says_nothing_of_this_one() {
    let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Relayed>();
    let refused = steadfast::Client::builder()
        .script(&Script::from_fn(|_| Step::refused()))
        .build()
        .unwrap();
    let of_ours = refused.put("https://a.example/").send_once().send().await.unwrap_err();
    assert_eq!(of_ours.effect(), Effect::NotApplied);
    let nowhere = Request::post("http://127.0.0.1:1/").body(Relayed(None, None)).unwrap();
    let of_hyper = limit(client.request(nowhere)).await.unwrap_err();
    assert!(of_hyper.is_connect());
    let own = Failure::new(FailureKind::Connect, Delivery::NeverSent);

    for cause in [of_ours.into(), of_hyper.into(), own.into(), "no such file".into()] {
        let server = RawServer::start([crate::support::Step::ReadThenStop(1)]).await;
        let body = Relayed(Some("half"), Some(cause));
        let request = Request::post(server.url("/")).body(body).unwrap();
        let failure = ByType::default().place(limit(client.request(request)).await.unwrap_err());
        assert_eq!(
            (failure.kind(), failure.delivery()),
            (FailureKind::Request, Delivery::Unknown),
            "{failure:?}"
        );
    }
}
