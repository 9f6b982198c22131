//! A response before it is put on the wire, in a form that can be stored and sent again.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use serde_json::Value;

/// Status, headers and body: what a key's record keeps.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) content: Content,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Whole(Bytes),
    Stream(Vec<Bytes>, StreamEnd),
}

/// How a streamed answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamEnd {
    /// With the event that closes it.
    Complete,
    /// With an error event, as the protocol has it.
    Error,
    /// With the connection.
    Cut,
}

impl Answer {
    pub(super) fn json(status: StatusCode, value: &Value) -> Self {
        Self::typed(status, "application/json", Content::Whole(value.to_string().into()))
    }

    pub(super) fn problem(status: StatusCode, value: &Value) -> Self {
        Self::typed(
            status,
            "application/problem+json",
            Content::Whole(value.to_string().into()),
        )
    }

    pub(super) fn events(events: Vec<Bytes>, end: StreamEnd) -> Self {
        Self::typed(StatusCode::OK, "text/event-stream", Content::Stream(events, end))
    }

    /// Adds a header of the server's own, whose text is known to be valid or is a number.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::try_from(value) {
            self.headers.append(HeaderName::from_static(name), value);
        }
        self
    }

    pub(super) fn with_retry_after(mut self, seconds: u64) -> Self {
        self.headers.append(RETRY_AFTER, seconds.into());
        self
    }

    pub(super) fn into_response(self) -> Response<AnswerBody> {
        let mut response = Response::new(AnswerBody::from(self.content));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }

    fn typed(status: StatusCode, content_type: &'static str, content: Content) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self {
            status,
            headers,
            content,
        }
    }
}

/// The body of an answer, frame by frame.
#[derive(Debug)]
pub(super) struct AnswerBody {
    frames: VecDeque<Bytes>,
    /// Known for a whole body, so that it gets a `Content-Length`; a stream is chunked.
    length: Option<u64>,
    tail: Tail,
}

#[derive(Debug, PartialEq, Eq)]
enum Tail {
    End,
    /// One pending poll, in which hyper flushes the frames that a failure would throw away.
    Flush,
    Fail,
}

impl From<Content> for AnswerBody {
    fn from(content: Content) -> Self {
        match content {
            Content::Whole(bytes) => Self {
                length: Some(bytes.len() as u64),
                frames: Some(bytes).filter(|bytes| !bytes.is_empty()).into_iter().collect(),
                tail: Tail::End,
            },
            Content::Stream(frames, StreamEnd::Cut) => Self {
                frames: frames.into(),
                length: None,
                tail: Tail::Flush,
            },
            Content::Stream(frames, _) => Self {
                frames: frames.into(),
                length: None,
                tail: Tail::End,
            },
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(frame) = self.frames.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(frame))));
        }
        match self.tail {
            Tail::End => Poll::Ready(None),
            Tail::Flush => {
                self.tail = Tail::Fail;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Tail::Fail => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.tail == Tail::End
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
