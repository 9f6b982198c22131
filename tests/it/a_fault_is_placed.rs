//! The table of faults over HTTP/1.1: what steadfast calls each, what the server may have done, and what follows.
//!
//! The error chains of hyper and reqwest are no stable contract, so this runs on every dependency bump. Nothing that the
//! server could have processed may be called `NeverSent`.

use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;

use steadfast::{Body, Delivery, Effect, Ending, FailureKind, KeySupport, Receipt, ResponseExt, StopReason};

use crate::support::After::{Fin, Keep, Rst, Stall};
use crate::support::{After, RawServer, SHORT, Step, answer, impatient, limit};

/// What steadfast must say of one fault, met by a POST.
struct Row {
    name: &'static str,
    step: Step,
    kind: FailureKind,
    /// Whether a retry follows under a key that the server honours.
    heals: bool,
}

fn row(name: &'static str, step: Step, kind: FailureKind) -> Row {
    Row {
        name,
        step,
        kind,
        heals: true,
    }
}

fn write(bytes: &str, after: After) -> Step {
    Step::Write(bytes.as_bytes().to_vec(), after)
}

/// Before a whole response head: the server may have processed it, whatever the connection's end looks like.
fn before_the_head() -> Vec<Row> {
    use FailureKind::{ConnectionLost, HeadTimeout, Protocol};
    let many = "x-many: 1\r\n".repeat(101);
    let large = "y".repeat(600 * 1024);
    vec![
        row("17: one byte read, FIN", Step::Read(1, Fin), ConnectionLost),
        row("17: half of the head read, FIN", Step::Read(40, Fin), ConnectionLost),
        row("18: one byte read, RST", Step::Read(1, Rst), ConnectionLost),
        row("18: half of the head read, RST", Step::Read(40, Rst), ConnectionLost),
        row("19: processed, FIN", write("", Fin), ConnectionLost),
        row("20: processed, RST", write("", Rst), ConnectionLost),
        row("28: half a status line, FIN", write("HTTP/1.1 20", Fin), ConnectionLost),
        row(
            "28: half a header, FIN",
            write("HTTP/1.1 200 OK\r\ncontent-le", Fin),
            ConnectionLost,
        ),
        row(
            "28: 103, FIN",
            write("HTTP/1.1 103 Early Hints\r\n\r\n", Fin),
            ConnectionLost,
        ),
        row(
            "29: half a header, RST",
            write("HTTP/1.1 200 OK\r\ncontent-le", Rst),
            ConnectionLost,
        ),
        row("30: nothing", write("", Stall), HeadTimeout),
        row(
            "30: half a head",
            write("HTTP/1.1 200 OK\r\ncontent-le", Stall),
            HeadTimeout,
        ),
        row(
            "30: 102 and nothing more",
            write("HTTP/1.1 102 Processing\r\n\r\n", Stall),
            HeadTimeout,
        ),
        row("31: garbage", write("\x00\x01 what is this\r\n\r\n", Keep), Protocol),
        row("31: another protocol", write("SSH-2.0-OpenSSH_9.6\r\n", Keep), Protocol),
        row("31: bad version", write("HTTP/9.9 200 OK\r\n\r\n", Keep), Protocol),
        row("31: bad status", write("HTTP/1.1 2x0 OK\r\n\r\n", Keep), Protocol),
        row(
            "31: bad header",
            write("HTTP/1.1 200 OK\r\nbad header\r\n\r\n", Keep),
            Protocol,
        ),
        row(
            "31: two lengths",
            write(
                "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
                Keep,
            ),
            Protocol,
        ),
        row(
            "31: length overflow",
            write("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n", Keep),
            Protocol,
        ),
        row(
            "31: 101 headers",
            write(&format!("HTTP/1.1 200 OK\r\n{many}\r\n"), Keep),
            Protocol,
        ),
        row(
            "31: head too large",
            write(&format!("HTTP/1.1 200 OK\r\nx: {large}\r\n\r\n"), Keep),
            Protocol,
        ),
        row(
            "32: unasked 101",
            write("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", Keep),
            Protocol,
        ),
        row(
            "32: status 999",
            write("HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n", Keep),
            Protocol,
        ),
    ]
}

