//! The proxy's own connection to the server.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::framing::Framing;
use super::head::{RequestHead, ResponseHead};

/// A connection to the server, kept while the client's connection lives.
#[derive(Debug)]
pub(super) struct Upstream {
    address: String,
    socket: Option<TcpStream>,
    buffer: BytesMut,
}

impl Upstream {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            socket: None,
            buffer: BytesMut::new(),
        }
    }

    /// Writes a whole request.
    pub(super) async fn send(&mut self, head: &[u8], body: &[u8]) -> io::Result<()> {
        let mut socket = match self.socket.take().filter(is_usable) {
            Some(socket) => socket,
            None => TcpStream::connect(&self.address).await?,
        };
        let _ = socket.set_nodelay(true);
        self.buffer.clear();
        socket.write_all(head).await?;
        socket.write_all(body).await?;
        self.socket = Some(socket);
        Ok(())
    }

    /// Reads the head of the answer; interim ones (1xx) are left out.
    pub(super) async fn head(&mut self) -> io::Result<ResponseHead> {
        loop {
            if let Some(head) = ResponseHead::take(&mut self.buffer)? {
                if !(100..=199).contains(&head.status) {
                    return Ok(head);
                }
            } else if self.fill().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads the next piece of the body as it is on the wire; `None` at its end.
    pub(super) async fn piece(
        &mut self,
        framing: &mut Framing,
        payload: impl FnMut(&[u8]),
    ) -> io::Result<Option<Bytes>> {
        if framing.is_done() {
            return Ok(None);
        }
        if self.buffer.is_empty() && self.fill().await? == 0 {
            return if framing.ends_with_connection() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
        let length = framing.advance(&self.buffer, payload)?;
        Ok(Some(self.buffer.split_to(length).freeze()))
    }

    /// Lets go of the connection: the answer was not read to its end, or was the last one.
    pub(super) fn forget(&mut self) {
        self.socket = None;
    }

    /// Writes a request that came over HTTP/2.
    pub(super) async fn send_translated(&mut self, head: &RequestHead, body: &[u8]) -> io::Result<()> {
        let mut text = format!("{} {} HTTP/1.1\r\n", head.method, head.target);
        for (name, value) in &head.headers {
            if !name.eq_ignore_ascii_case("content-length") {
                text.extend([name, ": ", value, "\r\n"]);
            }
        }
        text.extend(["content-length: ", &body.len().to_string(), "\r\n\r\n"]);
        self.send(text.as_bytes(), body).await
    }

    async fn fill(&mut self) -> io::Result<usize> {
        let Some(socket) = self.socket.as_mut() else {
            return Ok(0);
        };
        socket.read_buf(&mut self.buffer).await
    }
}

/// Tells whether the server has neither closed the idle connection nor sent anything on it.
fn is_usable(socket: &TcpStream) -> bool {
    matches!(socket.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}
