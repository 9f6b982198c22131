//! The kit's servers start at once, are seen by this host alone, and are gone when dropped.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use steadfast::testing::fault_proxy::{Fault, FaultScript, Point};
use steadfast::testing::{FaultProxy, PaymentApi};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

#[expect(clippy::disallowed_methods, reason = "real sockets take real time")]
fn now() -> Instant {
    Instant::now()
}

fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").parse().unwrap()
}

#[tokio::test]
async fn a_kit_that_is_dropped_in_the_middle_of_a_stall_leaves_no_task_and_no_port() {
    let before = Handle::current().metrics().num_alive_tasks();
    let api = PaymentApi::start().await.unwrap();
    let script = FaultScript::list([Fault::stall(Point::AfterExecution), Fault::stall(Point::BeforeReading)]);
    let proxy = FaultProxy::builder(api.url()).script(script).start().await.unwrap();
    let addresses = [address(api.url()), address(proxy.url())];
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap();
    let requests = [(); 2].map(|()| tokio::spawn(client.post(proxy.url()).body("amount=100").send()));
    while api.charges().is_empty() || proxy.passages().len() < 2 {
        tokio::task::yield_now().await;
    }

    drop((api, proxy));

    for request in requests {
        assert!(request.await.unwrap().is_err(), "its connection is gone");
    }
    drop(client);
    while Handle::current().metrics().num_alive_tasks() > before {
        tokio::task::yield_now().await;
    }
    for address in addresses {
        assert!(TcpStream::connect(address).await.is_err());
    }
}

#[tokio::test]
async fn a_kit_is_on_loopback_on_a_port_that_the_system_chose_and_starts_at_once() {
    let began = now();
    let mut ports = Vec::new();
    for _ in 0..10 {
        let api = PaymentApi::start().await.unwrap();
        let proxy = FaultProxy::start(api.url()).await.unwrap();
        for address in [address(api.url()), address(proxy.url())] {
            assert!(address.ip().is_loopback() && address.port() != 0);
            // On all interfaces, any address of the loopback network would reach it.
            assert!(TcpStream::connect(("127.0.0.2", address.port())).await.is_err());
        }
        ports.push((api, proxy));
    }
    // Ten times milliseconds, and a machine that does much else.
    assert!(now() - began < Duration::from_secs(5));
}
