//! The documented tables are the whole truth: all of it is produced, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use metrics::Unit;
use steadfast::breaker::{CircuitBreaker, CircuitBreakerBuilder};
use steadfast::metrics::Metrics;
use steadfast::testing::{Script, Step};
use steadfast::tower::ResilienceLayer;
use steadfast::{
    Client, ClientBuilder, Clock, ConcurrencyLimit, Delivery, FailureKind, Finding, Hedge, KeySupport, Replay,
    RequestBuilder,
};
use tower::{Layer, ServiceExt};

use super::{Board, Kind};
use crate::support::one_shot;
use crate::support_guards::{A, LATER, by_path, once, starting_with, touchy, trip};

#[test]
fn everything_documented_is_produced_and_nothing_else() {
    let board = Board::default();
    board.hears(everything());

    let mut metrics = BTreeMap::new();
    let mut labels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (series, kind) in board.series() {
        let names: Vec<_> = series.labels.iter().map(|(name, _)| name.clone()).collect();
        let known = metrics.insert(series.name.clone(), (kind, names.clone()));
        assert!(
            known.is_none_or(|known| known == (kind, names)),
            "{series:?} differs from its kind"
        );
        for (name, value) in series.labels {
            labels.entry(name).or_default().insert(value);
        }
    }
    assert!(labels.get_mut("origin").is_some_and(|origins| origins.remove(A)));

    assert_eq!(metrics, documented_metrics());
    assert_eq!(labels, documented_labels());
}

#[test]
fn each_metric_is_described_once_with_its_kind_and_the_unit_that_its_name_says() {
    let board = Board::default();
    board.hears(methods());

    let (described, documented) = (board.described(), documented_metrics());
    assert!(described.keys().eq(documented.keys()), "{described:?}");
    for (name, descriptions) in described {
        let kind = documented[&name].0;
        let unit = if name.ends_with("_seconds") {
            Unit::Seconds
        } else {
            Unit::Count
        };
        assert_eq!(descriptions, [(kind, Some(unit))], "{name}");
        assert_eq!(kind == Kind::Counter, name.ends_with("_total"), "{name}");
        assert_eq!(kind == Kind::Histogram, unit == Unit::Seconds, "{name}");
    }
}

/// A client that has all limits off, and whose metrics show its breaker and budget.
fn client(script: &Script, set: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    let metrics = Metrics::new();
    let breaker = CircuitBreaker::builder().failure_rate(1.0).build().unwrap();
    let builder = Client::builder()
        .script(script)
        .circuit_breaker(breaker)
        .observe(metrics.clone());
    let client = set(builder).build().unwrap();
    metrics.watch(client.circuit_breaker(), client.retry_budget());
    client
}

/// Sends once to a client whose first answer is this step, and whose later ones are 200.
async fn meet(
    step: Step,
    set: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ask: impl Fn(RequestBuilder) -> RequestBuilder,
) {
    let script = Script::new([step]);
    let _either = ask(client(&script, set).post(A)).send().await;
}

async fn everything() {
    methods().await;
    endings().await;
    stops().await;
    for breaker in [
        touchy(),
        touchy().consecutive_failures(1),
        touchy().failure_rate(1.0).slow_calls(Duration::from_secs(1), 0.1),
        touchy().failure_rate(1.0).hold_back(LATER),
    ] {
        circuit(breaker).await;
    }
}

async fn methods() {
    let client = client(&Script::new([]), |builder| builder);
    for method in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PURGE",
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        client.request(method, A).send().await.unwrap();
    }
}

async fn endings() {
    for status in [102, 302, 404, 503] {
        meet(
            Step::status(StatusCode::from_u16(status).unwrap()),
            |builder| builder,
            |request| request,
        )
        .await;
    }
    for kind in [
        FailureKind::Request,
        FailureKind::Hook,
        FailureKind::Unready,
        FailureKind::Dns,
        FailureKind::Connect,
        FailureKind::ConnectTimeout,
        FailureKind::Tls,
        FailureKind::ProxyAuth,
        FailureKind::Nack,
        FailureKind::ConnectionLost,
        FailureKind::Protocol,
        FailureKind::HeadTimeout,
        FailureKind::BodyTimeout,
        FailureKind::Body,
        FailureKind::BodyTooLarge,
        FailureKind::Other,
    ] {
        meet(
            Step::fail(kind, Delivery::Unknown),
            |builder| builder,
            |request| request,
        )
        .await;
    }
}

