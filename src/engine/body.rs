use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body as _;
use http_body_util::{BodyExt, Limited};

use super::prepare::Payload;
use crate::clock::Clock;
use crate::error::Error;

/// A request body, by how often it can be sent.
///
/// Bytes and texts are shared between attempts, never copied. A [factory](Body::factory) makes a stream anew for each
/// attempt. A one-shot stream (any other [`reqwest::Body`]) is sent once: the operation is then not repeated, and its
/// receipt says why.
#[derive(Clone, Default)]
pub struct Body(Content);

#[derive(Clone, Default)]
enum Content {
    #[default]
    Empty,
    Bytes(Bytes),
    Factory(Arc<dyn Fn() -> reqwest::Body + Send + Sync>),
    /// Gone after the first attempt.
    Once(Arc<Mutex<Option<reqwest::Body>>>),
    /// To be read into memory before the first attempt.
    ToCollect(Arc<Mutex<Option<reqwest::Body>>>),
}

/// Whether the client underneath may repeat a request by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Armor {
    /// It is known not to.
    Needless,
    /// It may: the body must go in a form that it cannot clone.
    Worn,
}

impl Body {
    /// A body that is made anew for each attempt, for streams.
    ///
    /// That every call yields the same bytes is the caller's contract: a server that compares bodies under one key
    /// answers a difference with an error, one that does not may act on the second.
    pub fn factory<B: Into<reqwest::Body>>(make: impl Fn() -> B + Send + Sync + 'static) -> Self {
        Self(Content::Factory(Arc::new(move || make().into())))
    }

    /// The bytes, where they are known before sending.
    #[must_use]
    pub fn bytes(&self) -> Option<Bytes> {
        match &self.0 {
            Content::Empty => Some(Bytes::new()),
            Content::Bytes(bytes) => Some(bytes.clone()),
            Content::Factory(_) | Content::Once(_) | Content::ToCollect(_) => None,
        }
    }

    /// A stream that is worth reading into memory, so that it can be sent again; if it is known to be small enough.
    #[cfg_attr(not(feature = "multipart"), expect(dead_code, reason = "forms alone are collected"))]
    pub(crate) fn to_collect(body: reqwest::Body, length: Option<u64>) -> Self {
        if length.is_some_and(|length| length <= COLLECT_LIMIT as u64) {
            return Self(Content::ToCollect(Arc::new(Mutex::new(Some(body)))));
        }
        body.into()
    }

    pub(crate) fn is_to_collect(&self) -> bool {
        matches!(self.0, Content::ToCollect(_))
    }

    /// Reads what is to be collected, within the limits of size and time.
    pub(crate) async fn collect(&mut self, limit: Duration) -> Result<(), Error> {
        let Content::ToCollect(slot) = &self.0 else {
            return Ok(());
        };
        let body = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(body) = body else { return Ok(()) };
        let read = Limited::new(body, COLLECT_LIMIT).collect();
        match Clock::limit(limit, read).await {
            Some(Ok(whole)) => *self = whole.to_bytes().into(),
            Some(Err(error)) => return Err(Error::request_because("the body could not be read", error)),
            None => return Err(Error::request("the body could not be read within an attempt's time")),
        }
        Ok(())
    }

    pub(crate) fn is_one_shot(&self) -> bool {
        matches!(self.0, Content::Once(_))
    }

    /// The body for one attempt: `Err` if it cannot be made, `Ok(None)` if there is none.
    pub(crate) fn instance(&self, armor: Armor) -> Result<Option<reqwest::Body>, Unmade> {
        let body = match &self.0 {
            Content::Empty => None,
            Content::Bytes(bytes) => Some(bytes.clone().into()),
            Content::Factory(make) => Some(called(make)?),
            Content::Once(slot) | Content::ToCollect(slot) => {
                let body = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
                Some(body.ok_or(Unmade::Spent)?)
            }
        };
        Ok(match armor {
            Armor::Needless => body,
            Armor::Worn => Some(armored(body.unwrap_or_default())),
        })
    }
}

