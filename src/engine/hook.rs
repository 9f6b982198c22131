use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

/// What a hook may look at before an attempt is sent.
pub struct AttemptInfo {
    pub(super) number: u32,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
}

pub(crate) type HookFuture = Pin<Box<dyn Future<Output = Result<HeaderMap, BoxError>> + Send>>;
type BoxError = Box<dyn StdError + Send + Sync>;

/// Gives headers to set on an attempt.
pub(crate) trait BeforeAttempt: Send + Sync {
    fn headers(&self, attempt: AttemptInfo) -> HookFuture;
}

/// A closure as a hook.
pub(crate) struct FromFn<F>(pub(crate) F);

impl<F, Fut, E> BeforeAttempt for FromFn<F>
where
    F: Fn(AttemptInfo) -> Fut + Send + Sync,
    Fut: Future<Output = Result<HeaderMap, E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    fn headers(&self, attempt: AttemptInfo) -> HookFuture {
        // A panic in the caller's code must not take the operation, and its receipt, with it.
        let called = catch_unwind(AssertUnwindSafe(|| (self.0)(attempt)));
        Box::pin(async move {
            let mut headers = pin!(called.map_err(|_panic| Panicked)?);
            poll_fn(|context| {
                let polled = catch_unwind(AssertUnwindSafe(|| headers.as_mut().poll(context)));
                polled.map_or_else(
                    |_panic| Poll::Ready(Err(Panicked.into())),
                    |polled| polled.map_err(Into::into),
                )
            })
            .await
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the hook before the attempt panicked")]
struct Panicked;

impl AttemptInfo {
    /// The attempt's number; the first is 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The whole address, query included: keep it out of logs.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The headers as they will be sent, key included.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body's bytes, for signing; `None` for a stream.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }
}

impl fmt::Debug for AttemptInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptInfo")
            .field("number", &self.number)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
