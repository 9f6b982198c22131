//! What can go wrong on the wire, as data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::text;

/// What happens to one request, or to one connection.
///
/// Prints as JSON and reads back from it, so that a run can be repeated from its log.
///
/// # Examples
///
/// ```
/// use steadfast::testing::fault_proxy::Fault;
///
/// let fault = Fault::lost_response();
/// assert_eq!(fault.to_string(), r#"{"end":{"at":"after_execution","by":"close"}}"#);
/// assert_eq!(fault.to_string().parse::<Fault>()?, fault);
/// # Ok::<(), steadfast::testing::fault_proxy::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// Forwards the request and the response as they are.
    Pass,
    /// Answers in the server's place; the server sees nothing.
    Answer {
        /// The status code.
        status: u16,
        /// Headers beside `Content-Length`, in order; a name may come twice.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        headers: Vec<(String, String)>,
        /// The body.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        body: String,
    },
    /// Lets the server execute, and holds its answer back for a time.
    DelayHead(#[serde(with = "text::millis")] Duration),
    /// Hands the body on in small pieces.
    DripBody {
        /// How many bytes a piece has, at least 1.
        bytes: usize,
        /// The pause before each piece.
        #[serde(with = "text::millis")]
        every: Duration,
    },
    /// Limits both directions to this many bytes per second, at least 1.
    Bandwidth(u32),
    /// Ends the connection.
    End {
        /// When.
        at: Point,
        /// How.
        by: Ending,
    },
    /// Falls silent and keeps the connection open, until the client leaves.
    Stall {
        /// When.
        at: Point,
    },
    /// Sends bytes that are not HTTP in the place of an answer, and closes.
    Garbage {
        /// Before the request is forwarded, or at any later point after the server executed it.
        at: Point,
    },
    /// Passes, and ends the kept-alive connection as soon as the next request begins on it.
    EndOnReuse(Ending),
    /// Resets a new connection at once; waits in the script for a new connection.
    ///
    /// A connection that is refused is [`FaultProxy::refuse_connections`](super::FaultProxy::refuse_connections).
    ResetOnAccept,
    /// Fails the TLS handshake; waits in the script for a new connection.
    Handshake(Handshake),
    /// HTTP/2: resets the stream. Over HTTP/1.1, resets the connection.
    ResetStream {
        /// Before the request is forwarded, or at any later point after the server executed it.
        at: Point,
        /// The error code (RFC 9113 §7): 7 is `REFUSED_STREAM`.
        reason: u32,
    },
    /// HTTP/2: sends `GOAWAY` and closes. Over HTTP/1.1, closes the connection.
    GoAway {
        /// Before the request is forwarded, or at any later point after the server executed it.
        at: Point,
        /// The last stream that the frame claims to have been processed.
        last: LastStream,
        /// The error code (RFC 9113 §7): 0 is `NO_ERROR`.
        reason: u32,
    },
}

/// How far a request came, and what of the answer got through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Point {
    /// At the first byte of the request: it is not read.
    BeforeReading,
    /// The request was read whole; the server never sees it.
    BeforeForwarding,
    /// The server executed and answered; the client sees no byte of it.
    AfterExecution,
    /// The client sees `HTTP/1.1` and a space, no status. Over HTTP/2 as [`AfterExecution`](Self::AfterExecution).
    StatusLine,
    /// The client sees the status and a part of the headers. Over HTTP/2 as [`AfterExecution`](Self::AfterExecution).
    Headers,
    /// The client sees the head and this many bytes of the body as it is on the wire, but never its last byte.
    Body(u64),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// With a FIN, as a process that exits does; over TLS without `close_notify`.
    Close,
    /// With a RST, as a crashed host or a firewall does.
    Reset,
}

/// How a TLS handshake fails. An unknown certificate authority needs no fault: nobody knows the proxy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Handshake {
    /// With the alert `handshake_failure`.
    Alert,
    /// With a FIN.
    Close,
    /// With a RST.
    Reset,
    /// Not at all: the proxy reads and falls silent.
    Stall,
    /// With an answer in plain text.
    Plaintext,
}

/// Which stream a `GOAWAY` names as the last one processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LastStream {
    /// The one before: the server says that it did not act on ours.
    Below,
    /// Ours: it may have acted.
    Ours,
}

impl Fault {
    /// The server executes, and the connection closes before its response: the case that everything here is about.
    #[must_use]
    pub const fn lost_response() -> Self {
        Self::close(Point::AfterExecution)
    }

    /// Closes the connection with a FIN.
    #[must_use]
    pub const fn close(at: Point) -> Self {
        Self::End { at, by: Ending::Close }
    }

    /// Ends the connection with a RST.
    #[must_use]
    pub const fn reset(at: Point) -> Self {
        Self::End { at, by: Ending::Reset }
    }

    /// Falls silent.
    #[must_use]
    pub const fn stall(at: Point) -> Self {
        Self::Stall { at }
    }

    /// Answers with a status and nothing else, in the server's place.
    #[must_use]
    pub const fn answer(status: u16) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// Refuses the HTTP/2 stream without forwarding the request, as a busy server does.
    #[must_use]
    pub const fn refused_stream() -> Self {
        Self::ResetStream {
            at: Point::BeforeForwarding,
            reason: 7,
        }
    }

    /// Goes away below our stream, without forwarding the request, as a server that restarts does.
    #[must_use]
    pub const fn go_away() -> Self {
        Self::GoAway {
            at: Point::BeforeForwarding,
            last: LastStream::Below,
            reason: 0,
        }
    }

    /// Tells when the fault strikes, and so when the script has to be asked for it.
    pub(super) const fn stage(&self) -> Stage {
        match self {
            Self::ResetOnAccept | Self::Handshake(_) => Stage::Accept,
            Self::End {
                at: Point::BeforeReading,
                ..
            }
            | Self::Stall {
                at: Point::BeforeReading,
            }
            | Self::Garbage {
                at: Point::BeforeReading,
            }
            | Self::ResetStream {
                at: Point::BeforeReading,
                ..
            }
            | Self::GoAway {
                at: Point::BeforeReading,
                ..
            } => Stage::FirstByte,
            _ => Stage::Request,
        }
    }

    /// Returns the point of the faults that have one.
    pub(super) const fn point(&self) -> Option<Point> {
        match self {
            Self::End { at, .. }
            | Self::Stall { at }
            | Self::Garbage { at }
            | Self::ResetStream { at, .. }
            | Self::GoAway { at, .. } => Some(*at),
            _ => None,
        }
    }

    /// Tells whether the server sees the request.
    pub(super) const fn forwards(&self) -> bool {
        match self {
            Self::Answer { .. } | Self::ResetOnAccept | Self::Handshake(_) => false,
            _ => !matches!(self.point(), Some(Point::BeforeReading | Point::BeforeForwarding)),
        }
    }
}

/// The moments at which a script is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Accept,
    FirstByte,
    Request,
}