/// After the head of a 200, with the body buffered.
fn after_the_head() -> Vec<Row> {
    use FailureKind::{Body, BodyTimeout, BodyTooLarge};
    let long = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let zipped = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope";
    let large = format!("HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n{}", "y".repeat(2_000));
    vec![
        row("33: shorter than its length", write(long, Fin), Body),
        row("33: cut chunk", write(&format!("{chunked}5\r\nha"), Fin), Body),
        row("33: no last chunk", write(&format!("{chunked}2\r\nha\r\n"), Fin), Body),
        row("34: RST in the body", write(long, Rst), Body),
        row("35: stall in the body", write(long, Stall), BodyTimeout),
        row(
            "35: stall after the head",
            write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", Stall),
            BodyTimeout,
        ),
        row("36: bad chunk size", write(&format!("{chunked}zz\r\nha"), Keep), Body),
        row(
            "36: chunk size overflow",
            write(&format!("{chunked}fffffffffffffffff\r\nha"), Keep),
            Body,
        ),
        row("38: bad gzip", write(zipped, Keep), Body),
        Row {
            heals: false,
            ..row("too large to buffer", write(&large, Keep), BodyTooLarge)
        },
    ]
}

const PLAIN: &str = "HTTP/1.1 400 Bad Request\r\n\r\n";

fn secure(server: &RawServer) -> String {
    server.url("/charges").replace("http:", "https:")
}

async fn post(step: Step, support: KeySupport) -> (Result<reqwest::Response, steadfast::Error>, usize) {
    let server = RawServer::start([step]).await;
    // Long enough for what is not meant to time out.
    let patience = if server.next_stalls() {
        SHORT
    } else {
        Duration::from_secs(20)
    };
    let client = impatient()
        .0
        .key_support(support)
        .attempt_timeout(patience)
        .buffer(1_000)
        .build()
        .unwrap();
    let result = limit(client.post(server.url("/charges")).body("amount=100").send()).await;
    let arrivals = server.arrivals().len();
    (result, arrivals)
}

fn first(receipt: &Receipt) -> (FailureKind, Delivery, Effect) {
    let attempt = &receipt.attempts()[0];
    match attempt.ending() {
        Ending::Failure { kind, delivery, .. } => (kind, delivery, attempt.effect()),
        other => panic!("{other}"),
    }
}

async fn check(row: Row, delivery: Delivery, effect: Effect) {
    let name = row.name;
    let (result, arrivals) = post(row.step.clone(), KeySupport::Honored).await;
    let receipt = match &result {
        Ok(response) => response.receipt().unwrap(),
        Err(error) => error.receipt().unwrap(),
    };
    assert_eq!(first(receipt), (row.kind, delivery, effect), "{name}");
    assert_eq!(result.is_ok(), row.heals, "{name}: {receipt}");
    assert!(
        if row.heals { arrivals >= 2 } else { arrivals == 1 },
        "{name}: {arrivals} arrivals"
    );

    let (result, arrivals) = post(row.step, KeySupport::Ignored).await;
    let error = result.unwrap_err();
    assert_eq!(arrivals, 1, "{name}: repeated although the server ignores keys");
    assert_eq!(error.effect(), effect, "{name}");
    assert_eq!(first(error.receipt().unwrap()), (row.kind, delivery, effect), "{name}");
    assert_eq!(error.is_not_replayable(), row.heals, "{name}");
}

#[tokio::test]
async fn what_happens_before_a_whole_head_leaves_doubt_and_is_repeated_only_under_a_key() {
    for row in before_the_head() {
        check(row, Delivery::Unknown, Effect::Unknown).await;
    }
}

#[tokio::test]
async fn what_happens_after_the_head_of_a_success_leaves_no_doubt_but_no_answer_either() {
    for row in after_the_head() {
        check(row, Delivery::ResponseStarted, Effect::Applied).await;
    }
}

#[tokio::test]
async fn a_refused_connection_never_reached_the_server() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/charges", socket.local_addr().unwrap());
    let client = impatient().0.key_support(KeySupport::Ignored).build().unwrap();

    let error = limit(client.post(url).send()).await.unwrap_err();

    let receipt = error.receipt().unwrap();
    assert_eq!(
        first(receipt),
        (FailureKind::Connect, Delivery::NeverSent, Effect::NotApplied)
    );
    assert_eq!((receipt.attempts().len(), error.effect()), (5, Effect::NotApplied));
    assert!(error.is_connect() && error.is_attempts_exhausted());
}

#[tokio::test]
async fn a_connect_that_takes_too_long_never_reached_the_server() {
    // 12: a handshake that gets no answer.
    let server = RawServer::start((0..9).map(|_| Step::OnAccept(Stall))).await;
    let builder = impatient().0.key_support(KeySupport::Ignored).connect_timeout(SHORT);
    let client = builder.build().unwrap();

    let error = limit(client.post(secure(&server)).send()).await.unwrap_err();

    let receipt = error.receipt().unwrap();
    assert_eq!(
        first(receipt),
        (FailureKind::ConnectTimeout, Delivery::NeverSent, Effect::NotApplied)
    );
    assert!(error.is_timeout() && error.is_connect());
    assert_eq!((receipt.attempts().len(), server.connections()), (5, 5));
}

