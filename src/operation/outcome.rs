use std::fmt;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, StatusCode};

use super::{Address, Effect, Failure};

/// How one attempt ended: a response head, or a failure without a (whole) response.
///
/// This is what a classifier sees. Drivers of the core that bring their own client make one with
/// [`Outcome::response`] or [`Outcome::failure`].
///
/// # Examples
///
/// ```
/// use http::{HeaderMap, StatusCode};
/// use steadfast::Outcome;
///
/// let headers = HeaderMap::new();
/// let outcome = Outcome::response(StatusCode::SERVICE_UNAVAILABLE, &headers);
/// assert_eq!(outcome.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
/// assert!(outcome.error().is_none());
/// ```
#[derive(Clone, Copy)]
pub struct Outcome<'a> {
    observed: Observed<'a>,
    method: Option<&'a Method>,
    /// Where the request was sent.
    target: Option<Target<'a>>,
    key: Key,
    attempt: u32,
    received: Option<SystemTime>,
    body: Option<&'a [u8]>,
    replayed: Replay,
    path: Path,
}

#[derive(Clone, Copy)]
enum Observed<'a> {
    Response { status: StatusCode, headers: &'a HeaderMap },
    Failure(&'a Failure),
    Told(Told),
}

#[derive(Clone, Copy)]
enum Target<'a> {
    Path(&'a str),
    At(Address<'a>),
}

/// What is known of an attempt that was not HTTP: what a verdict says, and no more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Told {
    /// It brought what was wanted.
    Done,
    /// It brought an answer that ends the operation otherwise: whoever answers is alive.
    Answered,
    /// The far side asks for patience.
    Busy(Duration),
    /// It failed in a way that may heal.
    Failed,
}

/// Whether the request carried a key that the server honours.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Key {
    /// The driver did not tell.
    Untold,
    Honored,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Replay {
    Fresh,
    Replayed,
}

/// Whether the outcome is that of the request itself, or of one that a redirect led to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Path {
    Direct,
    Redirected,
    /// Of a GET that a 301 or 302 made of something else: its success is not that of the request.
    Diverted,
    /// Of a request that the client underneath made of it, by redirects that were not seen.
    Unseen,
}

/// Neither headers nor body: they may hold secrets.
impl fmt::Debug for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("attempt", &self.attempt)
            .field("status", &self.status())
            .field("failure", &self.error())
            .field("body", &self.body.map(<[u8]>::len))
            .field("replayed", &self.replayed)
            .finish_non_exhaustive()
    }
}

impl<'a> Outcome<'a> {
    /// An attempt that brought a response head.
    #[must_use]
    pub fn response(status: StatusCode, headers: &'a HeaderMap) -> Self {
        Self::new(Observed::Response { status, headers })
    }

    /// An attempt that brought no (whole) response.
    #[must_use]
    pub fn failure(failure: &'a Failure) -> Self {
        Self::new(Observed::Failure(failure))
    }

    /// An attempt that was not HTTP.
    #[inline]
    pub(crate) fn told(told: Told) -> Self {
        Self::new(Observed::Told(told))
    }

    /// What was told of it, if it was not HTTP.
    pub(crate) fn as_told(&self) -> Option<Told> {
        match self.observed {
            Observed::Told(told) => Some(told),
            Observed::Response { .. } | Observed::Failure(_) => None,
        }
    }

    /// Adds the request's method.
    #[must_use]
    pub fn with_method(mut self, method: &'a Method) -> Self {
        self.method = Some(method);
        self
    }

    /// The same where it stands, which spares moving it.
    #[inline]
    pub(crate) fn has_method(&mut self, method: &'a Method) {
        self.method = Some(method);
    }

    /// Adds the path that the request was sent to, which a preset may go by.
    #[must_use]
    pub fn with_path(mut self, path: &'a str) -> Self {
        self.target = Some(Target::Path(path));
        self
    }

    /// The same where it stands, read only when asked for.
    #[inline]
    pub(crate) fn has_address(&mut self, address: Address<'a>) {
        self.target = Some(Target::At(address));
    }

    /// Adds whether the request carried a key that the server honours.
    #[inline]
    pub(crate) fn has_key(&mut self, honored: bool) {
        self.key = if honored { Key::Honored } else { Key::None };
    }

    /// Adds the attempt's number; the first is 1.
    #[must_use]
    pub fn with_attempt(mut self, number: u32) -> Self {
        self.attempt = number;
        self
    }

    /// The same where it stands.
    #[inline]
    pub(crate) fn has_number(&mut self, number: u32) {
        self.attempt = number;
    }

    /// Adds the wall-clock time at which it arrived, the fallback for a `Retry-After` date without a `Date`.
    #[must_use]
    pub fn with_received(mut self, received: SystemTime) -> Self {
        self.received = Some(received);
        self
    }

    /// The same where it stands.
    #[inline]
    pub(crate) fn has_arrived(&mut self, received: SystemTime) {
        self.received = Some(received);
    }

    /// Adds the beginning of the response's body.
    #[must_use]
    pub fn with_body(mut self, body: &'a [u8]) -> Self {
        self.body = Some(body);
        self
    }

    /// Marks the response as one that the server stored earlier under the same key.
    #[must_use]
    pub fn as_replayed(mut self) -> Self {
        self.replayed = Replay::Replayed;
        self
    }

    /// Marks the outcome as that of a request that a redirect led to.
    pub(crate) fn after_redirect(mut self) -> Self {
        if self.path == Path::Direct {
            self.path = Path::Redirected;
        }
        self
    }

