//! The fault proxy does what its script says; shown by what the server behind it saw.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder, StatusCode};
use steadfast::testing::fault_proxy::{Ending, Fault, FaultScript, Handshake, LastStream, Matcher, Passage, Point};
use steadfast::testing::payment_api::{Profile, Turn};
use steadfast::testing::{FaultProxy, PaymentApi};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// `printf 'amount=100' | sha256sum`
const BODY_SHA256: &str = "e95a8448fe0cd7312b87b2f2c2157c587e74f34510f19ca7ad1ae3c38aa0c6a9";

const SHORT: Duration = Duration::from_millis(100);

#[expect(clippy::disallowed_methods, reason = "real sockets take real time")]
fn now() -> Instant {
    Instant::now()
}

/// The payment API and a proxy before it.
async fn kit(script: FaultScript) -> (PaymentApi, FaultProxy) {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::builder(api.url()).script(script).start().await.unwrap();
    (api, proxy)
}

async fn kit_with(fault: Fault) -> (PaymentApi, FaultProxy) {
    kit(FaultScript::list([fault])).await
}

fn client() -> Client {
    // reqwest's own re-sends would blur what the proxy counts.
    let builder = Client::builder().no_proxy().retry(reqwest::retry::never());
    builder.tls_certs_only([]).build().unwrap()
}

fn client_of_http2() -> Client {
    let builder = Client::builder()
        .no_proxy()
        .retry(reqwest::retry::never())
        .http2_prior_knowledge();
    builder.tls_certs_only([]).build().unwrap()
}

fn charge(client: &Client, proxy: &FaultProxy, key: &str) -> RequestBuilder {
    client
        .post(proxy.endpoint("/v1/charges"))
        .header("Idempotency-Key", key)
        .body("amount=100")
}

/// Sends a charge over a bare socket, and returns all bytes of the answer and how the connection ended.
async fn exchange(proxy: &FaultProxy, key: &str) -> (Vec<u8>, Option<ErrorKind>) {
    let mut stream = TcpStream::connect(proxy.url().trim_start_matches("http://"))
        .await
        .unwrap();
    let request = format!(
        "POST /v1/charges HTTP/1.1\r\nhost: localhost\r\nidempotency-key: {key}\r\ncontent-length: 10\r\n\r\namount=100"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).await.err().map(|error| error.kind());
    (answer, end)
}

