//! The stacks that it must stand in, over sockets and in memory.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use steadfast::testing::FaultProxy;
use steadfast::testing::fault_proxy::{Fault, FaultScript, Point};
use steadfast::testing::payment_api::{PaymentApi, Turn};
use steadfast::tower::ResilienceLayer;
use steadfast::{Client, Clock, Delivery, Effect, Ending, FailureKind, Hedge, Origin, ResponseExt, StopReason};
use tower::util::BoxCloneService;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt};

use crate::support::limit;
use crate::support_guards::A;
use crate::support_time::paused;

type HyperClient = legacy::Client<HttpConnector, Full<Bytes>>;

fn hyper() -> HyperClient {
    legacy::Client::builder(TokioExecutor::new()).build_http()
}

/// Waits end at once.
fn skipping() -> ResilienceLayer {
    ResilienceLayer::builder().clock(Clock::skipping()).build().unwrap()
}

fn charge(url: &str) -> Request<Full<Bytes>> {
    Request::post(url).body(Full::from("amount=100")).unwrap()
}

#[tokio::test]
async fn hypers_client_charges_once_whatever_the_wire_does() {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::builder(api.url()).start().await.unwrap();
    let service = skipping().layer(hyper());
    for (faults, attempts) in [
        (vec![], 1),
        (vec![Fault::lost_response()], 2),
        (vec![Fault::reset(Point::BeforeForwarding), Fault::lost_response()], 3),
        (
            vec![Fault::lost_response(), Fault::lost_response(), Fault::lost_response()],
            4,
        ),
    ] {
        proxy.play(FaultScript::list(faults));
        let before = api.charges().len();
        let answer = limit(service.clone().oneshot(charge(&proxy.endpoint("/v1/charges"))))
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        let receipt = answer.receipt().unwrap();
        assert_eq!(
            (receipt.attempts().len(), receipt.effect()),
            (attempts, Effect::Applied),
            "{receipt}"
        );
        let key = api.key(receipt.key().unwrap().as_str());
        assert_eq!((key.effects(), key.distinct_fingerprints()), (1, 1), "{receipt}");
        assert_eq!(api.charges().len(), before + 1);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(!body.is_empty());
    }
    api.assert_each_key_executed_at_most_once();
}

#[tokio::test]
async fn an_exhausted_operation_returns_the_last_answer_readable() {
    let api = PaymentApi::builder().turns(|_| Turn::shed()).start().await.unwrap();
    let answer = limit(skipping().layer(hyper()).oneshot(charge(&api.endpoint("/v1/charges"))))
        .await
        .unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.receipt().unwrap().attempts().len(), 5);
    assert_eq!(api.arrivals(), 5);
    assert!(answer.into_body().collect().await.is_ok());
}

/// Nobody listens there: what was not sent is repeated without any key.
#[tokio::test]
async fn hypers_refused_connection_is_known_to_have_sent_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let layer = ResilienceLayer::builder()
        .clock(Clock::skipping())
        .key_methods([])
        .build()
        .unwrap();
    let error = limit(layer.layer(hyper()).oneshot(charge(&url))).await.unwrap_err();
    assert!(error.is_connect() && error.is_attempts_exhausted(), "{error}");
    assert_eq!(error.effect(), Effect::NotApplied);
}

/// hyper-util's own text decides here, so each of its refusals is provoked, without a key that would allow a repeat.
#[tokio::test]
async fn a_request_that_hypers_client_cannot_send_is_final_and_was_never_sent() {
    let api = PaymentApi::start().await.unwrap();
    let layer = ResilienceLayer::builder().key_methods([]).build().unwrap();
    let secure = api.endpoint("/v1/charges").replace("http:", "https:");
    let with = |version| {
        let mut request = charge(&api.endpoint("/v1/charges"));
        *request.version_mut() = version;
        request
    };
    let mut tunnel = with(http::Version::HTTP_10);
    *tunnel.method_mut() = http::Method::CONNECT;
    for (name, request) in [
        ("a path alone", charge("/v1/charges")),
        ("an authority alone", charge("a.example:80")),
        ("an http connector asked for https", charge(&secure)),
        ("HTTP/3", with(http::Version::HTTP_3)),
        ("HTTP/2 over a connection of HTTP/1.1", with(http::Version::HTTP_2)),
        ("CONNECT in HTTP/1.0", tunnel),
    ] {
        let error = limit(layer.layer(hyper()).oneshot(request)).await.unwrap_err();
        let receipt = error.receipt().unwrap();
        let failure = error.failure().unwrap();
        assert_eq!(
            (failure.kind(), failure.delivery()),
            (FailureKind::Request, Delivery::NeverSent),
            "{name}: {receipt}"
        );
        assert_eq!(
            (receipt.attempts().len(), receipt.stop(), receipt.effect()),
            (1, StopReason::Final, Effect::NotApplied),
            "{name}: {receipt}"
        );
    }
    assert_eq!(api.arrivals(), 0);
}

