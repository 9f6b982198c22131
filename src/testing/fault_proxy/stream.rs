//! The client's side of a connection, plain or TLS, and the ways to end it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::fault::Ending;
use crate::testing::time;

#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Ends the connection.
    pub(super) async fn end(self, by: Ending) {
        // TLS ends without `close_notify`: this is a connection that dies, not one that is closed.
        let socket = match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.into_inner().0,
        };
        end(socket, by).await;
    }

    /// Keeps the connection open without reading, until the peer closes its side.
    pub(super) async fn hold(self) {
        let socket = match &self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0,
        };
        hold(socket).await;
    }
}

/// Ends a TCP connection.
pub(super) async fn end(mut socket: TcpStream, by: Ending) {
    match by {
        Ending::Reset => {
            // With a linger of zero the kernel answers the close with a RST and drops what was not sent.
            let _ = socket.set_zero_linger();
        }
        Ending::Close => {
            let _ = socket.shutdown().await;
            // Closing with unread bytes would turn the FIN into a RST, so they are read; not for ever.
            tokio::select! {
                () = drain(&mut socket) => {}
                () = time::pause(DRAIN) => {}
            }
        }
    }
}

/// Waits until the peer has closed its side, however many bytes lie unread before that.
pub(super) async fn hold(socket: &TcpStream) {
    while let Ok(ready) = socket.ready(Interest::READABLE).await {
        if ready.is_read_closed() {
            return;
        }
        time::pause(POLL).await;
    }
}

async fn drain(socket: &mut TcpStream) {
    let mut scratch = [0; 4096];
    while socket.read(&mut scratch).await.is_ok_and(|read| read > 0) {}
}

const DRAIN: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(10);

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
