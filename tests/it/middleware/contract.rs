//! The last response instead of an error, and nothing hidden.

use std::time::Duration;

use http::{Extensions, StatusCode};
use reqwest_middleware::Error;
use steadfast::middleware::{ErrorExt, Resilience};
use steadfast::testing::fault_proxy::{Fault, FaultScript};
use steadfast::testing::{FaultProxy, PaymentApi};
use steadfast::{Client, Clock, Effect, Finding, Hedge, Origin, Redirects, ResponseExt, RetryPolicy, StopReason};

use super::{Counting, alone, bare, resilience};
use crate::support::{After, RawServer, Step, answer, impatient, limit};

#[tokio::test]
async fn a_request_is_one_operation_with_one_key() {
    let server = RawServer::start([answer(503, "", ""), answer(500, "", "")]).await;

    let response = limit(alone().post(server.url("/")).body("x").send()).await.unwrap();

    let receipt = response.receipt().unwrap();
    let key = receipt.key().unwrap().as_str();
    assert_eq!((response.status(), receipt.attempts().len()), (StatusCode::OK, 3));
    for arrival in server.arrivals() {
        assert_eq!((arrival.key().as_deref(), arrival.body()), (Some(key), b"x".to_vec()));
    }
    assert_eq!(server.arrivals().len(), 3);
}

#[tokio::test]
async fn a_lost_answer_is_fetched_again_and_charged_once() {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    proxy.play(FaultScript::list([Fault::lost_response(), Fault::lost_response()]));

    let response = limit(alone().post(proxy.endpoint("/v1/charges")).body("amount=100").send())
        .await
        .unwrap();

    assert_eq!(response.headers()["idempotent-replayed"], "true");
    assert_eq!((api.arrivals(), api.totals().effects()), (3, 1));
    assert_eq!(response.receipt().unwrap().effect(), Effect::Applied);
}

#[tokio::test]
async fn the_last_response_is_returned_and_its_receipt_tells_why() {
    let server = RawServer::start(vec![answer(503, "", "busy"); 5]).await;

    let response = limit(alone().post(server.url("/")).send()).await.unwrap();

    let receipt = response.receipt().unwrap();
    assert_eq!(receipt.stop(), StopReason::AttemptsExhausted);
    assert_eq!((receipt.effect(), server.arrivals().len()), (Effect::Unknown, 5));
    assert_eq!(
        (response.status().as_u16(), response.text().await.unwrap()),
        (503, "busy".into())
    );
}

#[tokio::test]
async fn without_a_response_the_error_has_the_receipt_and_the_original_failure() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();

    let error = limit(alone().post(format!("http://{nobody}/")).send())
        .await
        .unwrap_err();

    let failed = error.operation_error().unwrap();
    assert!(failed.is_connect() && failed.is_attempts_exhausted(), "{failed}");
    assert_eq!(
        (failed.effect(), failed.receipt().unwrap().attempts().len()),
        (Effect::NotApplied, 5)
    );
    let Error::Middleware(error) = &error else {
        panic!("{error}")
    };
    let original = error.chain().find_map(|cause| cause.downcast_ref::<reqwest::Error>());
    assert!(original.unwrap().is_connect(), "{error:?}");
}

#[tokio::test]
async fn an_earlier_response_is_kept_beside_a_later_failure() {
    let lost = Step::Write(Vec::new(), After::Fin);
    let server = RawServer::start([answer(503, "", "busy"), lost]).await;
    let policy = RetryPolicy::builder().max_attempts(2).build().unwrap();
    let ours = Resilience::from_builder(impatient().0.retry(policy)).unwrap();

    let error = limit(bare().with(ours).build().post(server.url("/")).send())
        .await
        .unwrap_err();

    let Error::Middleware(error) = error else {
        panic!("{error}")
    };
    let failed = error.downcast::<steadfast::Error>().unwrap();
    assert!(failed.is_connection_lost());
    assert_eq!(failed.into_response().unwrap().text().await.unwrap(), "busy");
}

