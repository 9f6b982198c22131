use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// An HTTP/2 server written frame by frame (RFC 9113 §6): one step per request, then an empty 200 for ever.
///
/// A server library would not refuse a stream that it has accepted, nor lie about one that it has processed.
#[derive(Clone)]
pub(crate) struct H2Server {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    steps: VecDeque<H2Step>,
    arrivals: usize,
}

/// What becomes of one request that was read to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum H2Step {
    /// `RST_STREAM` with this code.
    Reset(u32),
    /// `GOAWAY` with a last id below our stream and this code, then FIN.
    GoAwayBelow(u32),
    /// `GOAWAY` with our stream as the last id and this code, then FIN.
    GoAwayAt(u32),
    /// FIN without another frame.
    Fin,
    /// RST of the TCP connection.
    Rst,
    /// What is no HTTP/2 frame.
    Garbage,
    /// The head of a 200 and a part of its body, then `RST_STREAM`.
    CutBody,
    /// The head of a 200 that announces five million bytes, and the end of the stream: the answer to a HEAD.
    Announced,
}

pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const PROTOCOL_ERROR: u32 = 1;
pub(crate) const INTERNAL_ERROR: u32 = 2;
pub(crate) const FLOW_CONTROL_ERROR: u32 = 3;
pub(crate) const STREAM_CLOSED: u32 = 5;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;
pub(crate) const HTTP_1_1_REQUIRED: u32 = 13;

impl H2Server {
    pub(crate) async fn start(steps: impl IntoIterator<Item = H2Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            shared: Arc::default(),
        };
        server.shared.lock().unwrap().steps.extend(steps);
        let own = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let own = own.clone();
                tokio::spawn(async move { own.connection(stream).await });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/charges", self.address)
    }

    /// How many requests were read to their end.
    pub(crate) fn arrivals(&self) -> usize {
        self.shared.lock().unwrap().arrivals
    }

    async fn connection(&self, mut stream: TcpStream) -> Option<()> {
        stream.read_exact(&mut [0; PREFACE_LEN]).await.ok()?;
        write(&mut stream, &frame(SETTINGS, 0, 0, &[])).await?;
        loop {
            let (kind, flags, id) = read(&mut stream).await?;
            match kind {
                SETTINGS if flags & ACK == 0 => write(&mut stream, &frame(SETTINGS, ACK, 0, &[])).await?,
                HEADERS | DATA if flags & END_STREAM != 0 => self.answer(&mut stream, id).await?,
                _ => {}
            }
        }
    }

    /// Answers one request; `None` ends the connection.
    async fn answer(&self, stream: &mut TcpStream, id: u32) -> Option<()> {
        let step = {
            let mut shared = self.shared.lock().unwrap();
            shared.arrivals += 1;
            shared.steps.pop_front()
        };
        let bytes = match step {
            None => frame(HEADERS, END_HEADERS | END_STREAM, id, &[STATUS_200]),
            Some(H2Step::Reset(code)) => frame(RST_STREAM, 0, id, &code.to_be_bytes()),
            Some(H2Step::GoAwayBelow(code)) => go_away(id.saturating_sub(2), code),
            Some(H2Step::GoAwayAt(code)) => go_away(id, code),
            Some(H2Step::Garbage) => b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            Some(H2Step::CutBody) => [
                frame(HEADERS, END_HEADERS, id, &[STATUS_200]),
                frame(DATA, 0, id, b"half"),
                frame(RST_STREAM, 0, id, &INTERNAL_ERROR.to_be_bytes()),
            ]
            .concat(),
            Some(H2Step::Announced) => {
                // A literal without indexing, named by entry 28 of the static table (RFC 7541 §6.2.2).
                let head = [&[STATUS_200, 0x0f, 28 - 15, 7], &b"5000000"[..]].concat();
                frame(HEADERS, END_HEADERS | END_STREAM, id, &head)
            }
            Some(H2Step::Fin | H2Step::Rst) => Vec::new(),
        };
        write(stream, &bytes).await?;
        match step {
            None | Some(H2Step::Reset(_) | H2Step::CutBody | H2Step::Announced) => Some(()),
            Some(H2Step::Rst) => {
                stream.set_zero_linger().unwrap();
                None
            }
            Some(_) => {
                stream.shutdown().await.ok()?;
                // What the client still sends must not turn the close into an RST.
                while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
                None
            }
        }
    }
}

/// Reads one frame: its kind, flags and stream.
async fn read(stream: &mut TcpStream) -> Option<(u8, u8, u32)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let [a, b, c, kind, flags, id @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    stream.read_exact(&mut payload).await.ok()?;
    Some((kind, flags, u32::from_be_bytes(id)))
}

async fn write(stream: &mut TcpStream, bytes: &[u8]) -> Option<()> {
    stream.write_all(bytes).await.ok()
}

fn frame(kind: u8, flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &id.to_be_bytes(), payload].concat()
}

fn go_away(last: u32, code: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat())
}

const PREFACE_LEN: usize = 24;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:status 200` in HPACK's static table (RFC 7541 appendix A).
const STATUS_200: u8 = 0x88;
