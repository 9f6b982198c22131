//! One HTTP/2 connection: its streams, and the faults that are the connection's.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::fault::{Ending, Fault, LastStream, Point};
use super::head::{RequestHead, ResponseHead};
use super::outlet::Pace;
use super::passage::Entry;
use super::shared::{GARBAGE, Shared};
use super::stream;
use super::upstream::Upstream;
use super::wire::Wire;
use crate::testing::time;

/// Serves a connection until it ends or a fault ends it.
pub(super) async fn serve(shared: Arc<Shared>, socket: TcpStream, connection: u64) {
    let wire = Wire::new(socket);
    let Ok(mut streams) = h2::server::handshake(wire.clone()).await else {
        return;
    };
    let (sender, mut orders) = mpsc::unbounded_channel();
    let mut host = Http2 {
        shared,
        connection,
        on_reuse: None,
        orders: sender,
    };
    let order = loop {
        tokio::select! {
            order = orders.recv() => break order,
            stream = streams.accept() => {
                let Some(Ok((request, respond))) = stream else { return };
                if let Some(by) = host.on_reuse {
                    host.refuse(by);
                    // Dropped before the stream is, whose reset would be sent first.
                    drop(streams);
                    return end(wire, Doom::End(by)).await;
                }
                host.admit(request, respond);
            }
        }
    };
    let Some(order) = order else { return };
    flush(&mut streams).await;
    drop(streams);
    end(wire, order.doom).await;
}

/// What a connection knows beside its streams.
struct Http2 {
    shared: Arc<Shared>,
    connection: u64,
    /// Set once a request asked for the end of the connection at the next one.
    on_reuse: Option<Ending>,
    orders: mpsc::UnboundedSender<Order>,
}

/// What a stream asks of its connection, and what it holds: h2 would reset a stream that is let go of.
struct Order {
    doom: Doom,
    _respond: SendResponse<Bytes>,
    _body: Option<SendStream<Bytes>>,
}

enum Doom {
    End(Ending),
    GoAway { last: u32, reason: u32 },
    Garbage,
}

impl Http2 {
    fn refuse(&self, by: Ending) {
        let entry = self.shared.log.arrived(self.connection);
        self.shared.log.struck(entry, &Fault::EndOnReuse(by));
        self.shared.log.ended(entry);
    }

    fn admit(&mut self, request: Request<RecvStream>, respond: SendResponse<Bytes>) {
        let entry = self.shared.log.arrived(self.connection);
        let head = translated(&request);
        let early = self.shared.director.on_first_byte(self.connection);
        let fault = early.unwrap_or_else(|| self.shared.director.on_request(self.connection, &head));
        self.shared.log.struck(entry, &fault);
        if let Fault::EndOnReuse(by) = fault {
            self.on_reuse = Some(by);
        }
        let exchange = Exchange {
            shared: Arc::clone(&self.shared),
            entry,
            head,
            fault,
            respond,
            body: None,
            orders: self.orders.clone(),
        };
        self.shared.tasks.spawn(exchange.run(request.into_body()));
    }
}

/// Lets frames that were queued before a fault reach the client.
async fn flush(streams: &mut Connection<Wire, Bytes>) {
    tokio::select! {
        _ = streams.accept() => {}
        () = time::pause(FLUSH) => {}
    }
}

async fn end(wire: Wire, doom: Doom) {
    let (bytes, by) = match doom {
        Doom::End(by) => (Vec::new(), by),
        Doom::Garbage => (GARBAGE.to_vec(), Ending::Close),
        Doom::GoAway { last, reason } => (go_away(last, reason), Ending::Close),
    };
    // A client that has gone already needs no bytes and no end.
    if wire.write(&bytes).await.is_ok()
        && let Some(socket) = wire.into_socket()
    {
        stream::end(socket, by).await;
    }
}

/// A `GOAWAY` frame (RFC 9113 §6.8), by hand: h2 always names the last stream that it has seen.
fn go_away(last: u32, reason: u32) -> Vec<u8> {
    let mut frame = vec![0, 0, 8, 7, 0, 0, 0, 0, 0];
    frame.extend(last.to_be_bytes());
    frame.extend(reason.to_be_bytes());
    frame
}

/// One stream: a request and its answer.
struct Exchange {
    shared: Arc<Shared>,
    entry: Entry,
    head: RequestHead,
    fault: Fault,
    respond: SendResponse<Bytes>,
    /// The answer's body, once begun.
    body: Option<SendStream<Bytes>>,
    orders: mpsc::UnboundedSender<Order>,
}

impl Exchange {
    async fn run(mut self, body: RecvStream) {
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

    async fn forward(&self, body: &[u8]) -> std::io::Result<(ResponseHead, Bytes)> {
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
                    Some(body) => body.send_reset(reason.into()),
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
                last: last_stream(last, self.respond.stream_id().into()),
                reason,
            },
            Fault::End { by, .. } => Doom::End(by),
            Fault::Garbage { .. } => Doom::Garbage,
            _ => Doom::End(Ending::Reset),
        }))
    }
}

/// Clients number their streams 1, 3, 5, …; 0 is before the first.
const fn last_stream(last: LastStream, ours: u32) -> u32 {
    match last {
        LastStream::Ours => ours,
        LastStream::Below => ours.saturating_sub(2),
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

fn translated(request: &Request<RecvStream>) -> RequestHead {
    let uri = request.uri();
    let host = uri
        .authority()
        .map(|authority| ("host".to_owned(), authority.to_string()));
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (
            name.as_str().to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    };
    RequestHead {
        method: request.method().as_str().to_owned(),
        target: uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        headers: host.into_iter().chain(request.headers().iter().map(text)).collect(),
        raw: Bytes::new(),
    }
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

const FLUSH: Duration = Duration::from_millis(5);
