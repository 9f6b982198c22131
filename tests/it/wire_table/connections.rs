//! Connections that are never made, or not to the one that was asked.

use std::net::SocketAddr;

use steadfast::testing::fault_proxy::{Fault, FaultScript};
use steadfast::testing::{FaultProxy, PaymentApi};
use steadfast::{Client, Delivery, Effect, FailureKind, KeySupport, Receipt, StopReason};
use tokio::net::{TcpSocket, TcpStream};

use super::raw::{Raw, client};
use super::row::{SHORT, quick, receipt, said};

/// The rows that are shown in this file.
pub(super) const ROWS: [u8; 9] = [1, 2, 3, 4, 6, 7, 8, 9, 15];

fn http() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().tls_certs_only([])
}

/// Ignored keys, so that only certainty repeats.
async fn post(client: Client, url: &str) -> Receipt {
    receipt(
        client
            .post(url)
            .key_support(KeySupport::Ignored)
            .body("amount=100")
            .send()
            .await,
    )
}

#[track_caller]
fn assert_never_sent(receipt: &Receipt, kind: FailureKind, attempts: usize) {
    assert_eq!(
        said(receipt),
        (kind, Delivery::NeverSent, Effect::NotApplied),
        "{receipt}"
    );
    assert_eq!(receipt.attempts().len(), attempts, "{receipt}");
    assert_eq!(receipt.effect(), Effect::NotApplied);
}

#[tokio::test]
async fn row_1_what_cannot_be_built_is_not_sent() {
    let client = quick(http()).build().unwrap();
    for request in [
        client.post("http://"),
        client.post("http://127.0.0.1/").header("a b", "c"),
    ] {
        let error = request.send().await.unwrap_err();
        assert!(error.is_builder() && error.receipt().is_none(), "{error}");
    }
}

/// Finds nobody.
struct Nobody;

impl reqwest::dns::Resolve for Nobody {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async { Err("no such host".into()) })
    }
}

#[tokio::test]
async fn row_2_a_name_that_is_not_found_is_never_sent() {
    let client = quick(http().dns_resolver(Nobody)).build().unwrap();
    let receipt = post(client, "http://api.example.com/").await;
    assert_never_sent(&receipt, FailureKind::Dns, 5);
}

#[tokio::test]
async fn row_3_a_refused_connection_is_never_sent() {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    proxy.refuse_connections().await;
    let receipt = post(quick(http()).build().unwrap(), proxy.url()).await;
    assert_never_sent(&receipt, FailureKind::Connect, 5);
    assert_eq!(api.arrivals(), 0);
}

#[tokio::test]
async fn row_4_a_network_without_a_way_is_never_sent() {
    // TCP to the broadcast address is unreachable on every host.
    let receipt = post(quick(http()).build().unwrap(), "http://255.255.255.255:9/").await;
    assert_never_sent(&receipt, FailureKind::Connect, 5);
}

#[tokio::test]
async fn row_6_a_syn_that_is_lost_is_never_sent() {
    // A backlog that is full drops the next SYN, as a firewall does.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut fillers = Vec::new();
    for _ in 0..4 {
        fillers.push(tokio::spawn(TcpStream::connect(address)));
    }
    steadfast::Clock::system().sleep(SHORT).await;

    let client = quick(http()).connect_timeout(SHORT).build().unwrap();
    let receipt = post(client, &format!("http://{address}/")).await;

    assert_never_sent(&receipt, FailureKind::ConnectTimeout, 5);
    fillers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn row_7_a_connection_that_hangs_without_a_limit_of_its_own_looks_unknown() {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    let stall = Fault::Handshake(steadfast::testing::fault_proxy::Handshake::Stall);
    proxy.play(FaultScript::list([stall]));
    let client = Client::from_reqwest(http().build().unwrap());
    let request = client
        .post(proxy.tls_url())
        .key_support(KeySupport::Ignored)
        .attempt_timeout(SHORT);

    let receipt = receipt(request.send().await);

    // The price of a client that was built elsewhere: certainty is lost, safety is not.
    assert_eq!(
        said(&receipt),
        (FailureKind::HeadTimeout, Delivery::Unknown, Effect::Unknown)
    );
    assert_eq!((receipt.attempts().len(), api.arrivals()), (1, 0));
}

#[tokio::test]
async fn row_8_a_tunnel_that_is_not_built_is_never_sent() {
    for (answer, kind, attempts) in [
        (
            "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
            FailureKind::Connect,
            None,
        ),
        ("", FailureKind::Connect, None),
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
            FailureKind::ProxyAuth,
            Some(1),
        ),
    ] {
        let tunnel = Raw::start(answer).await;
        let proxy = reqwest::Proxy::all(format!("http://{}", tunnel.address)).unwrap();
        let http = reqwest::Client::builder().tls_certs_only([]).proxy(proxy);
        let receipt = post(quick(http).build().unwrap(), "https://api.example.com/").await;
        assert_never_sent(&receipt, kind, attempts.unwrap_or(receipt.attempts().len()));
        assert!(
            attempts.is_some() || receipt.attempts().len() > 1,
            "{answer}: {receipt}"
        );
    }
}

#[tokio::test]
async fn row_9_a_certificate_that_nobody_trusts_is_final_and_never_sent() {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    let receipt = post(quick(http()).build().unwrap(), proxy.tls_url()).await;
    assert_never_sent(&receipt, FailureKind::Tls, 1);
    assert_eq!((receipt.stop(), api.arrivals()), (StopReason::Final, 0));
}

#[tokio::test]
async fn row_15_a_connection_that_is_reset_at_once_is_called_unsent_only_when_it_is() {
    for _ in 0..30 {
        let api = PaymentApi::start().await.unwrap();
        let proxy = FaultProxy::start(api.url()).await.unwrap();
        proxy.play(FaultScript::list([Fault::ResetOnAccept]));
        let receipt = post(client(KeySupport::Ignored), &proxy.endpoint("/v1/charges")).await;
        // A race: it depends on whether the request was written before the reset was seen.
        let (_, delivery, effect) = said(&receipt);
        match delivery {
            Delivery::NeverSent => assert_eq!((receipt.attempts().len(), api.arrivals()), (2, 1), "{receipt}"),
            _ => assert_eq!(
                (effect, receipt.attempts().len(), api.arrivals()),
                (Effect::Unknown, 1, 0),
                "{receipt}"
            ),
        }
    }
}