#[tokio::test]
async fn a_lost_answer_of_hypers_leaves_doubt() {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::builder(api.url()).start().await.unwrap();
    proxy.play(FaultScript::list([Fault::lost_response()]));
    let layer = ResilienceLayer::builder()
        .clock(Clock::skipping())
        .key_methods([])
        .build()
        .unwrap();
    let answer = limit(layer.layer(hyper()).oneshot(charge(&proxy.endpoint("/v1/charges")))).await;
    let error = answer.unwrap_err();
    assert!(error.is_not_replayable(), "{error}");
    assert_eq!((error.effect(), api.arrivals()), (Effect::Unknown, 1));
    let ending = error.receipt().unwrap().attempts()[0].ending();
    assert!(
        matches!(
            ending,
            Ending::Failure {
                kind: FailureKind::ConnectionLost,
                delivery: Delivery::Unknown,
                ..
            }
        ),
        "{ending:?}"
    );
}

/// Outside: a buffer, so that the stack can be shared, and limits on operations. Inside: limits on attempts.
#[tokio::test]
async fn it_stands_between_buffers_limits_and_timeouts() {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::builder(api.url()).start().await.unwrap();
    proxy.play(FaultScript::list([Fault::lost_response(), Fault::lost_response()]));
    let service = ServiceBuilder::new()
        .buffer(8)
        .concurrency_limit(4)
        .timeout(Duration::from_secs(60))
        .layer(skipping())
        .concurrency_limit(2)
        .timeout(Duration::from_secs(10))
        .service(hyper());
    let mut under_way = tokio::task::JoinSet::new();
    for _ in 0..8 {
        under_way.spawn(service.clone().oneshot(charge(&proxy.endpoint("/v1/charges"))));
    }
    let mut attempts = 0;
    while let Some(answer) = limit(under_way.join_next()).await {
        let answer: Result<Response<_>, BoxError> = answer.unwrap();
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 200);
        attempts += answer.receipt().unwrap().attempts().len();
    }
    assert_eq!((api.charges().len(), attempts, api.arrivals()), (8, 10, 10));
    api.assert_each_key_executed_at_most_once();
}

/// Among errors of any type the layer's own is found by its type.
#[tokio::test]
async fn its_error_is_found_in_a_stack_of_any_errors() {
    let service = ServiceBuilder::new()
        .timeout(Duration::from_secs(60))
        .layer(skipping())
        .service_fn(|_: Request<&'static str>| async { Err::<Response<()>, BoxError>("trouble".into()) });
    let error = service.oneshot(Request::new("x")).await.unwrap_err();
    let error = error.downcast_ref::<steadfast::Error>().unwrap();
    assert!(error.is_attempts_exhausted(), "{error}");
    assert_eq!(error.effect(), Effect::Unknown);
}

#[tokio::test]
async fn it_can_be_boxed_and_shared() {
    let api = PaymentApi::start().await.unwrap();
    let service: BoxCloneService<Request<Full<Bytes>>, Response<hyper::body::Incoming>, steadfast::Error> =
        BoxCloneService::new(skipping().layer(hyper()));
    for mut service in [service.clone(), service] {
        let answer = limit(
            service
                .ready()
                .await
                .unwrap()
                .call(charge(&api.endpoint("/v1/charges"))),
        );
        assert_eq!(answer.await.unwrap().status(), 200);
    }
    assert_eq!(api.charges().len(), 2);
}

/// As axum's router is called in a test: no connection, a path alone, a boxed body.
#[test]
fn it_calls_services_in_process() {
    type Boxed = http_body_util::combinators::BoxBody<Bytes, std::io::Error>;
    paused(async {
        let turn = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        let router = tower::service_fn(move |request: Request<Boxed>| {
            let first = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
            async move {
                let whole = request.into_body().collect().await.unwrap().to_bytes();
                let status = if first { 503 } else { 200 };
                let answer = Full::from(whole).map_err(|never| match never {}).boxed();
                Ok::<Response<Boxed>, std::convert::Infallible>(
                    Response::builder().status(status).body(answer).unwrap(),
                )
            }
        });
        let layer = ResilienceLayer::builder()
            .replay_bodies(|_: &Boxed| Some(Full::from("again").map_err(|never| match never {}).boxed()))
            .build()
            .unwrap();
        let body = Full::from("again").map_err(|never| match never {}).boxed();
        let request = Request::post("/v1/charges").body(body).unwrap();
        let answer = layer.layer(router).oneshot(request).await.unwrap();
        assert_eq!(answer.receipt().unwrap().attempts().len(), 2);
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "again");
    });
}

#[test]
fn its_types_can_be_sent_shared_and_cloned() {
    fn shareable<T: Clone + Send + Sync + std::fmt::Debug + 'static>(_: &T) {}
    fn sendable<T: Send + 'static>(_: &T) {}
    let layer = ResilienceLayer::new();
    shareable(&layer);
    let mut service = layer.layer(hyper());
    shareable(&service);
    sendable(&service.call(charge("http://127.0.0.1:1/")));
    assert!(format!("{service:?}").contains("Resilience"));
}

/// Its answers come from elsewhere: they say nothing of the client's own latencies.
#[test]
fn a_layer_with_a_client_s_settings_leaves_hedging_to_the_client() {
    let hedge = Hedge::percentile(0.5);
    let client = Client::builder().hedge(hedge.clone()).build().unwrap();
    let service = ResilienceLayer::from(&client).layer(tower::service_fn(async |_: Request<&str>| {
        Ok::<_, std::convert::Infallible>(Response::new(()))
    }));
    for _ in 0..=Hedge::LEAST_OBSERVED {
        paused(service.clone().oneshot(super::get())).unwrap();
    }
    let origin: Origin = A.parse().unwrap();
    assert_eq!(hedge.delay(&origin), None);
}
