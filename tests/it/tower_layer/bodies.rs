//! A body that can be had again is repeated byte for byte, any other is sent once.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Method;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use steadfast::tower::ResilienceLayer;
use steadfast::{NotReplayable, ResponseExt, StopReason};
use tower::{Layer, ServiceExt};

use super::mock::{Mock, Reply};
use super::request;
use crate::support_time::paused;

/// As tonic's and axum's: it cannot be cloned, and its default is empty.
struct Boxed(UnsyncBoxBody<Bytes, std::convert::Infallible>);

impl Default for Boxed {
    fn default() -> Self {
        Self(Empty::new().boxed_unsync())
    }
}

impl http_body::Body for Boxed {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(context)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.0.size_hint()
    }
}

fn boxed(text: &'static str) -> Boxed {
    Boxed(Full::from(text).boxed_unsync())
}

#[test]
fn a_clone_is_sent_again() {
    paused(async {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&seen);
        let (mock, _) = Mock::new(move |request: &http::Request<Full<Bytes>>, turn| {
            notes.lock().unwrap().push(request.body().clone());
            Reply::Status(if turn < 2 { 503 } else { 200 })
        });
        let body = Full::from("amount=100");
        let service = ResilienceLayer::new().layer(mock);
        service.oneshot(request(Method::POST, body)).await.unwrap();
        let mut sent = Vec::new();
        let bodies = std::mem::take(&mut *seen.lock().unwrap());
        for body in bodies {
            sent.push(body.collect().await.unwrap().to_bytes());
        }
        assert_eq!(sent, ["amount=100"; 3]);
    });
}

#[test]
fn a_boxed_body_is_sent_once_and_the_receipt_says_so() {
    paused(async {
        let layer = ResilienceLayer::builder().replay_empty_bodies().build().unwrap();
        let (mock, far) = Mock::<Boxed>::statuses(&[503; 9]);
        let answer = layer
            .layer(mock.clone())
            .oneshot(request(Method::PUT, boxed("once")))
            .await
            .unwrap();
        let stop = answer.receipt().unwrap().stop();
        assert_eq!(stop, StopReason::NotReplayable(NotReplayable::OneShotBody));
        assert_eq!(far.calls(), 1);

        let empty = request(Method::GET, Boxed::default());
        assert_eq!(layer.layer(mock).oneshot(empty).await.unwrap().status(), 503);
        assert_eq!(far.calls(), 6, "an empty one is made anew");
    });
}

#[test]
fn a_closure_says_how_a_body_is_had_again() {
    enum Payload {
        Text(String),
        Stream,
    }
    paused(async {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&seen);
        let (mock, _) = Mock::new(move |request: &http::Request<Payload>, turn| {
            notes.lock().unwrap().push(match request.body() {
                Payload::Text(text) => text.clone(),
                Payload::Stream => "stream".to_owned(),
            });
            Reply::Status(if turn % 2 == 0 { 503 } else { 200 })
        });
        let layer = ResilienceLayer::builder()
            .replay_bodies(|body: &Payload| match body {
                Payload::Text(text) => Some(Payload::Text(text.clone())),
                Payload::Stream => None,
            })
            .build()
            .unwrap();
        let text = request(Method::PUT, Payload::Text("again".to_owned()));
        layer.layer(mock.clone()).oneshot(text).await.unwrap();
        let stream = layer
            .layer(mock)
            .oneshot(request(Method::PUT, Payload::Stream))
            .await
            .unwrap();
        assert_eq!(stream.status(), 503);
        assert_eq!(*seen.lock().unwrap(), ["again", "again", "stream"]);
    });
}

#[test]
fn a_body_that_cannot_be_had_again_after_a_retry_is_not_waited_for() {
    paused(async {
        let (mock, far) = Mock::<Vec<u8>>::statuses(&[503; 9]);
        let left = Arc::new(Mutex::new(2));
        let layer = ResilienceLayer::builder()
            .replay_bodies(move |body: &Vec<u8>| {
                let mut left = left.lock().unwrap();
                *left -= i32::from(*left > 0);
                (*left > 0).then(|| body.clone())
            })
            .build()
            .unwrap();
        let answer = layer
            .layer(mock)
            .oneshot(request(Method::PUT, b"x".to_vec()))
            .await
            .unwrap();
        let receipt = answer.receipt().unwrap();
        let stop = StopReason::NotReplayable(NotReplayable::OneShotBody);
        assert_eq!((receipt.stop(), receipt.attempts().len(), far.calls()), (stop, 2, 2));
        // The last answer is there, and nothing was waited for in vain.
        assert_eq!(answer.status(), 503);
        assert!(receipt.attempts()[1].wait().is_none());
    });
}
