//! Accepts connections and finds out what is spoken on them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::fault::{Ending, Fault, Handshake};
use super::http1::Http1;
use super::http2;
use super::shared::{GARBAGE, Shared};
use super::stream::{self, Stream};
use crate::testing::tasks::Tasks;
use crate::testing::time;

/// Begins to listen; the port is refused again when `door` ends.
pub(super) async fn open(shared: Arc<Shared>, address: SocketAddr, door: &Tasks) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    door.spawn(listen(shared, listener));
    Ok(address)
}

async fn listen(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        // An accept fails when the peer has gone already, or descriptors run short: neither ends the proxy.
        let Ok((socket, _)) = listener.accept().await else {
            time::pause(RETRY).await;
            continue;
        };
        let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
        shared.tasks.spawn(serve(Arc::clone(&shared), socket, number));
    }
}

async fn serve(shared: Arc<Shared>, socket: TcpStream, connection: u64) {
    let _ = socket.set_nodelay(true);
    if let Some(fault) = shared.director.on_accept(connection) {
        let entry = shared.log.arrived(connection);
        shared.log.struck(entry, &fault);
        refuse(socket, &fault).await;
        return shared.log.ended(entry);
    }
    match protocol(&socket).await {
        Ok(Protocol::Http1) => Http1::new(shared, Stream::Plain(socket), connection).run().await,
        Ok(Protocol::Http2) => http2::serve(shared, socket, connection).await,
        Ok(Protocol::Tls) => {
            // A handshake that fails here is a client that does not trust the certificate.
            if let Ok(stream) = shared.tls.accept(socket).await {
                Http1::new(shared, Stream::Tls(Box::new(stream)), connection)
                    .run()
                    .await;
            }
        }
        Err(_) => {}
    }
}

async fn refuse(mut socket: TcpStream, fault: &Fault) {
    let Fault::Handshake(handshake) = fault else {
        return stream::end(socket, Ending::Reset).await;
    };
    // All of them answer the ClientHello; before it there is no handshake.
    if !socket.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {
        return;
    }
    let (bytes, by) = match handshake {
        Handshake::Stall => return stream::hold(&socket).await,
        Handshake::Alert => (HANDSHAKE_FAILURE, Ending::Close),
        Handshake::Plaintext => (GARBAGE, Ending::Close),
        Handshake::Close => (&[][..], Ending::Close),
        Handshake::Reset => (&[][..], Ending::Reset),
    };
    if socket.write_all(bytes).await.is_ok() {
        stream::end(socket, by).await;
    }
}

enum Protocol {
    Http1,
    Http2,
    Tls,
}

/// Looks at the first bytes, without taking them: all three protocols begin with the client.
async fn protocol(socket: &TcpStream) -> io::Result<Protocol> {
    let mut first = [0; 3];
    loop {
        let length = socket.peek(&mut first).await?;
        match &first[..length] {
            [] => return Err(io::ErrorKind::UnexpectedEof.into()),
            [0x16, ..] => return Ok(Protocol::Tls),
            b"PRI" => return Ok(Protocol::Http2),
            // "P" can still become POST.
            b"P" | b"PR" => time::pause(Duration::from_millis(1)).await,
            _ => return Ok(Protocol::Http1),
        }
    }
}

/// A fatal alert `handshake_failure` (RFC 8446 §6.2), as a record.
const HANDSHAKE_FAILURE: &[u8] = &[0x15, 3, 3, 0, 2, 2, 40];

/// Between two attempts to accept: descriptors do not come back faster.
const RETRY: Duration = Duration::from_millis(1);