#[tokio::test]
async fn without_a_shorter_connect_timeout_the_same_looks_unknown() {
    let server = RawServer::start([Step::OnAccept(Stall)]).await;
    let http = reqwest::Client::builder().build().unwrap();
    let client = steadfast::Client::from_reqwest(http);

    let url = secure(&server);
    let error = limit(client.post(url).key_support(KeySupport::Ignored).timeout(SHORT).send())
        .await
        .unwrap_err();

    let receipt = error.receipt().unwrap();
    assert_eq!(
        first(receipt),
        (FailureKind::HeadTimeout, Delivery::Unknown, Effect::Unknown)
    );
    assert_eq!(receipt.attempts().len(), 1);
}

#[tokio::test]
async fn what_is_no_tls_is_final_and_never_reached_the_server() {
    // 10: an answer in plain text.
    let server = RawServer::start((0..9).map(|_| Step::ReadThenWrite(1, PLAIN.into(), Fin))).await;
    let client = impatient().0.build().unwrap();
    let error = limit(client.post(secure(&server)).send()).await.unwrap_err();
    assert_eq!(
        first(error.receipt().unwrap()),
        (FailureKind::Tls, Delivery::NeverSent, Effect::NotApplied)
    );
    assert_eq!(
        (error.receipt().unwrap().stop(), server.connections()),
        (StopReason::Final, 1)
    );
    assert!(error.is_connect());

    // 11: the end of a connection in the handshake may be a restart.
    for after in [Fin, Rst] {
        let server = RawServer::start((0..9).map(|_| Step::Read(1, after))).await;
        let error = limit(client.post(secure(&server)).send()).await.unwrap_err();
        assert_eq!(
            first(error.receipt().unwrap()),
            (FailureKind::Connect, Delivery::NeverSent, Effect::NotApplied)
        );
        assert_eq!(
            (error.receipt().unwrap().attempts().len(), server.connections()),
            (5, 5)
        );
    }
}

