//! One HTTP/2 connection: its streams, and the faults that are the connection's.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{Connection, SendResponse};
use http::Request;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::acts::Acts;
use super::exchange::{Doom, Exchange, Order};
use super::fault::{Ending, Fault};
use super::head::RequestHead;
use super::shared::{GARBAGE, Shared};
use super::stream;
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
        acts: Acts::default(),
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
    acts: Acts,
    orders: mpsc::UnboundedSender<Order>,
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
            acts: self.acts.clone(),
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

/// Long enough for frames that are queued to be written.
pub(super) const FLUSH: Duration = Duration::from_millis(5);
