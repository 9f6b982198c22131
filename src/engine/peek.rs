use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use reqwest::Response;

use super::buffer::restore;
use crate::clock::Clock;

/// How much of an error's body classifiers may see: error bodies have a few hundred bytes.
pub(crate) const LIMIT: usize = 64 * 1024;
/// How long that may take at most: a body that comes slower must not cost the answer that its head already is.
const TIME: Duration = Duration::from_secs(2);

/// Only the bodies of errors are ever shown: a success is not held up, and may be a stream without end.
pub(super) fn is_shown(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// Reads the beginning of a body, and gives the response back whole: what was read, then the rest.
///
/// It may take `time`, which must end before the attempt's time does.
pub(super) async fn peek(response: Box<Response>, time: Duration) -> (Box<Response>, Bytes) {
    let url = response.url().clone();
    let (parts, mut body) = http::Response::<reqwest::Body>::from(*response).into_parts();
    let mut held = BytesMut::new();
    // By reference: when the time is over, what was read and what is left are both still here.
    let end = Clock::limit(time.min(TIME), fill(&mut body, &mut held)).await;
    let held = held.freeze();
    let seen = held.slice(..held.len().min(LIMIT));
    let response = match end {
        Some(Fill::Whole) => restore(parts, url, reqwest::Body::from(held)),
        other => {
            let pending = match other {
                Some(Fill::Ended(frame)) => Some(frame),
                _ => None,
            };
            let chained = Chained {
                first: Some(held),
                pending,
                rest: body,
            };
            restore(parts, url, reqwest::Body::wrap(chained))
        }
    };
    (response.into(), seen)
}

type Step = Result<Frame<Bytes>, reqwest::Error>;

enum Fill {
    Whole,
    /// There is more than the limit.
    More,
    /// What came is no data: trailers, or the body's failure. The caller gets it where it belongs.
    Ended(Step),
}

async fn fill(body: &mut reqwest::Body, held: &mut BytesMut) -> Fill {
    while held.len() < LIMIT {
        match body.frame().await {
            None => return Fill::Whole,
            Some(Err(error)) => return Fill::Ended(Err(error)),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => held.extend_from_slice(&data),
                Err(frame) => return Fill::Ended(Ok(frame)),
            },
        }
    }
    Fill::More
}

/// What was read of a body, what stopped the reading, and the rest of it.
struct Chained {
    first: Option<Bytes>,
    pending: Option<Step>,
    rest: reqwest::Body,
}

impl Body for Chained {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Step>> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match self.pending.take() {
            Some(step) => Poll::Ready(Some(step)),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.as_ref().map_or(0, |first| first.len() as u64);
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(first));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(first));
        }
        hint
    }
}