async fn stops() {
    let unavailable = || Step::status(StatusCode::SERVICE_UNAVAILABLE);
    let as_is = |request| request;
    meet(Step::status(StatusCode::NOT_IMPLEMENTED), |builder| builder, as_is).await;
    meet(
        unavailable().header("idempotent-replayed", "true"),
        |builder| builder,
        as_is,
    )
    .await;
    meet(unavailable().header("retry-after", "3000"), |builder| builder, as_is).await;
    meet(
        unavailable(),
        |builder| builder.total_timeout(Duration::from_millis(900)),
        as_is,
    )
    .await;
    meet(
        unavailable(),
        |builder| builder.key_lifetime(Duration::from_secs(1)),
        as_is,
    )
    .await;
    meet(unavailable(), |builder| builder.retry_budget(starting_with(0.0)), as_is).await;
    let once = steadfast::RetryPolicy::builder().max_attempts(1).build().unwrap();
    meet(unavailable(), |builder| builder.retry(once), as_is).await;

    let limited = steadfast::RetryPolicy::builder().max_attempts_for(StatusCode::SERVICE_UNAVAILABLE, 1);
    let limited = limited.build().unwrap();
    meet(unavailable(), |builder| builder.retry(limited), as_is).await;
    let refusing = steadfast::RetryPolicy::builder().classify_fn(|_| Some(steadfast::Verdict::fail()));
    let refusing = refusing.build().unwrap();
    meet(unavailable(), |builder| builder.retry(refusing), as_is).await;
    let bounded = steadfast::RetryPolicy::builder().max_elapsed(Duration::from_millis(1));
    let bounded = bounded.build().unwrap();
    meet(unavailable(), |builder| builder.retry(bounded), as_is).await;
    let stopping = steadfast::RetryPolicy::builder().stop_when(|_| true).build().unwrap();
    meet(unavailable(), |builder| builder.retry(stopping), as_is).await;
    let found = |builder: ClientBuilder| builder.on_unknown(|_| async { Finding::applied() });
    meet(unavailable(), found, as_is).await;
    let slow = Step::status(StatusCode::OK).after(Duration::from_secs(1));
    let hedged = |builder: ClientBuilder| builder.hedge(Hedge::after(Duration::from_millis(1)));
    meet(slow.clone(), hedged, as_is).await;
    let script = Script::new([slow]);
    let narrowed = |builder: ClientBuilder| builder.concurrency_limit(ConcurrencyLimit::new(1).queue(0));
    let narrow = client(&script, narrowed);
    let _either = tokio::join!(narrow.get(A).send(), narrow.get(A).send());

    let lost = Step::lost_response;
    meet(lost(), |builder| builder.key_methods([]), as_is).await;
    meet(lost(), |builder| builder.key_support(KeySupport::Ignored), as_is).await;
    meet(lost(), |builder| builder, |request| request.body(one_shot("x"))).await;
    meet(lost(), |builder| builder, RequestBuilder::send_once).await;
    let twice = |builder: ClientBuilder| builder.key_support(KeySupport::Ignored).replay(Replay::AtLeastOnce);
    meet(lost(), twice, as_is).await;
    nested().await;
}

/// A layer inside another one leaves the retry to that.
async fn nested() {
    let busy = tower::service_fn(|_: Request<&'static str>| async {
        let unavailable = Response::builder().status(StatusCode::SERVICE_UNAVAILABLE);
        unavailable.body(())
    });
    let inner = ResilienceLayer::builder().observe(Metrics::new()).build().unwrap();
    let service = ResilienceLayer::new().layer(inner.layer(busy));
    let request = Request::post(A).body("x").unwrap();
    service.oneshot(request).await.unwrap();
}

/// Opens a breaker, has it refuse, fails a probe, and closes it.
async fn circuit(breaker: CircuitBreakerBuilder) {
    let script = Script::from_fn(|arrival| match arrival.url.path() {
        "/slow" => Step::status(StatusCode::OK).after(Duration::from_secs(2)),
        "/wait" => Step::status(StatusCode::SERVICE_UNAVAILABLE).header("retry-after", "50"),
        _ => by_path(arrival),
    });
    let client = client(&script, |builder| {
        builder.circuit_breaker(breaker.probes(1).build().unwrap())
    });
    for path in ["/slow", "/wait", "/down", "/slow", "/down"] {
        let _either = once(&client, &format!("{A}{path}")).await;
    }
    trip(client.circuit_breaker().unwrap(), A, &Clock::system());
    once(&client, A).await.unwrap_err();
    Clock::system().sleep(LATER).await;
    let _probe = once(&client, &format!("{A}/down")).await;
    Clock::system().sleep(LATER).await;
    once(&client, A).await.unwrap();
}

const DOCS: &str = include_str!("../../../src/metrics/mod.rs");

/// The rows of the tables whose first cell is code, cell by cell.
fn rows() -> Vec<Vec<&'static str>> {
    let rows = DOCS.lines().filter_map(|line| line.strip_prefix("//! | "));
    let rows = rows.filter(|row| row.starts_with('`'));
    rows.map(|row| row.trim_end_matches(" |").split(" | ").collect())
        .collect()
}

fn documented_metrics() -> BTreeMap<String, (Kind, Vec<String>)> {
    let rows = rows().into_iter().filter(|row| row.len() == 4);
    rows.map(|row| {
        let kind = match row[1] {
            "counter" => Kind::Counter,
            "gauge" => Kind::Gauge,
            "histogram" => Kind::Histogram,
            other => panic!("{other} is no kind"),
        };
        let labels = words(row[2]).into_iter().map(str::to_owned).collect();
        (words(row[0])[0].to_owned(), (kind, labels))
    })
    .collect()
}

fn documented_labels() -> BTreeMap<String, BTreeSet<String>> {
    let rows = rows().into_iter().filter(|row| row.len() == 2);
    rows.map(|row| {
        let mut values: BTreeSet<_> = words(row[1]).into_iter().map(str::to_owned).collect();
        if words(row[0]) == ["origin"] {
            assert!(values.remove("other"), "its own test shows it");
        }
        (words(row[0])[0].to_owned(), values)
    })
    .collect()
}

/// What stands between backticks, but for links.
fn words(cell: &str) -> Vec<&str> {
    let pieces: Vec<_> = cell.split('`').collect();
    let code = pieces.windows(2).step_by(2).filter(|pair| !pair[0].ends_with('['));
    code.map(|pair| pair[1]).collect()
}
