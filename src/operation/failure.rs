use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

use super::Effect;

/// How an attempt ended when it brought no (whole) response.
///
/// The kind says what happened; the [`Delivery`] says whether the server may have acted, and that alone decides whether
/// an attempt without an honoured key may be repeated.
#[derive(Debug)]
pub struct Failure {
    kind: FailureKind,
    delivery: Delivery,
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
    /// The caller's own code used the time up.
    at_home: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What happened on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum FailureKind {
    /// The request could not be built, or its own body failed.
    Request,
    /// The caller's hook before the attempt, or a middleware that the attempt went through, failed.
    Hook,
    /// The service underneath is no longer able to take requests; nothing was sent.
    Unready,
    /// The name could not be resolved.
    Dns,
    /// No connection could be made.
    Connect,
    /// No connection could be made in time.
    ConnectTimeout,
    /// TLS was refused for a reason that a retry does not change (certificate, alert, not TLS at all).
    ///
    /// With feature `native-tls` on Windows and Apple's systems, whose libraries do not say why, that is `Connect`.
    Tls,
    /// The proxy refused the caller's credentials.
    ProxyAuth,
    /// The server or the protocol says that the request was not processed (`REFUSED_STREAM`, `GOAWAY`).
    Nack,
    /// The connection died before a response.
    ConnectionLost,
    /// What arrived is not HTTP.
    Protocol,
    /// No response head in time; with [`Delivery::NeverSent`], a hook or the service underneath used the time up, and nothing
    /// was sent.
    HeadTimeout,
    /// The response head came, the rest of the body did not come in time.
    BodyTimeout,
    /// The response head came, the body was cut or broken.
    Body,
    /// The response body is larger than the buffer the caller allowed.
    BodyTooLarge,
    /// Anything that is not in the table of known failures.
    Other,
}

/// Whether the server may have acted on an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Delivery {
    /// No byte of the request reached the server.
    NeverSent,
    /// The server said that it did not process the request (RFC 9113 §8.7).
    Refused,
    /// The server may have processed it.
    Unknown,
    /// A response head arrived.
    ResponseStarted,
}

impl Failure {
    /// Describes a failure; for drivers of the core that bring their own client.
    #[must_use]
    pub fn new(kind: FailureKind, delivery: Delivery) -> Self {
        Self {
            kind,
            delivery,
            status: None,
            retry_after: None,
            at_home: false,
            source: None,
        }
    }

    /// Attaches the error that caused it; its text must hold no secrets.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Attaches the status of a response whose body did not arrive whole.
    #[must_use]
    pub fn after_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self.delivery = Delivery::ResponseStarted;
        self
    }

    /// Attaches how long the server asked to wait, in the head of a response whose body did not arrive whole.
    #[must_use]
    pub fn asking_to_wait(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// Says what happened.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Says whether the server may have acted.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// The status that arrived before the body failed.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// How long the server asked to wait before the body failed.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What the far side may have done because of this attempt.
    #[must_use]
    pub fn effect(&self) -> Effect {
        match (self.delivery, self.status) {
            (Delivery::NeverSent | Delivery::Refused, _) => Effect::NotApplied,
            (_, Some(status)) => Effect::of_status(status),
            _ => Effect::Unknown,
        }
    }

    /// True if a time limit ended the attempt.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(
            self.kind,
            FailureKind::ConnectTimeout | FailureKind::HeadTimeout | FailureKind::BodyTimeout
        )
    }

    /// Says that the time was used up by the caller's own code, or a layer underneath: it says nothing of the server.
    pub(crate) fn at_home(mut self) -> Self {
        self.at_home = true;
        self
    }

    /// True if it says nothing of the server, since the time was used up on this side.
    pub(crate) fn is_at_home(&self) -> bool {
        self.at_home
    }

    /// After a redirect was followed, nothing about the last hop says what the first one did.
    pub(crate) fn after_redirect(mut self) -> Self {
        if self.status.is_none() {
            self.delivery = Delivery::Unknown;
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "the request could not be sent as built",
            Self::Hook => "the caller's hook or middleware failed",
            Self::Unready => "the service underneath takes no requests",
            Self::Dns => "the name could not be resolved",
            Self::Connect => "no connection",
            Self::ConnectTimeout => "no connection in time",
            Self::Tls => "TLS was refused",
            Self::ProxyAuth => "the proxy refused the credentials",
            Self::Nack => "the server refused the request unprocessed",
            Self::ConnectionLost => "connection lost before a response",
            Self::Protocol => "the answer is not HTTP",
            Self::HeadTimeout => "no response in time",
            Self::BodyTimeout => "the response body did not arrive in time",
            Self::Body => "the response body was cut",
            Self::BodyTooLarge => "the response body is larger than the buffer",
            Self::Other => "the request failed",
        })
    }
}

impl FailureKind {
    /// A word for logs and metrics, of low cardinality.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Hook => "hook",
            Self::Unready => "unready",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::ConnectTimeout => "connect_timeout",
            Self::Tls => "tls",
            Self::ProxyAuth => "proxy_auth",
            Self::Nack => "nack",
            Self::ConnectionLost => "connection_lost",
            Self::Protocol => "protocol",
            Self::HeadTimeout => "head_timeout",
            Self::BodyTimeout => "body_timeout",
            Self::Body => "body",
            Self::BodyTooLarge => "body_too_large",
            Self::Other => "other",
        }
    }
}

impl Delivery {
    /// True if the server certainly did not act, so that any request may be repeated.
    #[must_use]
    pub fn is_untouched(self) -> bool {
        matches!(self, Self::NeverSent | Self::Refused)
    }
}
