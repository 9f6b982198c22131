//! An error of reqwest's that the service underneath hands up says nothing of the URL, whose query may hold a secret.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use steadfast::tower::{ResilienceBuilder, ResilienceLayer};
use steadfast::{Delivery, Error, Failure, FailureKind, RetryPolicy};
use tower::{BoxError, Layer, Service, ServiceExt};

use super::post;
use crate::support::limit;

const SECRET: &str = "S3NT1NEL";

/// What plain reqwest says of a server that is not there.
async fn unreachable() -> reqwest::Error {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{address}/charges?api_key={SECRET}");
    let error = http.get(url).send().await.unwrap_err();
    assert!(
        format!("{error} {error:?}").contains(SECRET),
        "too little to be a proof"
    );
    error
}

fn builder() -> ResilienceBuilder {
    let once = RetryPolicy::builder().max_attempts(1).build().unwrap();
    ResilienceLayer::builder().retry(once)
}

/// Nothing that is printed holds it, and reqwest's error is still there.
fn check(error: &Error, what: &str) {
    let mut cause: Option<&dyn StdError> = Some(error);
    let mut reqwest = false;
    while let Some(error) = cause {
        let text = format!("{error} {error:?} {error:#?}");
        assert!(!text.contains(SECRET), "{what}: {text}");
        reqwest |= error.is::<reqwest::Error>();
        cause = error.source();
    }
    assert!(reqwest, "{what}: {error:?}");
}

#[tokio::test]
async fn an_attempt_that_fails_keeps_the_url_to_itself() {
    let plain = tower::service_fn(|_: Request<&'static str>| async { Err::<Response<()>, _>(unreachable().await) });
    let boxed = tower::service_fn(|_: Request<&'static str>| async {
        Err::<Response<()>, BoxError>(unreachable().await.into())
    });
    let placing = builder().place_errors(|_: &reqwest::Error| Failure::new(FailureKind::Dns, Delivery::NeverSent));
    let layer = builder().build().unwrap();

    check(
        &limit(layer.layer(plain).oneshot(post("x"))).await.unwrap_err(),
        "plain",
    );
    check(
        &limit(layer.layer(boxed).oneshot(post("x"))).await.unwrap_err(),
        "boxed",
    );
    let error = limit(placing.build().unwrap().layer(plain).oneshot(post("x")))
        .await
        .unwrap_err();
    check(&error, "placed");
    assert_eq!(error.failure().unwrap().kind(), FailureKind::Dns);
}

#[tokio::test]
async fn a_service_that_cannot_be_readied_keeps_the_url_to_itself() {
    let before = Moody::new([Err(unreachable().await)]);
    let error = limit(builder().build().unwrap().layer(before).ready())
        .await
        .map(drop)
        .unwrap_err();
    check(&error, "before the operation");

    let between = Moody::new([Ok(()), Err(unreachable().await)]);
    let error = limit(ResilienceLayer::new().layer(between).oneshot(post("x")))
        .await
        .unwrap_err();
    check(&error, "between attempts");
    assert_eq!(error.failure().unwrap().kind(), FailureKind::Unready);
}

/// Answers 503; whether it is ready is written down beforehand.
#[derive(Clone)]
struct Moody(Arc<Mutex<VecDeque<Result<(), reqwest::Error>>>>);

impl Moody {
    fn new(moods: impl IntoIterator<Item = Result<(), reqwest::Error>>) -> Self {
        Self(Arc::new(Mutex::new(moods.into_iter().collect())))
    }
}

impl Service<Request<&'static str>> for Moody {
    type Response = Response<()>;
    type Error = reqwest::Error;
    type Future = Ready<Result<Response<()>, reqwest::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), reqwest::Error>> {
        Poll::Ready(self.0.lock().unwrap().pop_front().unwrap_or(Ok(())))
    }

    fn call(&mut self, _: Request<&'static str>) -> Self::Future {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        ready(Ok(response))
    }
}
