//! One HTTP/1.1 connection, request by request.

use std::fmt::Write;
use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use http::StatusCode;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::fault::{Ending, Fault};
use super::head::RequestHead;
use super::outlet::{Outlet, Pace, Part, Progress, transfer_time};
use super::passage::Entry;
use super::shared::{GARBAGE, Shared};
use super::stream::Stream;
use super::upstream::Upstream;
use crate::testing::time;

pub(super) struct Http1 {
    shared: Arc<Shared>,
    client: Stream,
    connection: u64,
    buffer: BytesMut,
    upstream: Upstream,
    /// Set once a request asked for the end of the connection at the next one.
    on_reuse: Option<Ending>,
}

/// What becomes of the connection after a request.
enum Next {
    Request,
    End(Ending),
    Hold,
    /// The client has left.
    Gone,
}

impl Http1 {
    pub(super) fn new(shared: Arc<Shared>, client: Stream, connection: u64) -> Self {
        let upstream = Upstream::new(&shared.upstream);
        Self {
            shared,
            client,
            connection,
            buffer: BytesMut::new(),
            upstream,
            on_reuse: None,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            match self.next().await {
                Ok(Next::Request) => {}
                Ok(Next::End(by)) => return self.client.end(by).await,
                Ok(Next::Hold) => return self.client.hold().await,
                // An error is the client's, too: it left, or what it sent is not HTTP.
                Ok(Next::Gone) | Err(_) => return,
            }
        }
    }

    async fn next(&mut self) -> io::Result<Next> {
        if self.buffer.is_empty() && self.fill().await? == 0 {
            return Ok(Next::Gone);
        }
        let entry = self.shared.log.arrived(self.connection);
        let next = self.pass(entry).await;
        self.shared.log.ended(entry);
        next
    }

    async fn pass(&mut self, entry: Entry) -> io::Result<Next> {
        if let Some(by) = self.on_reuse {
            self.shared.log.struck(entry, &Fault::EndOnReuse(by));
            return Ok(Next::End(by));
        }
        if let Some(fault) = self.shared.director.on_first_byte(self.connection) {
            self.shared.log.struck(entry, &fault);
            return self.strike(&fault).await;
        }
        let head = self.read_head().await?;
        self.shared.log.head_read(entry, &head, &self.shared.key_headers);
        let fault = self.shared.director.on_request(self.connection, &head);
        self.shared.log.struck(entry, &fault);
        let body = self.read_body(entry, &head).await?;
        if let Fault::Bandwidth(per_second) = fault {
            time::pause(transfer_time(head.raw.len() + body.len(), per_second)).await;
        }
        if let Fault::Answer { status, headers, body } = &fault {
            self.client.write_all(&answer(*status, headers, body)).await?;
            return Ok(if head.wants_close() {
                Next::End(Ending::Close)
            } else {
                Next::Request
            });
        }
        if !fault.forwards() {
            return self.strike(&fault).await;
        }
        self.forward(entry, &head, &body, &fault).await
    }

    /// Sends the request on and brings the answer back, as far as the fault lets it.
    async fn forward(&mut self, entry: Entry, head: &RequestHead, body: &[u8], fault: &Fault) -> io::Result<Next> {
        let answer = async {
            self.upstream.send(&head.raw, body).await?;
            self.shared.log.forwarded(entry);
            self.upstream.head().await
        };
        // A server that cannot be reached, or dies, shows to the client as what it is: a connection that dies.
        let Ok(response) = answer.await else {
            self.upstream.forget();
            return Ok(Next::End(Ending::Reset));
        };
        self.shared.log.answered(entry, response.status);
        if let Fault::DelayHead(delay) = fault {
            time::pause(*delay).await;
        }
        let mut framing = response.framing(&head.method)?;
        let is_last = head.wants_close() || response.wants_close() || framing.ends_with_connection();
        let mut outlet = Outlet::new(&mut self.client, fault, &response);
        let part = if framing.is_done() { Part::Last } else { Part::Some };
        let mut progress = outlet.write(&response.raw, part).await?;
        outlet.set_pace(Pace::of_body(fault));
        while progress == Progress::Going {
            let Ok(piece) = self.upstream.piece(&mut framing, |_| {}).await else {
                self.upstream.forget();
                return Ok(Next::End(Ending::Close));
            };
            let Some(piece) = piece else { break };
            let part = if framing.is_done() { Part::Last } else { Part::Some };
            progress = outlet.write(&piece, part).await?;
        }
        if is_last || !framing.is_done() {
            self.upstream.forget();
        }
        if fault.point().is_some() {
            return self.strike(fault).await;
        }
        if let Fault::EndOnReuse(by) = fault {
            self.on_reuse = Some(*by);
        }
        Ok(if is_last {
            Next::End(Ending::Close)
        } else {
            Next::Request
        })
    }

    /// Does what the fault does once its point is reached.
    async fn strike(&mut self, fault: &Fault) -> io::Result<Next> {
        Ok(match fault {
            Fault::End { by, .. } => Next::End(*by),
            Fault::Stall { .. } => Next::Hold,
            Fault::Garbage { .. } => {
                self.client.write_all(GARBAGE).await?;
                Next::End(Ending::Close)
            }
            Fault::GoAway { .. } => Next::End(Ending::Close),
            _ => Next::End(Ending::Reset),
        })
    }

    async fn read_head(&mut self) -> io::Result<RequestHead> {
        loop {
            if let Some(head) = RequestHead::take(&mut self.buffer)? {
                return Ok(head);
            }
            if self.fill().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads the body to its end; returns it as it was on the wire.
    async fn read_body(&mut self, entry: Entry, head: &RequestHead) -> io::Result<BytesMut> {
        let mut framing = head.framing()?;
        let mut digest = Sha256::new();
        let mut body = BytesMut::new();
        if head.wants_continue() && !framing.is_done() && self.buffer.is_empty() {
            self.client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        while !framing.is_done() {
            if self.buffer.is_empty() && self.fill().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let length = framing.advance(&self.buffer, |payload| digest.update(payload))?;
            body.unsplit(self.buffer.split_to(length));
        }
        self.shared.log.body_read(entry, digest);
        Ok(body)
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.client.read_buf(&mut self.buffer).await
    }
}

/// Writes out an answer of the proxy's own.
fn answer(status: u16, headers: &[(String, String)], body: &str) -> Vec<u8> {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    let mut text = format!("HTTP/1.1 {status} {reason}\r\n");
    for (name, value) in headers {
        // Writing to a string does not fail.
        let _ = write!(text, "{name}: {value}\r\n");
    }
    let _ = write!(text, "content-length: {}\r\n\r\n{body}", body.len());
    text.into_bytes()
}
