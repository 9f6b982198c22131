//! One HTTP/2 stream: a request and its answer, or what takes its place.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::Response;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::acts::Acts;
use super::fault::{Ending, Fault, LastStream, Point};
use super::head::{RequestHead, ResponseHead};
use super::http2::FLUSH;
use super::outlet::Pace;
use super::passage::Entry;
use super::shared::Shared;
use super::upstream::Upstream;
use crate::testing::time;

/// One stream: a request and its answer.
pub(super) struct Exchange {
    pub(super) shared: Arc<Shared>,
    pub(super) entry: Entry,
    pub(super) head: RequestHead,
    pub(super) fault: Fault,
    pub(super) respond: SendResponse<Bytes>,
    /// The answer's body, once begun.
    pub(super) body: Option<SendStream<Bytes>>,
    pub(super) acts: Acts,
    pub(super) orders: mpsc::UnboundedSender<Order>,
}

/// What a stream asks of its connection, and what it holds: h2 would reset a stream that is let go of.
pub(super) struct Order {
    pub(super) doom: Doom,
    _respond: SendResponse<Bytes>,
    _body: Option<SendStream<Bytes>>,
}

pub(super) enum Doom {
    End(Ending),
    GoAway { last: u32, reason: u32 },
    Garbage,
}

impl Exchange {
    pub(super) async fn run(mut self, body: RecvStream) {
        // A failure is the client's: it reset the stream or left.
        let doom = self.pass(body).await.ok().flatten();
        self.shared.log.ended(self.entry);
        if let Some(doom) = doom {
            // Fails when the connection has ended already, which is what was asked for.
            let _ = self.orders.send(Order {
                doom,
                _respond: self.respond,
                _body: self.body,
            });
        }
    }

    async fn pass(&mut self, body: RecvStream) -> Result<Option<Doom>, h2::Error> {
        if self.fault.point() == Some(Point::BeforeReading) {
            return self.strike().await;
        }
        self.shared
            .log
            .head_read(self.entry, &self.head, &self.shared.key_headers);
        let body = read(body).await?;
        let mut digest = Sha256::new();
        digest.update(&body);
        self.shared.log.body_read(self.entry, digest);
        if let Fault::Answer { status, headers, body } = &self.fault {
            let head = ResponseHead {
                status: *status,
                headers: headers.clone(),
                raw: Bytes::new(),
            };
            let body = Bytes::from(body.clone());
            return self.send(&head, body).await.map(|()| None);
        }
        if !self.fault.forwards() {
            return self.strike().await;
        }
        let Ok((head, answer)) = self.forward(&body).await else {
            self.respond.send_reset(Reason::INTERNAL_ERROR);
            return Ok(None);
        };
        match self.fault.point() {
            None => self.send(&head, answer).await.map(|()| None),
            Some(Point::Body(bytes)) => {
                let most = answer.len().saturating_sub(1);
                let length = usize::try_from(bytes).map_or(most, |bytes| bytes.min(most));
                let stream = self.body.insert(self.respond.send_response(response(&head)?, false)?);
                stream.send_data(answer.slice(..length), false)?;
                self.strike().await
            }
            Some(_) => self.strike().await,
        }
    }

    async fn forward(&self, body: &[u8]) -> io::Result<(ResponseHead, Bytes)> {
        if !self.acts.admit(self.respond.stream_id().into()) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let mut upstream = Upstream::new(&self.shared.upstream);
        upstream.send_translated(&self.head, body).await?;
        self.shared.log.forwarded(self.entry);
        let head = upstream.head().await?;
        self.shared.log.answered(self.entry, head.status);
        let mut framing = head.framing(&self.head.method)?;
        let mut answer = Vec::new();
        while upstream
            .piece(&mut framing, |payload| answer.extend_from_slice(payload))
            .await?
            .is_some()
        {}
        Ok((head, answer.into()))
    }

    async fn send(&mut self, head: &ResponseHead, mut body: Bytes) -> Result<(), h2::Error> {
        if let Fault::DelayHead(delay) = self.fault {
            time::pause(delay).await;
        }
        let pace = Pace::of_body(&self.fault);
        let mut stream = self.respond.send_response(response(head)?, body.is_empty())?;
        while !body.is_empty() {
            if let Some(pace) = pace {
                time::pause(pace.every).await;
            }
            let length = pace.map_or(body.len(), |pace| pace.bytes.min(body.len()));
            let piece = body.split_to(length);
            stream.send_data(piece, body.is_empty())?;
        }
        Ok(())
    }

    /// Does what the fault does to the stream, or returns what it does to the connection.
    async fn strike(&mut self) -> Result<Option<Doom>, h2::Error> {
        Ok(Some(match self.fault {
            Fault::ResetStream { reason, .. } => {
                match &mut self.body {
                    Some(body) => {
                        // A reset takes back what h2 has not written yet.
                        time::pause(FLUSH).await;
                        body.send_reset(reason.into());
                    }
                    None => self.respond.send_reset(reason.into()),
                }
                return Ok(None);
            }
            Fault::Stall { .. } => {
                // Ends when the client gives the stream up, or the connection.
                match &mut self.body {
                    Some(body) => poll_fn(|cx| body.poll_reset(cx)).await?,
                    None => poll_fn(|cx| self.respond.poll_reset(cx)).await?,
                };
                return Ok(None);
            }
            Fault::GoAway { last, reason, .. } => Doom::GoAway {
                last: self.last_stream(last),
                reason,
            },
            Fault::End { by, .. } => Doom::End(by),
            Fault::Garbage { .. } => Doom::Garbage,
            _ => Doom::End(Ending::Reset),
        }))
    }

    /// The stream that a `GOAWAY` names. One that was not forwarded is disowned truly: where another one above it was,
    /// so that the frame must name that, ours is refused by itself.
    fn last_stream(&mut self, last: LastStream) -> u32 {
        let ours: u32 = self.respond.stream_id().into();
        // Clients number their streams 1, 3, 5, …; 0 is before the first.
        let below = ours.saturating_sub(2);
        match last {
            LastStream::Ours => self.acts.leave(ours),
            // A lie that the script asked for.
            LastStream::Below if self.fault.forwards() => below,
            LastStream::Below => {
                let last = self.acts.leave(below);
                if last > ours {
                    self.respond.send_reset(Reason::REFUSED_STREAM);
                }
                last
            }
        }
    }
}

async fn read(mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut whole = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// A head that is not valid in HTTP/2 can only come from a script; the stream is reset.
fn response(head: &ResponseHead) -> Result<Response<()>, h2::Error> {
    let headers = head.headers.iter().filter(|(name, _)| !is_of_connection(name));
    let builder = Response::builder().status(head.status);
    let builder = headers.fold(builder, |builder, (name, value)| builder.header(name, value));
    builder.body(()).or(Err(Reason::INTERNAL_ERROR.into()))
}

/// Headers that RFC 9113 §8.2.2 forbids.
fn is_of_connection(name: &str) -> bool {
    [
        "connection",
        "keep-alive",
        "proxy-connection",
        "transfer-encoding",
        "upgrade",
    ]
    .iter()
    .any(|forbidden| name.eq_ignore_ascii_case(forbidden))
}
