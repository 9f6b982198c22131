use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::arrival::is_whole;
use super::{Arrival, pause};

/// A TCP server that answers with bytes, not with HTTP: one step per request, then an empty 200 for ever.
#[derive(Clone)]
pub(crate) struct RawServer {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    steps: VecDeque<Step>,
    arrivals: Vec<Arrival>,
    connections: usize,
}

/// What becomes of one request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Before anything is read.
    OnAccept(After),
    /// After this many bytes of the request.
    Read(usize, After),
    /// After the whole request: these bytes.
    Write(Vec<u8>, After),
    /// After this many bytes of the request: these bytes, while the rest is still on its way.
    ReadThenWrite(usize, Vec<u8>, After),
    /// After this many bytes it reads no more, and keeps the connection.
    ReadThenStop(usize),
    /// After the whole request: these bytes, and then one every few milliseconds for ever.
    Drip(Vec<u8>),
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// It waits for the next request.
    Keep,
    /// FIN.
    Fin,
    /// RST.
    Rst,
    /// Neither a byte nor an end until the client leaves.
    Stall,
    /// As `Stall`, and nothing more is read.
    Deaf,
    /// A byte now and then.
    Drip,
}

/// A whole answer that leaves the connection open.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Step {
    let length = body.len();
    let text = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}");
    Step::Write(text.into(), After::Keep)
}

impl RawServer {
    pub(crate) async fn start(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), steps)
    }

    pub(crate) fn serve(listener: TcpListener, steps: impl IntoIterator<Item = Step>) -> Self {
        let server = Self {
            address: listener.local_addr().unwrap(),
            shared: Arc::new(Mutex::new(Shared {
                steps: steps.into_iter().collect(),
                arrivals: Vec::new(),
                connections: 0,
            })),
        };
        let own = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let own = own.clone();
                tokio::spawn(async move { own.connection(stream).await });
            }
        });
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requests of which at least one byte was read, in order.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.shared.lock().unwrap().arrivals.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.lock().unwrap().connections
    }

    /// True if the next step ends in silence.
    pub(crate) fn next_stalls(&self) -> bool {
        let shared = self.shared.lock().unwrap();
        matches!(shared.steps.front(), Some(Step::Write(_, After::Stall)))
    }

    fn arrived(&self, arrival: Arrival) {
        self.shared.lock().unwrap().arrivals.push(arrival);
    }

    async fn connection(&self, mut stream: TcpStream) {
        let at_once = self.accepted();
        if let Some(after) = at_once {
            return finish(stream, after).await;
        }
        while stream.peek(&mut [0]).await.is_ok_and(|read| read > 0) {
            let step = self.shared.lock().unwrap().steps.pop_front();
            let (most, bytes, after) = match step.unwrap_or_else(|| answer(200, "", "")) {
                Step::OnAccept(after) => (0, Vec::new(), after),
                Step::Read(most, after) => (most, Vec::new(), after),
                Step::Write(bytes, after) => (usize::MAX, bytes, after),
                Step::ReadThenWrite(most, bytes, after) => (most, bytes, after),
                Step::ReadThenStop(most) => (most, Vec::new(), After::Deaf),
                Step::Drip(bytes) => (usize::MAX, bytes, After::Drip),
            };
            let raw = read(&mut stream, most).await;
            self.arrived(Arrival { raw });
            if stream.write_all(&bytes).await.is_err() {
                return;
            }
            if after != After::Keep {
                return finish(stream, after).await;
            }
        }
    }

    /// Counts the connection, and says what becomes of it before anything is read.
    fn accepted(&self) -> Option<After> {
        let mut shared = self.shared.lock().unwrap();
        shared.connections += 1;
        let at_once = match shared.steps.front() {
            Some(Step::OnAccept(after)) => Some(*after),
            _ => None,
        };
        if at_once.is_some() {
            shared.steps.pop_front();
        }
        at_once
    }
}

/// Reads until the request is whole or `most` bytes are there, and never a byte more than that.
async fn read(stream: &mut TcpStream, most: usize) -> Vec<u8> {
    let mut raw = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    while raw.len() < most && !is_whole(&raw) {
        let room = buffer.len().min(most - raw.len());
        match stream.read(&mut buffer[..room]).await {
            Ok(0) | Err(_) => break,
            Ok(read) => raw.extend_from_slice(&buffer[..read]),
        }
    }
    raw
}

async fn finish(mut stream: TcpStream, after: After) {
    match after {
        After::Rst => stream.set_zero_linger().unwrap(),
        After::Fin => {
            // An unread byte would turn the close into an RST.
            let _ = stream.shutdown().await;
            drain(&mut stream).await;
        }
        After::Keep | After::Stall => drain(&mut stream).await,
        After::Deaf => std::future::pending().await,
        After::Drip => {
            while stream.write_all(b"y").await.is_ok() {
                pause(Duration::from_millis(5)).await;
            }
        }
    }
}

async fn drain(stream: &mut TcpStream) {
    let mut buffer = vec![0; 16 * 1024];
    while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}