/// The same bytes in a form that the client underneath cannot clone.
///
/// It repeats bytes by cloning them, and a body that is known to be empty by making another one; on the wire the body
/// that hides its emptiness is as empty.
fn armored(body: reqwest::Body) -> reqwest::Body {
    if body.size_hint().exact() == Some(0) {
        reqwest::Body::wrap(Hollow)
    } else {
        reqwest::Body::wrap(body)
    }
}

/// An empty body whose size hint does not say so.
struct Hollow;

impl http_body::Body for Hollow {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }
}

impl Payload for Body {
    fn bytes(&self) -> Option<Bytes> {
        self.bytes()
    }

    fn is_one_shot(&self) -> bool {
        self.is_one_shot()
    }
}

impl From<reqwest::Body> for Body {
    fn from(mut body: reqwest::Body) -> Self {
        if body.as_bytes().is_none() {
            return Self(Content::Once(Arc::new(Mutex::new(Some(body)))));
        }
        // A body of bytes yields them in one frame, at once, and without copying them.
        let mut context = Context::from_waker(Waker::noop());
        match Pin::new(&mut body).poll_frame(&mut context) {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default().into(),
            _ => Self::default(),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        if bytes.is_empty() {
            Self::default()
        } else {
            Self(Content::Bytes(bytes))
        }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

/// The longest form that is kept in memory to be sent again.
const COLLECT_LIMIT: usize = 8 * 1024 * 1024;

/// Why there is no body for an attempt.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unmade {
    #[error("the body could be read only once")]
    Spent,
    #[error("the body's factory panicked")]
    Panicked,
}

/// A panic in the caller's factory must not take the operation, and its receipt, with it.
fn called(make: &Arc<dyn Fn() -> reqwest::Body + Send + Sync>) -> Result<reqwest::Body, Unmade> {
    catch_unwind(AssertUnwindSafe(|| make())).map_err(|_panic| Unmade::Panicked)
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Content::Empty => f.write_str("Body::Empty"),
            Content::Bytes(bytes) => write!(f, "Body::Bytes({} bytes)", bytes.len()),
            Content::Factory(_) => f.write_str("Body::Factory"),
            Content::Once(_) | Content::ToCollect(_) => f.write_str("Body::Once"),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[test]
    fn bytes_are_shared_between_attempts_not_copied() {
        let bytes = Bytes::from(vec![7; 1 << 20]);
        let body = Body::from(reqwest::Body::from(bytes.clone()));
        for _ in 0..2 {
            let mut instance = body.instance(Armor::Needless).unwrap().unwrap();
            assert_eq!(instance.size_hint().exact(), Some(1 << 20));
            let frame = Pin::new(&mut instance).poll_frame(&mut Context::from_waker(Waker::noop()));
            let Poll::Ready(Some(Ok(frame))) = frame else {
                panic!("bytes come at once");
            };
            assert_eq!(frame.into_data().unwrap().as_ptr(), bytes.as_ptr());
            assert!(instance.is_end_stream());
        }
    }

    #[test]
    fn bytes_go_in_a_form_that_a_client_which_may_repeat_them_cannot_repeat() {
        for (armor, repeatable) in [(Armor::Needless, true), (Armor::Worn, false)] {
            let instance = Body::from("amount=100").instance(armor).unwrap().unwrap();
            assert_eq!(instance.as_bytes().is_some(), repeatable);
        }
    }

    #[test]
    fn a_one_shot_body_is_given_once() {
        let body = Body::from(reqwest::Body::wrap(Full::new(Bytes::from_static(b"once"))));
        assert!(body.is_one_shot());
        assert!(body.instance(Armor::Needless).is_ok());
        assert!(body.instance(Armor::Needless).is_err());
    }
}
