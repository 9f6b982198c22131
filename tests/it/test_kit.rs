//! The payment API and the fault proxy together, under many operations at once.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use steadfast::testing::fault_proxy::{Ending, Fault, FaultScript, Handshake, Point};
use steadfast::testing::payment_api::Turn;
use steadfast::testing::{FaultProxy, PaymentApi};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

const OPERATIONS: usize = 1_000;

/// Some of everything that can go wrong on an HTTP/1.1 connection without waiting for a timeout.
fn mishaps(seed: u64) -> FaultScript {
    FaultScript::random(seed)
        .lost_response(0.05)
        .reset(0.02)
        .cut_body(0.02)
        .end_on_reuse(0.02)
        .answer(0.02, 503)
        .rate(0.02, Fault::reset(Point::AfterExecution))
        .rate(0.02, Fault::reset(Point::BeforeReading))
        .rate(0.02, Fault::close(Point::Headers))
        .rate(0.02, Fault::reset(Point::StatusLine))
        .rate(
            0.02,
            Fault::Garbage {
                at: Point::AfterExecution,
            },
        )
        .rate(0.02, Fault::DelayHead(Duration::from_millis(2)))
        .rate(0.02, Fault::ResetOnAccept)
        .rate(0.02, Fault::Handshake(Handshake::Close))
        .rate(0.02, Fault::EndOnReuse(Ending::Reset))
}

fn client() -> Client {
    let builder = Client::builder()
        .no_proxy()
        .retry(reqwest::retry::never())
        .timeout(Duration::from_secs(10));
    builder.tls_certs_only([]).build().unwrap()
}

/// Repeats with one key until the server has answered: what every client here must do better than this.
async fn charge_until_answered(client: Client, url: String, key: String) -> String {
    loop {
        let request = client.post(&url).header("Idempotency-Key", &key).body("amount=100");
        let answer = async { request.send().await?.error_for_status()?.bytes().await };
        if answer.await.is_ok() {
            return key;
        }
    }
}

#[tokio::test]
async fn every_operation_takes_effect_once_however_its_attempts_fail() {
    let tasks = Handle::current().metrics().num_alive_tasks();
    let turns = |arrival| match arrival % 50 {
        0 => Turn::shed(),
        1 => Turn::rate_limited(Duration::from_secs(1)),
        2 => Turn::charge().takes(Duration::from_millis(2)),
        _ => Turn::charge(),
    };
    let api = PaymentApi::builder().turns(turns).start().await.unwrap();
    let proxy = FaultProxy::builder(api.url()).script(mishaps(7)).start().await.unwrap();
    let client = client();
    let places = Arc::new(Semaphore::new(64));

    let mut operations = Vec::new();
    for number in 0..OPERATIONS {
        let place = Arc::clone(&places).acquire_owned().await.unwrap();
        let charge = charge_until_answered(client.clone(), proxy.endpoint("/v1/charges"), format!("order-{number}"));
        operations.push(tokio::spawn(async move {
            let key = charge.await;
            drop(place);
            key
        }));
    }
    let mut acknowledged = Vec::new();
    for operation in operations {
        acknowledged.push(operation.await.unwrap());
    }

    api.assert_each_key_executed_at_most_once();
    api.assert_no_effect_lost(&acknowledged);
    assert_eq!((api.charges().len(), api.keys().len()), (OPERATIONS, OPERATIONS));
    let passages = proxy.passages();
    let forwarded = passages.iter().filter(|passage| passage.was_forwarded()).count();
    assert_eq!(
        forwarded,
        api.arrivals(),
        "what the proxy says it forwarded is what the server saw"
    );
    let lost = passages
        .iter()
        .filter(|passage| *passage.fault() == Fault::lost_response())
        .count();
    assert!(lost > OPERATIONS / 40, "{lost} lost responses");
    let mut bodies: Vec<_> = passages.iter().filter_map(|passage| passage.body_sha256()).collect();
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "all bodies came through whole");

    drop(client);
    proxy.stop().await;
    api.stop().await;
    while Handle::current().metrics().num_alive_tasks() > tasks {
        tokio::task::yield_now().await;
    }
}