#[tokio::test]
async fn an_open_circuit_sends_nothing() {
    let server = RawServer::start([]).await;
    let (ours, _) = resilience();
    let origin: Origin = server.url("").parse().unwrap();
    let breaker = ours.circuit_breaker().unwrap();
    breaker.isolate(&origin, Clock::system().now()).unwrap();

    let error = limit(bare().with(ours.clone()).build().post(server.url("/")).send())
        .await
        .unwrap_err();

    assert!(error.operation_error().unwrap().is_circuit_open());
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_chain_shares_breaker_and_budget_with_the_client_it_was_made_of() {
    let server = RawServer::start([answer(503, "", "")]).await;
    let client = impatient().0.build().unwrap();
    let origin: Origin = server.url("").parse().unwrap();
    let before = client.retry_budget().balance(&origin);

    let chain = bare().with(Resilience::new(&client)).build();
    limit(chain.put(server.url("/")).send()).await.unwrap();
    limit(chain.put(server.url("/")).send()).await.unwrap();

    assert!(
        client.retry_budget().balance(&origin) > before,
        "the second one's success earned"
    );
    client
        .circuit_breaker()
        .unwrap()
        .isolate(&origin, Clock::system().now())
        .unwrap();
    assert!(limit(chain.put(server.url("/")).send()).await.is_err());
}

#[test]
fn settings_are_checked_and_those_that_only_a_wire_has_are_refused() {
    let refused = [
        ("http", Client::builder().http(reqwest::Client::builder())),
        ("wrapping", Client::builder().wrapping(reqwest::Client::new())),
        ("base_url", Client::builder().base_url("https://api.example.com")),
        (
            "connect_timeout",
            Client::builder().connect_timeout(Duration::from_secs(1)),
        ),
        ("hedge", Client::builder().hedge(Hedge::after(Duration::from_secs(1)))),
        ("attempt_timeout", Client::builder().attempt_timeout(Duration::ZERO)),
    ];
    for (field, builder) in refused {
        let error = Resilience::from_builder(builder).unwrap_err();
        assert!(error.is_builder() && error.to_string().contains(field), "{error}");
    }
}

#[tokio::test]
async fn redirects_stay_at_home_where_others_may_add_credentials() {
    let elsewhere = RawServer::start([]).await;
    let away = format!("location: {}\r\n", elsewhere.url("/"));
    let server = RawServer::start([answer(307, "location: /new\r\n", ""), answer(302, &away, "")]).await;
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let client = impatient().0.redirects(Redirects::AnyOrigin).build().unwrap();
    let chain = reqwest_middleware::ClientBuilder::new(http)
        .with(Resilience::new(&client))
        .build();

    let response = limit(chain.get(server.url("/")).send()).await.unwrap();

    assert_eq!((response.status().as_u16(), elsewhere.connections()), (302, 0));
    assert_eq!(response.receipt().unwrap().attempts()[0].hops().len(), 1);
}

#[tokio::test]
async fn what_the_caller_put_into_the_extensions_comes_back_also_from_attempts_that_were_given_up() {
    let server = RawServer::start([Step::Write(Vec::new(), After::Stall), answer(503, "", "")]).await;
    let builder = impatient().0.attempt_timeout(crate::support::SHORT);
    let within = Counting::default();
    let ours = Resilience::from_builder(builder).unwrap();
    let chain = bare().with(ours).with(within.clone()).with(Marking).build();
    let mut extensions = Extensions::new();
    extensions.insert(Passed(0));

    let request = chain.put(server.url("/")).build().unwrap();
    limit(chain.execute_with_extensions(request, &mut extensions))
        .await
        .unwrap();

    assert_eq!(
        (within.times(), extensions.get::<Passed>().map(|passed| passed.0)),
        (3, Some(3))
    );
}

/// Counts in the extensions themselves.
struct Marking;

#[derive(Clone)]
struct Passed(u32);

#[async_trait::async_trait]
impl reqwest_middleware::Middleware for Marking {
    async fn handle(
        &self,
        request: reqwest::Request,
        extensions: &mut Extensions,
        next: reqwest_middleware::Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        extensions.get_mut::<Passed>().unwrap().0 += 1;
        next.run(request, extensions).await
    }
}

#[tokio::test]
async fn an_answer_that_a_lookup_found_is_the_answer_here_too() {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    proxy.play(FaultScript::list([Fault::lost_response()]));
    let builder = Client::builder().on_unknown(|_| async {
        let found = http::Response::builder().status(201).body("the charge").unwrap();
        Finding::answered(found.into())
    });
    let client = bare().with(Resilience::from_builder(builder).unwrap()).build();

    let sent = client.post(proxy.endpoint("/v1/charges")).body("amount=100").send();
    let response = limit(sent).await.unwrap();

    let receipt = response.receipt().unwrap();
    assert_eq!(
        (receipt.stop(), receipt.effect()),
        (StopReason::LookedUp, Effect::Applied)
    );
    assert_eq!((response.status(), api.totals().effects()), (StatusCode::CREATED, 1));
}
