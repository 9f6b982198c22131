//! A server that sends the bytes it was given, for what no proxy of real answers can say.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use steadfast::{Client, Delivery, Effect, FailureKind, KeySupport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::row::{LONG, quick, receipt, said};

/// Answers the first request with some bytes and closes, and all others with an empty 200.
pub(super) struct Raw {
    pub(super) address: SocketAddr,
    /// How many requests were read; each counts as executed.
    pub(super) requests: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Raw {
    pub(super) async fn start(first: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let (first, count) = (first.into(), Arc::clone(&requests));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                // One after another: there is one client.
                answer(socket, &first, &count).await;
            }
        });
        Self {
            address,
            requests,
            _tasks: tasks,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/v1/charges", self.address)
    }

    pub(super) fn count(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Heads come in one piece over loopback, and the bodies of these tests with them.
async fn answer(mut socket: TcpStream, first: &[u8], count: &AtomicUsize) {
    let mut request = vec![0; 16 * 1024];
    if !socket.read(&mut request).await.is_ok_and(|read| read > 0) {
        return;
    }
    let bytes = if count.fetch_add(1, Ordering::SeqCst) == 0 {
        first
    } else {
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    };
    let _ = socket.write_all(bytes).await;
    let _ = socket.shutdown().await;
    // What the client still sends must not turn the close into a reset.
    while socket.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
}

pub(super) fn client(support: KeySupport) -> Client {
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    quick(http).key_support(support).build().unwrap()
}

/// Meets these bytes in the place of an answer: executed, in doubt, and repeated under a key alone.
async fn check(number: u8, bytes: &[u8], (kind, delivery, effect): (FailureKind, Delivery, Effect)) {
    for support in [KeySupport::Honored, KeySupport::Ignored] {
        let server = Raw::start(bytes).await;
        let name = format!("row {number}, {support:?}: {}", String::from_utf8_lossy(bytes));
        let receipt = receipt(client(support).post(server.url()).body("amount=100").send().await);
        assert_eq!(said(&receipt), (kind, delivery, effect), "{name}");
        let arrivals = if support == KeySupport::Honored { 2 } else { 1 };
        assert_eq!(
            (server.count(), receipt.attempts().len()),
            (arrivals, arrivals),
            "{name}"
        );
    }
}

/// The rows that are shown in this file.
pub(super) const ROWS: [u8; 6] = [23, 31, 32, 36, 37, 38];

#[tokio::test]
async fn what_is_not_http_leaves_doubt() {
    let many = "x-many: 1\r\n".repeat(101);
    let doubt = (FailureKind::Protocol, Delivery::Unknown, Effect::Unknown);
    for (number, text) in [
        (31, "SSH-2.0-OpenSSH_9.6\r\n".to_owned()),
        (31, "HTTP/9.9 200 OK\r\n\r\n".to_owned()),
        (31, "HTTP/1.1 2x0 OK\r\n\r\n".to_owned()),
        (
            31,
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(),
        ),
        (31, format!("HTTP/1.1 200 OK\r\n{many}\r\n")),
        (32, "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n".to_owned()),
        (32, "HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n".to_owned()),
    ] {
        check(number, text.as_bytes(), doubt).await;
    }
}

#[tokio::test]
async fn a_body_in_a_broken_form_is_applied_without_an_answer() {
    let begun = (FailureKind::Body, Delivery::ResponseStarted, Effect::Applied);
    for (number, text) in [
        (36, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nha"),
        (
            36,
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nha",
        ),
        (
            38,
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope",
        ),
    ] {
        check(number, text.as_bytes(), begun).await;
    }
}

#[tokio::test]
async fn what_hyper_takes_for_an_answer_is_one() {
    let continues = "HTTP/1.1 100 Continue\r\n\r\n".repeat(100);
    for text in [
        // 32: many interim answers, bare line feeds.
        format!("{continues}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
        "HTTP/1.1 200 OK\ncontent-length: 2\n\nok".to_owned(),
        // 37: cut, but nobody can tell.
        "HTTP/1.1 200 OK\r\n\r\nok".to_owned(),
    ] {
        let server = Raw::start(text).await;
        let response = client(KeySupport::Ignored).post(server.url()).send().await.unwrap();
        assert_eq!((response.text().await.unwrap().as_str(), server.count()), ("ok", 1));
    }
}

#[tokio::test]
async fn a_connection_that_ended_while_idle_is_replaced_silently() {
    let server = Raw::start("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let client = client(KeySupport::Ignored);
    client.post(server.url()).send().await.unwrap();
    // The end of the connection has to arrive before the second request.
    steadfast::Clock::system().sleep(LONG / 200).await;

    let receipt = receipt(client.post(server.url()).send().await);

    assert_eq!(
        (receipt.attempts().len(), receipt.effect(), server.count()),
        (1, Effect::Applied, 2)
    );
}