#[tokio::test]
async fn a_connection_that_closes_at_once_is_never_called_unsent_wrongly() {
    // 15, 16: by chain. Whatever it is called, a POST to a server that ignores keys arrives at most once.
    for after in [Fin, Rst] {
        for _ in 0..50 {
            let server = RawServer::start([Step::OnAccept(after)]).await;
            let client = impatient().0.key_support(KeySupport::Ignored).build().unwrap();

            let result = limit(client.post(server.url("/charges")).body("x").send()).await;

            match result {
                Ok(response) => {
                    assert_eq!(first(response.receipt().unwrap()).1, Delivery::NeverSent);
                    assert_eq!(server.arrivals().len(), 1);
                }
                Err(error) => {
                    assert_eq!(
                        error.receipt().unwrap().stop(),
                        StopReason::NotReplayable(steadfast::NotReplayable::KeyIgnored)
                    );
                    assert_eq!((server.arrivals().len(), error.effect()), (0, Effect::Unknown));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_pooled_connection_that_dies_on_reuse_leaves_doubt() {
    // 22: the first request is answered, the second meets the end on its first byte.
    for after in [Fin, Rst] {
        let server = RawServer::start([answer(200, "", ""), Step::Read(1, after)]).await;
        let client = impatient().0.key_support(KeySupport::Ignored).build().unwrap();
        limit(client.post(server.url("/charges")).send())
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();

        let error = limit(client.post(server.url("/charges")).body("x").send())
            .await
            .unwrap_err();

        let expected = (FailureKind::ConnectionLost, Delivery::Unknown, Effect::Unknown);
        assert_eq!(first(error.receipt().unwrap()), expected);
        assert_eq!((server.connections(), server.arrivals().len()), (1, 2));
    }
}

#[tokio::test]
async fn a_408_that_arrives_as_the_second_request_starts_is_its_answer() {
    // 24.
    let timeout = "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let server = RawServer::start([answer(200, "", ""), write(timeout, Fin)]).await;
    let client = impatient().0.build().unwrap();
    limit(client.post(server.url("/charges")).send())
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();

    let response = limit(client.post(server.url("/charges")).body("x").send())
        .await
        .unwrap();

    assert_eq!((response.status().as_u16(), server.arrivals().len()), (408, 2));
}

#[tokio::test]
async fn an_early_answer_to_a_big_body_is_read_and_a_lost_one_leaves_doubt() {
    let big = vec![b'x'; 8 << 20];
    // 25: it lingers, so the answer arrives.
    let early = "HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let server = RawServer::start([Step::ReadThenWrite(1_000, early.into(), Fin)]).await;
    let client = impatient().0.key_support(KeySupport::Ignored).build().unwrap();
    let response = limit(client.post(server.url("/charges")).body(big.clone()).send())
        .await
        .unwrap();
    assert_eq!((response.status().as_u16(), server.arrivals().len()), (413, 1));

    // 26: it does not read on, so the answer may be lost with the connection.
    let early = "HTTP/1.1 503 Busy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let server = RawServer::start([Step::ReadThenWrite(1_000, early.into(), Rst)]).await;
    let error = limit(client.post(server.url("/charges")).body(big.clone()).send())
        .await
        .unwrap_err();
    assert!(error.is_not_replayable());
    assert_eq!((server.arrivals().len(), error.effect()), (1, Effect::Unknown));

    // 27: the peer stops reading.
    let server = RawServer::start([Step::ReadThenStop(1_000)]).await;
    let request = client.post(server.url("/charges")).body(big).attempt_timeout(SHORT);
    let error = limit(request.send()).await.unwrap_err();
    assert_eq!(
        first(error.receipt().unwrap()),
        (FailureKind::HeadTimeout, Delivery::Unknown, Effect::Unknown)
    );
    assert_eq!(server.arrivals().len(), 1);
}

#[tokio::test]
async fn what_hyper_takes_for_an_answer_is_one() {
    // 32 and 37: a hundred continues, bare line feeds, a body that only the connection's end delimits.
    let continues = "HTTP/1.1 100 Continue\r\n\r\n".repeat(100);
    for (text, body) in [
        (
            format!("{continues}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
            "ok",
        ),
        ("HTTP/1.1 200 OK\ncontent-length: 2\n\nok".to_owned(), "ok"),
        (
            "HTTP/1.1 200 OK\r\n\r\ncut and undetectable".to_owned(),
            "cut and undetectable",
        ),
    ] {
        let server = RawServer::start([write(&text, Fin)]).await;
        let client = impatient().0.buffer(1_000).build().unwrap();
        let response = limit(client.post(server.url("/charges")).send()).await.unwrap();
        assert_eq!(response.receipt().unwrap().attempts().len(), 1);
        assert_eq!(response.text().await.unwrap(), body);
    }
}

/// The beginning of a body whose rest comes from another server, which cannot be reached.
struct Relayed {
    first: Option<&'static str>,
    error: Option<reqwest::Error>,
}

impl http_body::Body for Relayed {
    type Data = bytes::Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        Poll::Ready(match self.first.take() {
            Some(first) => Some(Ok(http_body::Frame::data(first.into()))),
            None => self.error.take().map(Err),
        })
    }
}

/// Sends a body that breaks off because of another server; this one has the head and half of the body.
async fn relay(errors: Vec<reqwest::Error>, url: &str, http: reqwest::ClientBuilder) {
    let errors = Mutex::new(errors);
    let body = Body::factory(move || {
        reqwest::Body::wrap(Relayed {
            first: Some("half"),
            error: errors.lock().unwrap().pop(),
        })
    });
    let client = impatient().0.http(http).key_support(KeySupport::Ignored);
    let client = client.build().unwrap();

    let error = limit(client.post(url).body(body).send()).await.unwrap_err();

    assert_eq!(
        first(error.receipt().unwrap()),
        (FailureKind::Request, Delivery::Unknown, Effect::Unknown)
    );
    assert_eq!(error.receipt().unwrap().attempts().len(), 1);
}

/// The connection that was not made is the other server's.
#[tokio::test]
async fn a_body_that_fails_of_another_server_says_nothing_of_this_one() {
    let elsewhere = reqwest::Client::new();
    let mut errors = Vec::new();
    for _ in 0..5 {
        let error = limit(elsewhere.get("http://127.0.0.1:1/").send()).await.unwrap_err();
        assert!(error.is_connect());
        errors.push(error);
    }
    let server = RawServer::start(vec![Step::ReadThenStop(1); 5]).await;
    relay(errors, &server.url("/charges"), reqwest::Client::builder()).await;
}

/// It was the other server that refused a stream.
#[cfg(feature = "http2")]
#[tokio::test]
async fn a_body_that_another_server_refused_says_nothing_of_this_one() {
    use crate::support::h2_server::{H2Server, H2Step, REFUSED_STREAM};

    let refusing = H2Server::start([H2Step::Reset(REFUSED_STREAM); 20]).await;
    let over_http2 = || reqwest::Client::builder().http2_prior_knowledge();
    let elsewhere = over_http2().retry(reqwest::retry::never()).build().unwrap();
    let server = RawServer::start(vec![Step::ReadThenStop(1); 5]).await;
    let other = H2Server::start([]).await;
    for (url, http) in [
        (server.url("/charges"), reqwest::Client::builder()),
        (other.url(), over_http2()),
    ] {
        let mut errors = Vec::new();
        for _ in 0..5 {
            errors.push(limit(elsewhere.get(refusing.url()).send()).await.unwrap_err());
        }
        relay(errors, &url, http).await;
    }
}
