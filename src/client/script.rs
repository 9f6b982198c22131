use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt;
use reqwest::{Request, Response, ResponseBuilderExt};

use super::ClientBuilder;
use super::wire::{Memory, Wire};
use crate::clock::Clock;
use crate::operation::{Delivery, Failure, FailureKind};
use crate::testing::{Action, Arrival, Script};

impl ClientBuilder {
    /// Answers requests from a script instead of the network (feature `testing`).
    pub fn script(mut self, script: &Script) -> Self {
        self.wire = Some(Wire::Memory(Arc::new(Playing {
            script: script.clone(),
            clock: Clock::system(),
        })));
        self
    }
}

/// A script that is played.
struct Playing {
    script: Script,
    clock: Clock,
}

impl Memory for Playing {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send + '_>> {
        Box::pin(self.play(request))
    }
}

impl Playing {
    async fn play(&self, mut request: Request) -> Result<Response, Failure> {
        let body = match request.body_mut().take() {
            Some(body) => body.collect().await.map_err(own_body)?.to_bytes(),
            None => Bytes::new(),
        };
        let url = request.url().clone();
        let open = self.script.opened();
        let step = self.script.arrive(&Arrival {
            method: request.method().clone(),
            url: url.clone(),
            headers: std::mem::take(request.headers_mut()),
            body,
            at: self.clock.now(),
        });
        if !step.delay.is_zero() {
            self.clock.sleep(step.delay).await;
        }
        let (status, headers, body) = match step.action {
            Action::Respond { status, headers, body } => (status, headers, reqwest::Body::from(body)),
            Action::CutBody { status, body } => (status, http::HeaderMap::new(), Broken::body(body, After::Cut)),
            Action::StallBody { status, body } => (status, http::HeaderMap::new(), Broken::body(body, After::Stall)),
            Action::Fail { kind, delivery } => return Err(Failure::new(kind, delivery)),
            Action::Hang => return std::future::pending().await,
        };
        let response = http::Response::builder().status(status).url(url).body(body);
        let mut response =
            response.map_err(|error| Failure::new(FailureKind::Other, Delivery::Unknown).caused_by(error))?;
        *response.headers_mut() = headers;
        // Dropped with the response, by whoever reads or gives it up.
        response.extensions_mut().insert(open);
        Ok(response.into())
    }
}

fn own_body(error: reqwest::Error) -> Failure {
    Failure::new(FailureKind::Request, Delivery::Unknown).caused_by(error.without_url())
}

/// A body that breaks off.
struct Broken {
    first: Option<Bytes>,
    after: After,
}

#[derive(Clone, Copy)]
enum After {
    Cut,
    Stall,
}

impl Broken {
    fn body(first: Bytes, after: After) -> reqwest::Body {
        reqwest::Body::wrap(Self {
            first: Some(first),
            after,
        })
    }
}

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match (self.first.take(), self.after) {
            (Some(first), _) => Poll::Ready(Some(Ok(Frame::data(first)))),
            (None, After::Cut) => Poll::Ready(Some(Err(std::io::ErrorKind::UnexpectedEof.into()))),
            (None, After::Stall) => Poll::Pending,
        }
    }
}