/// Waits until the proxy is done with the nth arrival.
async fn passage(proxy: &FaultProxy, number: usize) -> Passage {
    loop {
        if let Some(passage) = proxy
            .passages()
            .get(number - 1)
            .filter(|passage| passage.ended_at().is_some())
        {
            return passage.clone();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_request_without_a_fault_passes_unchanged_and_is_recorded() {
    let (api, proxy) = kit(FaultScript::pass()).await;
    let client = client();

    for _ in 0..2 {
        let response = charge(&client, &proxy, "k").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.text().await.unwrap().contains("\"amount\":100"));
    }

    let first = passage(&proxy, 1).await;
    assert_eq!(
        (first.number(), first.connection(), first.method(), first.path()),
        (1, 1, Some("POST"), Some("/v1/charges"))
    );
    assert_eq!(first.keys(), ["k"]);
    assert_eq!(first.body_sha256(), Some(BODY_SHA256));
    assert_eq!(
        (first.fault(), first.was_forwarded(), first.server_status()),
        (&Fault::Pass, true, Some(200))
    );
    assert!(first.arrived_at() <= first.forwarded_at().unwrap());
    assert!(first.forwarded_at() <= first.answered_at() && first.answered_at() <= first.ended_at());
    let second = passage(&proxy, 2).await;
    assert_eq!((second.connection(), second.body_sha256()), (1, first.body_sha256()));
    assert_eq!(api.key("k").replays(), 1);
}

#[tokio::test]
async fn bodies_of_every_kind_pass_in_both_directions() {
    let api = PaymentApi::builder().profile(Profile::openai()).start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    let client = client();

    let streamed = client
        .post(proxy.endpoint("/v1/chat"))
        .body(r#"{"stream":true}"#)
        .send()
        .await
        .unwrap();
    assert!(streamed.text().await.unwrap().ends_with("data: [DONE]\n\n"));
    let large = client
        .post(proxy.endpoint("/v1/chat"))
        .body(vec![b'x'; 3_000_000])
        .send()
        .await
        .unwrap();
    assert_eq!(large.status(), StatusCode::OK);
    let head = client
        .head(proxy.endpoint("/v1/chat/ch_00000000000001"))
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(api.arrivals(), 3);
}

#[tokio::test]
async fn a_chunked_upload_that_waits_for_leave_is_let_in_and_read_to_its_end() {
    let (api, proxy) = kit(FaultScript::pass()).await;
    let mut stream = TcpStream::connect(proxy.url().trim_start_matches("http://"))
        .await
        .unwrap();
    let head =
        b"POST /v1/charges HTTP/1.1\r\nhost: a\r\nidempotency-key: k\r\nexpect: 100-continue\r\nconnection: close\r\n\
        transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let mut leave = [0; 25];
    stream.read_exact(&mut leave).await.unwrap();
    assert_eq!(&leave, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
        .write_all(b"7\r\namount=\r\n3\r\n100\r\n0\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();

    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(api.charges()[0].amount(), 100);
    assert_eq!(passage(&proxy, 1).await.body_sha256(), Some(BODY_SHA256));
}

#[tokio::test]
async fn an_answer_in_the_servers_place_is_not_forwarded() {
    let fault = Fault::Answer {
        status: 503,
        headers: vec![
            ("Retry-After".to_owned(), "1".to_owned()),
            ("Retry-After".to_owned(), "2".to_owned()),
        ],
        body: "busy".to_owned(),
    };
    for client in [client(), client_of_http2()] {
        let (api, proxy) = kit_with(fault.clone()).await;
        let response = charge(&client, &proxy, "k").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers().get_all("retry-after").iter().count(), 2);
        assert_eq!(response.text().await.unwrap(), "busy");
        assert_eq!(
            charge(&client, &proxy, "k").send().await.unwrap().status(),
            StatusCode::OK
        );
        assert_eq!(api.arrivals(), 1);
    }
}

#[tokio::test]
async fn a_lost_response_was_executed_and_the_repeat_gets_the_stored_one() {
    for by in [Ending::Close, Ending::Reset] {
        let (api, proxy) = kit_with(Fault::End {
            at: Point::AfterExecution,
            by,
        })
        .await;

        let (answer, end) = exchange(&proxy, "k").await;

        assert_eq!(answer, b"");
        assert_eq!(end, (by == Ending::Reset).then_some(ErrorKind::ConnectionReset));
        let lost = passage(&proxy, 1).await;
        assert_eq!((lost.was_forwarded(), lost.server_status()), (true, Some(200)));
        assert_eq!(api.key("k").effects(), 1);
        let replay = charge(&client(), &proxy, "k").send().await.unwrap();
        assert_eq!(replay.headers()["idempotent-replayed"], "true");
        assert_eq!(api.key("k").effects(), 1);
    }
}

#[tokio::test]
async fn a_request_that_ends_before_it_is_forwarded_is_never_seen_by_the_server() {
    for at in [Point::BeforeReading, Point::BeforeForwarding] {
        for by in [Ending::Close, Ending::Reset] {
            let (api, proxy) = kit_with(Fault::End { at, by }).await;

            let (answer, end) = exchange(&proxy, "k").await;

            assert_eq!(
                (answer.len(), end),
                (0, (by == Ending::Reset).then_some(ErrorKind::ConnectionReset)),
                "{at:?}"
            );
            let ended = passage(&proxy, 1).await;
            assert_eq!((ended.was_forwarded(), ended.server_status()), (false, None));
            assert_eq!(ended.method().is_some(), at == Point::BeforeForwarding);
            assert_eq!(ended.body_sha256().is_some(), at == Point::BeforeForwarding);
            assert_eq!(api.arrivals(), 0);
            exchange_passes(&proxy).await;
        }
    }
}

async fn exchange_passes(proxy: &FaultProxy) {
    assert_eq!(
        charge(&client(), proxy, "next").send().await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_cut_lets_just_so_many_bytes_through_after_the_execution() {
    for by in [Ending::Close, Ending::Reset] {
        for at in [
            Point::StatusLine,
            Point::Headers,
            Point::Body(0),
            Point::Body(7),
            Point::Body(u64::from(u32::MAX)),
        ] {
            let (api, proxy) = kit_with(Fault::End { at, by }).await;

            let (answer, end) = exchange(&proxy, "k").await;

            assert_eq!(
                end,
                (by == Ending::Reset).then_some(ErrorKind::ConnectionReset),
                "{at:?}"
            );
            let answer = String::from_utf8(answer).unwrap();
            let (head, body) = answer
                .split_once("\r\n\r\n")
                .map_or((&*answer, None), |(head, body)| (head, Some(body)));
            match at {
                Point::StatusLine => assert_eq!(answer, "HTTP/1.1 "),
                Point::Headers => assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && body.is_none(), "{answer}"),
                Point::Body(0) => assert_eq!(body, Some("")),
                Point::Body(7) => assert_eq!(body.unwrap().len(), 7),
                _ => assert!(
                    body.unwrap().len() > 20 && !body.unwrap().ends_with('}'),
                    "all but the last byte"
                ),
            }
            assert_eq!(api.key("k").effects(), 1, "{at:?}");
            assert_eq!(passage(&proxy, 1).await.server_status(), Some(200));
            let replay = charge(&client(), &proxy, "k").send().await.unwrap();
            assert_eq!(replay.headers()["idempotent-replayed"], "true");
        }
    }
}

#[tokio::test]
async fn a_chunked_body_can_be_cut_too() {
    let api = PaymentApi::builder().profile(Profile::openai()).start().await.unwrap();
    for bytes in [4, 1_000_000] {
        let script = FaultScript::list([Fault::close(Point::Body(bytes))]);
        let proxy = FaultProxy::builder(api.url()).script(script).start().await.unwrap();
        let request = client().post(proxy.endpoint("/v1/chat")).body(r#"{"stream":true}"#);
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["transfer-encoding"], "chunked");
        assert!(response.bytes().await.unwrap_err().is_decode());
    }
    assert_eq!(api.totals().effects(), 2);
}

#[tokio::test]
async fn garbage_takes_the_place_of_the_answer() {
    for (at, effects) in [
        (Point::BeforeForwarding, 0),
        (Point::AfterExecution, 1),
        (Point::Body(3), 1),
    ] {
        let (api, proxy) = kit_with(Fault::Garbage { at }).await;
        let (answer, _) = exchange(&proxy, "k").await;
        assert!(answer.ends_with(b"\x00\xffnot http\r\n\r\n"));
        assert_eq!(api.key("k").effects(), effects);
    }
}

#[tokio::test]
async fn a_stall_keeps_the_connection_open_until_the_client_leaves() {
    let points = [
        Point::BeforeReading,
        Point::BeforeForwarding,
        Point::AfterExecution,
        Point::Headers,
        Point::Body(3),
    ];
    for at in points {
        for client in [client(), client_of_http2()] {
            let (api, proxy) = kit_with(Fault::stall(at)).await;
            let started = now();
            let answer = async { charge(&client, &proxy, "k").timeout(SHORT).send().await?.bytes().await };
            let error = answer.await.unwrap_err();
            let is_timeout = error.is_timeout() || error.is_decode();
            assert!(is_timeout && started.elapsed() >= SHORT, "{at:?}: {error:?}");
            let is_executed = !matches!(at, Point::BeforeReading | Point::BeforeForwarding);
            assert_eq!(api.key("k").effects(), usize::from(is_executed), "{at:?}");
            drop(client);
            assert_eq!(passage(&proxy, 1).await.was_forwarded(), is_executed);
        }
    }
}

#[tokio::test]
async fn a_delayed_head_arrives_late_and_whole() {
    for client in [client(), client_of_http2()] {
        let (api, proxy) = kit_with(Fault::DelayHead(SHORT)).await;
        let started = now();
        let response = charge(&client, &proxy, "k").send().await.unwrap();
        assert!(started.elapsed() >= SHORT);
        assert!(response.text().await.unwrap().ends_with('}'));
        assert_eq!(api.key("k").effects(), 1);
    }
}

#[tokio::test]
async fn a_dripped_body_arrives_whole_after_all_its_pauses() {
    for client in [client(), client_of_http2()] {
        let (_api, proxy) = kit_with(Fault::DripBody {
            bytes: 20,
            every: Duration::from_millis(20),
        })
        .await;
        let response = charge(&client, &proxy, "k").send().await.unwrap();
        let started = now();
        let body = response.text().await.unwrap();
        assert!(body.ends_with('}') && body.len() > 60);
        assert!(
            started.elapsed() >= Duration::from_millis(40),
            "{:?}",
            started.elapsed()
        );
    }
}

#[tokio::test]
async fn a_narrow_line_takes_as_long_as_its_bytes() {
    let (_api, proxy) = kit_with(Fault::Bandwidth(2_000)).await;
    let started = now();
    let (answer, request) = {
        let response = charge(&client(), &proxy, "k").send().await.unwrap();
        (response.bytes().await.unwrap().len(), 10)
    };
    let least = Duration::from_secs(1) * u32::try_from(answer + request).unwrap() / 2_000;
    assert!(
        started.elapsed() >= least,
        "{:?} for {answer} bytes and more",
        started.elapsed()
    );
}

#[tokio::test]
async fn an_idle_connection_ends_at_the_moment_of_its_reuse() {
    for client in [client(), client_of_http2()] {
        let (api, proxy) = kit_with(Fault::EndOnReuse(Ending::Close)).await;

        charge(&client, &proxy, "a")
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        charge(&client, &proxy, "b").send().await.unwrap_err();
        charge(&self::client(), &proxy, "b").send().await.unwrap();

        let passages = proxy.passages();
        let seen: Vec<_> = passages
            .iter()
            .map(|passage| (passage.connection(), passage.was_forwarded()))
            .collect();
        assert_eq!(seen, [(1, true), (1, false), (2, true)]);
        assert_eq!((api.key("a").effects(), api.key("b").arrivals()), (1, 1));
    }
}

#[tokio::test]
async fn a_connection_can_be_refused_and_accepted_again() {
    let (api, proxy) = kit(FaultScript::pass()).await;
    let client = client();
    exchange_passes(&proxy).await;

    proxy.refuse_connections().await;
    let refused = charge(&client, &proxy, "k").send().await.unwrap_err();
    assert!(refused.is_connect());
    assert_eq!(
        TcpStream::connect(proxy.url().trim_start_matches("http://"))
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::ConnectionRefused
    );
    proxy.accept_connections().await.unwrap();

    assert_eq!(
        charge(&client, &proxy, "k").send().await.unwrap().status(),
        StatusCode::OK
    );
    assert_eq!((api.arrivals(), api.key("k").arrivals()), (2, 1));
}

#[tokio::test]
async fn a_reset_on_accept_waits_for_a_new_connection() {
    let (api, proxy) = kit(FaultScript::pass()).await;
    let client = client();
    charge(&client, &proxy, "a")
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    proxy.play(FaultScript::list([Fault::ResetOnAccept]));

    assert_eq!(
        charge(&client, &proxy, "b").send().await.unwrap().status(),
        StatusCode::OK,
        "on the old connection"
    );
    charge(&self::client(), &proxy, "c").send().await.unwrap_err();
    assert_eq!(
        charge(&self::client(), &proxy, "d").send().await.unwrap().status(),
        StatusCode::OK
    );
    assert_eq!((api.key("b").arrivals(), api.key("c").arrivals()), (1, 0));
}

#[tokio::test]
async fn an_http_2_stream_is_refused_without_and_reset_after_the_execution() {
    let reset = Fault::ResetStream {
        at: Point::AfterExecution,
        reason: 2,
    };
    for (fault, reason, effects) in [
        (Fault::refused_stream(), h2::Reason::REFUSED_STREAM, 0),
        (reset, h2::Reason::INTERNAL_ERROR, 1),
    ] {
        let (api, proxy) = kit_with(fault).await;
        let client = client_of_http2();

        let error = charge(&client, &proxy, "k").send().await.unwrap_err();

        let cause = h2_error(&error);
        assert!(cause.is_reset() && cause.is_remote());
        assert_eq!(cause.reason(), Some(reason));
        assert_eq!(passage(&proxy, 1).await.was_forwarded(), effects == 1);
        assert_eq!(api.key("k").effects(), effects);
        assert_eq!(
            charge(&client, &proxy, "k").send().await.unwrap().status(),
            StatusCode::OK
        );
        assert_eq!(proxy.passages()[1].connection(), 1, "the connection lives on");
    }
}

#[tokio::test]
async fn a_go_away_below_our_stream_disowns_it_and_one_at_our_stream_does_not() {
    let ours = Fault::GoAway {
        at: Point::AfterExecution,
        last: LastStream::Ours,
        reason: 0,
    };
    for (fault, effects) in [(Fault::go_away(), 0), (ours, 1)] {
        let (api, proxy) = kit_with(fault).await;
        let client = client_of_http2();

        let error = charge(&client, &proxy, "k").send().await.unwrap_err();

        let is_disowned = find_h2_error(&error).is_some_and(|cause| cause.is_go_away() && cause.is_remote());
        assert_eq!(is_disowned, effects == 0, "{error:?}");
        assert_eq!(api.key("k").effects(), effects);
        assert_eq!(
            charge(&client_of_http2(), &proxy, "k").send().await.unwrap().status(),
            StatusCode::OK
        );
    }
}

#[tokio::test]
async fn an_http_2_connection_ends_before_or_after_the_execution_or_in_the_body() {
    let points = [
        (Point::BeforeForwarding, 0),
        (Point::AfterExecution, 1),
        (Point::Body(5), 1),
    ];
    for (at, effects) in points {
        for by in [Ending::Close, Ending::Reset] {
            let (api, proxy) = kit_with(Fault::End { at, by }).await;
            let client = client_of_http2();
            let answer = async { charge(&client, &proxy, "k").send().await?.bytes().await };
            let error = answer.await.unwrap_err();
            assert_eq!(error.is_decode(), at == Point::Body(5), "{at:?} {by:?}: {error:?}");
            assert_eq!(api.key("k").effects(), effects);
            assert_eq!(
                charge(&client_of_http2(), &proxy, "k").send().await.unwrap().status(),
                StatusCode::OK
            );
        }
    }
}

#[tokio::test]
async fn garbage_ends_an_http_2_connection_before_or_after_the_execution() {
    for (at, effects) in [(Point::BeforeForwarding, 0), (Point::AfterExecution, 1)] {
        let (api, proxy) = kit_with(Fault::Garbage { at }).await;
        charge(&client_of_http2(), &proxy, "k").send().await.unwrap_err();
        assert_eq!(api.key("k").effects(), effects);
    }
}

#[tokio::test]
async fn the_faults_of_http_2_end_an_http_1_connection_at_the_same_point() {
    let after = Fault::ResetStream {
        at: Point::AfterExecution,
        reason: 7,
    };
    let cases = [
        (Fault::refused_stream(), true, 0),
        (after, true, 1),
        (Fault::go_away(), false, 0),
    ];
    for (fault, is_reset, effects) in cases {
        let (api, proxy) = kit_with(fault).await;
        let (answer, end) = exchange(&proxy, "k").await;
        assert_eq!((answer.len(), end), (0, is_reset.then_some(ErrorKind::ConnectionReset)));
        assert_eq!(api.key("k").effects(), effects);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_one_http_2_connection_meet_their_own_faults() {
    let refused = Matcher::new().header("idempotency-key", "5");
    let (api, proxy) = kit(FaultScript::when(refused, Fault::refused_stream())).await;
    let client = client_of_http2();
    exchange_passes(&proxy).await;

    let requests: Vec<_> = (0..20)
        .map(|key| tokio::spawn(charge(&client, &proxy, &key.to_string()).send()))
        .collect();
    for (key, request) in requests.into_iter().enumerate() {
        assert_eq!(request.await.unwrap().is_ok(), key != 5, "{key}");
    }

    assert_eq!(api.arrivals(), 20, "19 of the streams, and the request before them");
    assert_eq!(api.key("5").arrivals(), 0);
}

#[tokio::test]
async fn tls_passes_for_those_who_trust_the_certificate_and_fails_for_others() {
    let (api, proxy) = kit(FaultScript::pass()).await;
    let certificate = reqwest::Certificate::from_pem(proxy.certificate_pem().as_bytes()).unwrap();
    let trusting = Client::builder()
        .no_proxy()
        .tls_certs_only([certificate])
        .build()
        .unwrap();
    let url = format!("{}/v1/charges", proxy.tls_url());

    assert!(client().post(&url).send().await.unwrap_err().is_connect());
    assert_eq!(api.arrivals(), 0);
    assert_eq!(trusting.post(&url).send().await.unwrap().status(), StatusCode::OK);
    proxy.play(FaultScript::list([Fault::lost_response()]));
    trusting
        .post(&url)
        .header("Idempotency-Key", "k")
        .send()
        .await
        .unwrap_err();
    assert_eq!(api.key("k").effects(), 1);
}

#[tokio::test]
async fn a_handshake_fails_in_every_way_before_a_request() {
    for handshake in [
        Handshake::Alert,
        Handshake::Close,
        Handshake::Reset,
        Handshake::Plaintext,
        Handshake::Stall,
    ] {
        let (api, proxy) = kit_with(Fault::Handshake(handshake)).await;
        let certificate = reqwest::Certificate::from_pem(proxy.certificate_pem().as_bytes()).unwrap();
        let builder = Client::builder()
            .no_proxy()
            .tls_certs_only([certificate])
            .connect_timeout(SHORT);
        let client = builder.build().unwrap();

        let error = client.post(proxy.tls_url()).send().await.unwrap_err();

        assert!(error.is_connect(), "{handshake:?}: {error:?}");
        assert_eq!(error.is_timeout(), handshake == Handshake::Stall);
        assert_eq!(
            client.post(proxy.tls_url()).send().await.unwrap().status(),
            StatusCode::OK
        );
        assert_eq!(api.arrivals(), 1);
    }
}

#[tokio::test]
async fn a_matcher_chooses_by_method_path_header_and_occurrence() {
    let second = Matcher::new().method("POST").path("/v1/charges").nth(2);
    let keyed = Matcher::new().header("idempotency-key", "marked");
    let script = FaultScript::when(second, Fault::answer(501)).or(FaultScript::when(keyed, Fault::answer(502)));
    let (_api, proxy) = kit(script).await;
    let client = client();

    let mut statuses = Vec::new();
    for (path, key) in [
        ("/v1/charges", "a"),
        ("/v1/refunds", "b"),
        ("/v1/charges", "c"),
        ("/v1/refunds", "marked"),
    ] {
        let request = client.post(proxy.endpoint(path)).header("Idempotency-Key", key);
        statuses.push(request.send().await.unwrap().status().as_u16());
    }
    let read = client.get(proxy.endpoint("/v1/charges")).send().await.unwrap();
    assert_eq!(
        (statuses.as_slice(), read.status().as_u16()),
        (&[200, 200, 501, 502][..], 404)
    );
}

#[tokio::test]
async fn a_script_per_connection_gives_all_its_requests_the_same_fault() {
    let (_api, proxy) = kit(FaultScript::per_connection([Fault::answer(503), Fault::Pass])).await;

    let (first, second) = (client(), client());
    for _ in 0..2 {
        assert_eq!(charge(&first, &proxy, "k").send().await.unwrap().status().as_u16(), 503);
    }
    assert_eq!(
        charge(&second, &proxy, "k").send().await.unwrap().status().as_u16(),
        200
    );
}

#[tokio::test]
async fn the_same_seed_draws_the_same_faults_at_about_their_rates() {
    let script = FaultScript::random(7).lost_response(0.2).reset(0.1).answer(0.1, 503);
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (_api, proxy) = kit(script.clone()).await;
        for number in 0..300 {
            let _ = charge(&client_without_pool(), &proxy, &number.to_string()).send().await;
        }
        runs.push(
            proxy
                .passages()
                .iter()
                .map(|passage| passage.fault().clone())
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(runs[0], runs[1]);
    let lost = runs[0].iter().filter(|fault| **fault == Fault::lost_response()).count();
    let passed = runs[0].iter().filter(|fault| **fault == Fault::Pass).count();
    assert!(
        (35..=85).contains(&lost) && (150..=210).contains(&passed),
        "{lost} lost, {passed} passed"
    );
    let other = FaultScript::random(8).lost_response(0.2).reset(0.1).answer(0.1, 503);
    let (_api, proxy) = kit(other).await;
    for number in 0..50 {
        let _ = charge(&client_without_pool(), &proxy, &number.to_string()).send().await;
    }
    let drawn: Vec<_> = proxy.passages().iter().map(|passage| passage.fault().clone()).collect();
    assert_ne!(drawn[..], runs[0][..50]);
}

fn client_without_pool() -> Client {
    Client::builder()
        .no_proxy()
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .tls_certs_only([])
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_run_can_be_repeated_from_what_it_printed() {
    let faults = [
        Fault::Pass,
        Fault::lost_response(),
        Fault::answer(503),
        Fault::EndOnReuse(Ending::Close),
        Fault::Pass,
    ];
    let mut script = FaultScript::list(faults);
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (_api, proxy) = kit(script).await;
        let client = client();
        for number in 0..7 {
            if let Ok(response) = charge(&client, &proxy, &number.to_string()).send().await {
                let _ = response.bytes().await;
            }
        }
        let seen = proxy
            .passages()
            .into_iter()
            .map(|passage| (passage.connection(), passage.fault().clone()));
        runs.push(seen.collect::<Vec<_>>());
        script = FaultScript::replay(&proxy.passages()).to_string().parse().unwrap();
    }
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0].len(), 7);
}

#[test]
fn every_fault_and_script_reads_back_from_what_it_prints() {
    let faults = vec![
        Fault::Pass,
        Fault::Answer {
            status: 503,
            headers: vec![("a".to_owned(), "b\"c".to_owned())],
            body: "x".to_owned(),
        },
        Fault::DelayHead(Duration::from_micros(1500)),
        Fault::DripBody {
            bytes: 3,
            every: Duration::from_millis(20),
        },
        Fault::Bandwidth(1000),
        Fault::reset(Point::Body(7)),
        Fault::stall(Point::Headers),
        Fault::Garbage {
            at: Point::AfterExecution,
        },
        Fault::EndOnReuse(Ending::Reset),
        Fault::ResetOnAccept,
        Fault::Handshake(Handshake::Alert),
        Fault::refused_stream(),
        Fault::go_away(),
    ];
    for fault in &faults {
        assert_eq!(&fault.to_string().parse::<Fault>().unwrap(), fault);
    }
    let script = FaultScript::list(faults.clone())
        .or(FaultScript::per_connection(faults))
        .or(FaultScript::when(Matcher::new().method("PUT").nth(3), Fault::Pass))
        .or(FaultScript::random(7)
            .lost_response(0.05)
            .reset(0.02)
            .cut_body(0.01)
            .end_on_reuse(0.01));
    assert_eq!(script.to_string().parse::<FaultScript>().unwrap(), script);
    assert!("[{\"list\":[\"explode\"]}]".parse::<FaultScript>().is_err());
}

#[tokio::test]
async fn a_server_that_dies_shows_as_a_connection_that_dies() {
    let (api, proxy) = kit(FaultScript::pass()).await;
    api.script(Turn::crash());
    let (answer, end) = exchange(&proxy, "k").await;
    assert_eq!((answer.len(), end), (0, Some(ErrorKind::ConnectionReset)));
    let died = passage(&proxy, 1).await;
    assert_eq!((died.was_forwarded(), died.server_status()), (true, None));

    api.stop().await;
    exchange(&proxy, "k").await;
    assert!(!passage(&proxy, 2).await.was_forwarded());
}

#[tokio::test]
async fn a_passage_prints_in_one_line_without_its_key() {
    let (_api, proxy) = kit_with(Fault::lost_response()).await;
    exchange(&proxy, "secret").await;
    let line = passage(&proxy, 1).await.to_string();
    assert_eq!(
        line,
        "#1 on connection 1: POST /v1/charges, {\"end\":{\"at\":\"after_execution\",\"by\":\"close\"}}, server answered 200"
    );
}

#[tokio::test]
async fn a_url_that_is_not_http_is_an_error() {
    for url in ["https://127.0.0.1:1", "127.0.0.1:1", "unix:/tmp/x"] {
        assert_eq!(
            FaultProxy::start(url).await.unwrap_err().kind(),
            ErrorKind::InvalidInput,
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_stopped_proxy_leaves_nothing_running() {
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let (api, proxy) = kit_with(Fault::stall(Point::AfterExecution)).await;
    let address = proxy.url().trim_start_matches("http://").to_owned();
    let client = client();
    charge(&client, &proxy, "k").timeout(SHORT).send().await.unwrap_err();

    proxy.stop().await;
    api.stop().await;
    drop(client);

    assert!(TcpStream::connect(address).await.is_err());
    while tokio::runtime::Handle::current().metrics().num_alive_tasks() > before {
        tokio::task::yield_now().await;
    }
}

fn h2_error(error: &reqwest::Error) -> &h2::Error {
    find_h2_error(error).unwrap()
}

fn find_h2_error(error: &reqwest::Error) -> Option<&h2::Error> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref() {
            return Some(found);
        }
        cause = current.source();
    }
    None
}