    /// Marks the outcome as that of a request to which the client underneath was redirected, unseen.
    pub(crate) fn after_unseen_redirect(mut self) -> Self {
        self.path = Path::Unseen;
        self
    }

    /// True if the client underneath followed redirects on its own account.
    /// True if it is that of the request itself, and of none that a redirect led to.
    #[inline]
    pub(crate) fn is_direct(&self) -> bool {
        self.path == Path::Direct
    }

    pub(crate) fn is_after_unseen_redirect(&self) -> bool {
        self.path == Path::Unseen
    }

    /// Marks the outcome as that of a GET that a 301 or 302 made of another method.
    pub(crate) fn after_diversion(mut self) -> Self {
        if self.path != Path::Unseen {
            self.path = Path::Diverted;
        }
        self
    }

    /// The response's status.
    #[must_use]
    #[inline]
    pub fn status(&self) -> Option<StatusCode> {
        match self.observed {
            Observed::Response { status, .. } => Some(status),
            Observed::Failure(_) | Observed::Told(_) => None,
        }
    }

    /// The response's headers.
    #[must_use]
    pub fn headers(&self) -> Option<&'a HeaderMap> {
        match self.observed {
            Observed::Response { headers, .. } => Some(headers),
            Observed::Failure(_) | Observed::Told(_) => None,
        }
    }

    /// The failure, if there was no (whole) response.
    #[must_use]
    #[inline]
    pub fn error(&self) -> Option<&'a Failure> {
        match self.observed {
            Observed::Response { .. } | Observed::Told(_) => None,
            Observed::Failure(failure) => Some(failure),
        }
    }

    /// The request's method, when the driver gave it.
    #[must_use]
    pub fn method(&self) -> Option<&'a Method> {
        self.method
    }

    /// The path that the request was sent to, when the driver gave it.
    #[must_use]
    pub fn path(&self) -> Option<&'a str> {
        self.target.map(|target| match target {
            Target::Path(path) => path,
            Target::At(address) => address.path(),
        })
    }

    /// False if the request is known to have carried no key that the server honours.
    pub(crate) fn may_be_keyed(&self) -> bool {
        self.key != Key::None
    }

    /// The beginning of an error's body, at most 64 KiB; `None` unless a classifier
    /// [asked for it](crate::Classify::wants_body), and always for a status below 400.
    ///
    /// What arrived in time: it may be cut anywhere. The caller still gets the body whole.
    #[must_use]
    pub fn body(&self) -> Option<&'a [u8]> {
        self.body
    }

    /// When it arrived, by the wall clock, if the driver gave it.
    #[must_use]
    pub fn received(&self) -> Option<SystemTime> {
        self.received
    }

    /// The attempt's number; the first is 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// True if the server says that this response was stored earlier under the same key.
    #[must_use]
    #[inline]
    pub fn is_replayed(&self) -> bool {
        self.replayed == Replay::Replayed
    }

    /// True if the server certainly did not act on this attempt.
    #[must_use]
    #[inline]
    pub fn is_untouched(&self) -> bool {
        self.error().is_some_and(|failure| failure.delivery().is_untouched())
    }

    /// What the far side may have done because of this attempt.
    #[must_use]
    #[inline]
    pub fn effect(&self) -> Effect {
        let told = match self.observed {
            Observed::Failure(failure) => failure.effect(),
            // A stored rejection is the answer to the first attempt too, whatever the status.
            Observed::Response { status, .. } if self.is_replayed() && status.is_client_error() => Effect::NotApplied,
            Observed::Response { status, .. } => Effect::of_status(status),
            Observed::Told(Told::Done) => Effect::Applied,
            Observed::Told(_) => Effect::Unknown,
        };
        // A rejection at the end of a redirect proves nothing about the request that was redirected. And of those that
        // make a GET of it, only a 303 says that it was processed (RFC 9110 §15.4.4): a 302 may lead to a login page.
        let doubtful = match self.path {
            Path::Direct => false,
            Path::Redirected => told == Effect::NotApplied,
            Path::Diverted | Path::Unseen => true,
        };
        if doubtful { Effect::Unknown } else { told }
    }

    /// How long the server asked to wait, from `Retry-After-Ms` or `Retry-After`; `None` if not at all.
    ///
    /// Nor for zero or a time that is past: whoever has to know whether the field was there looks at
    /// [`headers`](Self::headers).
    #[must_use]
    #[inline]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.observed {
            Observed::Response { headers, .. } => super::retry_after::retry_after(headers, self.received),
            Observed::Failure(failure) => failure.retry_after(),
            Observed::Told(Told::Busy(wait)) => Some(wait),
            Observed::Told(_) => None,
        }
    }

    #[inline]
    fn new(observed: Observed<'a>) -> Self {
        Self {
            observed,
            method: None,
            target: None,
            key: Key::Untold,
            attempt: 1,
            received: None,
            body: None,
            replayed: Replay::Fresh,
            path: Path::Direct,
        }
    }
}

/// Headers by their names alone: servers send cookies, and some send the key back.
impl fmt::Debug for Observed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response { status, headers } => f
                .debug_struct("Response")
                .field("status", status)
                .field("headers", &headers.keys().collect::<Vec<_>>())
                .finish(),
            Self::Failure(failure) => fmt::Debug::fmt(failure, f),
            Self::Told(told) => told.fmt(f),
        }
    }
}
