//! What comes from around the wire: large bodies, runtimes, callers that leave, redirects.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::Frame;
use steadfast::testing::fault_proxy::{Fault, FaultScript, Point};
use steadfast::testing::{FaultProxy, PaymentApi};
use steadfast::{
    Client, Clock, Delivery, Effect, FailureKind, KeySupport, NotReplayable, Origin, ResponseExt, StopReason,
};

use super::raw::{Raw, client};
use super::row::{SHORT, quick, receipt, said};

/// The rows that are shown in this file.
pub(super) const ROWS: [u8; 8] = [24, 25, 26, 27, 49, 50, 51, 52];

async fn kit(script: FaultScript) -> (PaymentApi, FaultProxy) {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::builder(api.url()).script(script).start().await.unwrap();
    (api, proxy)
}

fn large() -> Vec<u8> {
    vec![b'x'; 8 << 20]
}

#[tokio::test]
async fn rows_24_and_25_an_answer_before_the_request_was_read_is_its_answer() {
    for (row, status, body) in [(24, 408, Vec::new()), (25, 413, large())] {
        let early = format!("HTTP/1.1 {status} Early\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        let server = Raw::start(early).await;
        let response = client(KeySupport::Ignored)
            .post(server.url())
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!((response.status().as_u16(), server.count()), (status, 1), "row {row}");
        assert_eq!(response.receipt().unwrap().stop(), StopReason::Accepted);
    }
}

#[tokio::test]
async fn row_26_an_early_answer_that_is_lost_with_its_connection_leaves_doubt() {
    let (api, proxy) = kit(FaultScript::list([Fault::reset(Point::BeforeReading)])).await;
    let request = client(KeySupport::Ignored)
        .post(proxy.endpoint("/v1/charges"))
        .body(large());
    let receipt = receipt(request.send().await);
    assert_eq!(
        said(&receipt),
        (FailureKind::ConnectionLost, Delivery::Unknown, Effect::Unknown)
    );
    assert_eq!((receipt.attempts().len(), api.arrivals()), (1, 0));
}

#[tokio::test]
async fn row_27_a_peer_that_stops_reading_leaves_doubt() {
    let (api, proxy) = kit(FaultScript::list([Fault::stall(Point::BeforeReading)])).await;
    let request = client(KeySupport::Ignored)
        .post(proxy.endpoint("/v1/charges"))
        .body(large());
    let receipt = receipt(request.attempt_timeout(SHORT).send().await);
    assert_eq!(
        said(&receipt),
        (FailureKind::HeadTimeout, Delivery::Unknown, Effect::Unknown)
    );
    assert_eq!((receipt.attempts().len(), api.arrivals()), (1, 0));
}

#[test]
fn row_49_a_runtime_that_takes_the_pooled_connection_along_is_never_called_unsent_wrongly() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap()
    };
    let (server, first) = (runtime(), runtime());
    let (api, proxy) = server.block_on(kit(FaultScript::pass()));
    let client = client(KeySupport::Ignored);
    let charge = |key: &str| {
        client
            .post(proxy.endpoint("/v1/charges"))
            .idempotency_key(key)
            .body("amount=100")
            .send()
    };
    first.block_on(charge("first")).unwrap();
    drop(first);

    let result = runtime().block_on(charge("k"));

    let effects = api.key("k").effects();
    match result {
        Ok(response) => assert_eq!((response.status().as_u16(), effects), (200, 1)),
        Err(error) => assert!(effects == 0 || error.effect() == Effect::Unknown, "{error}"),
    }
    server.block_on(async {
        proxy.stop().await;
        api.stop().await;
    });
}

/// The caller's own body, which breaks off.
struct Torn(Option<&'static [u8]>);

impl http_body::Body for Torn {
    type Data = bytes::Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<bytes::Bytes>, io::Error>>> {
        let next = self.0.take().map(|piece| Frame::data(bytes::Bytes::from_static(piece)));
        Poll::Ready(Some(next.ok_or_else(|| io::Error::other("torn"))))
    }
}

#[tokio::test]
async fn row_50_the_callers_own_body_that_fails_is_final_and_leaves_doubt() {
    let http = || reqwest::Client::builder().no_proxy();
    for (line, http) in [
        ("HTTP/1.1", http()),
        ("HTTP/2", http().tls_certs_only([]).http2_prior_knowledge()),
    ] {
        let (api, proxy) = kit(FaultScript::pass()).await;
        let body = reqwest::Body::wrap(Torn(Some(b"amount=")));
        let client = quick(http).build().unwrap();
        let request = client.post(proxy.endpoint("/v1/charges"));
        let receipt = receipt(request.body(body).send().await);
        assert_eq!(
            said(&receipt),
            (FailureKind::Request, Delivery::Unknown, Effect::Unknown),
            "{line}"
        );
        assert_eq!((receipt.attempts().len(), api.arrivals()), (1, 0), "{line}");
        assert_eq!(receipt.unsafe_to_repeat(), Some(NotReplayable::OneShotBody));
        let breaker = client.circuit_breaker().unwrap();
        let origin: Origin = proxy.endpoint("/").parse().unwrap();
        let seen = breaker.state(&origin, Clock::system().now());
        assert_eq!(seen.failures, 0, "{line}: the server has not failed");
    }
}

#[tokio::test]
async fn row_51_the_server_acts_although_the_caller_has_left() {
    let (api, proxy) = kit(FaultScript::list([Fault::stall(Point::AfterExecution)])).await;
    let client = client(KeySupport::Honored);
    let charge = || {
        client
            .post(proxy.endpoint("/v1/charges"))
            .idempotency_key("k")
            .body("amount=100")
            .send()
    };
    let operation = tokio::spawn(charge());
    while api.key("k").effects() == 0 {
        tokio::task::yield_now().await;
    }
    operation.abort();
    assert!(operation.await.unwrap_err().is_cancelled());

    let again = charge().await.unwrap();

    assert!(again.receipt().unwrap().replayed(), "the same key is safe");
    assert_eq!(api.key("k").effects(), 1);
}

#[tokio::test]
async fn row_52_a_redirect_loop_ends_after_ten_hops_as_the_answer() {
    let to_itself = Fault::Answer {
        status: 307,
        headers: vec![("Location".to_owned(), "/v1/charges".to_owned())],
        body: String::new(),
    };
    let (api, proxy) = kit(FaultScript::random(0).rate(1.0, to_itself)).await;
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    let client: Client = quick(http).build().unwrap();

    let response = client
        .post(proxy.endpoint("/v1/charges"))
        .body("amount=100")
        .send()
        .await
        .unwrap();

    let receipt = response.receipt().unwrap();
    assert_eq!(
        (response.status().as_u16(), receipt.attempts()[0].hops().len()),
        (307, 10)
    );
    assert_eq!(
        (proxy.passages().len(), api.arrivals(), receipt.effect()),
        (11, 0, Effect::Unknown)
    );
}
