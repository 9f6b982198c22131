//! One `steadfast.operation`, and in it one `steadfast.attempt` per attempt, with OpenTelemetry's field names.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use steadfast::testing::{Script, Step as Scripted};
use steadfast::{Backoff, Client, Event, Finding, Jitter, RetryPolicy};
use tracing::Instrument;

use crate::support::After::Fin;
use crate::support::{RawServer, Spans, Step, answer, client, impatient, limit};
use crate::support_time::paused;

#[tokio::test]
async fn each_attempt_has_its_own_client_span_in_the_operations() {
    let server = RawServer::start([answer(503, "", ""), Step::Write(Vec::new(), Fin), answer(404, "", "")]).await;
    let spans = Spans::capture();

    let response = limit(client().post(server.url("/charges")).idempotency_key("k-1").send())
        .await
        .unwrap();

    let operations = spans.named("steadfast.operation");
    let [operation] = &operations[..] else {
        panic!("{operations:?}")
    };
    assert_eq!(operation.field("http.request.method"), Some("POST"));
    let receipt = steadfast::ResponseExt::receipt(&response).unwrap();
    let fingerprint = receipt.key().unwrap().fingerprint().to_string();
    assert_eq!(operation.field("steadfast.key"), Some(fingerprint.as_str()));
    assert_eq!(
        (operation.field("steadfast.stop"), operation.field("steadfast.effect")),
        (Some("accepted"), Some("unknown"))
    );

    let attempts = spans.named("steadfast.attempt");
    assert_eq!(attempts.len(), 3);
    let port = server.address().port().to_string();
    for (attempt, (resends, status, error)) in attempts.iter().zip([
        (None, Some("503"), Some("503")),
        (Some("1"), None, Some("connection_lost")),
        (Some("2"), Some("404"), Some("404")),
    ]) {
        assert_eq!(
            (attempt.parent, attempt.level),
            (Some("steadfast.operation"), tracing::Level::DEBUG)
        );
        assert_eq!(
            (attempt.field("otel.kind"), attempt.field("otel.name")),
            (Some("client"), Some("POST"))
        );
        assert_eq!(attempt.field("http.request.method"), Some("POST"));
        assert_eq!(attempt.field("otel.status_code"), Some("ERROR"));
        assert_eq!(
            (attempt.field("server.address"), attempt.field("server.port")),
            (Some("127.0.0.1"), Some(&*port))
        );
        assert_eq!(attempt.field("http.request.resend_count"), resends);
        assert_eq!(attempt.field("http.response.status_code"), status);
        assert_eq!(attempt.field("error.type"), error);
        for number in ["server.port", "http.request.resend_count", "http.response.status_code"] {
            let is_there = attempt.field(number).is_some();
            assert_eq!(attempt.integers.contains(number), is_there, "{number}");
        }
    }
    assert_eq!(operation.field("otel.status_code"), None, "it got its answer");
}

#[tokio::test]
async fn a_method_that_is_not_standard_names_no_span() {
    let server = RawServer::start([]).await;
    let spans = Spans::capture();

    let purge = http::Method::from_bytes(b"PURGE").unwrap();
    limit(client().request(purge, server.url("/")).send()).await.unwrap();

    let [attempt] = &spans.named("steadfast.attempt")[..] else {
        panic!("not one")
    };
    assert_eq!(
        (attempt.field("otel.name"), attempt.field("http.request.method")),
        (Some("HTTP"), Some("_OTHER"))
    );
    assert_eq!(attempt.field("http.request.method_original"), Some("PURGE"));
    assert_eq!(
        spans.named("steadfast.operation")[0].field("http.request.method"),
        Some("_OTHER")
    );
}

#[tokio::test]
async fn an_ipv6_address_has_no_brackets() {
    let spans = Spans::capture();
    let script = Script::new([]);
    let client = Client::builder().script(&script).build().unwrap();

    client.get("http://[::1]:8080/").send().await.unwrap();

    let attempts = spans.named("steadfast.attempt");
    assert_eq!(
        (attempts[0].field("server.address"), attempts[0].field("server.port")),
        (Some("::1"), Some("8080"))
    );
}

#[tokio::test]
async fn an_operation_that_is_given_up_marks_its_own_span_alone() {
    let server = RawServer::start((0..5).map(|_| answer(503, "", ""))).await;
    let spans = Spans::capture();
    let callers = tracing::info_span!(target: "steadfast_caller", "caller", otel.status_code = tracing::field::Empty);

    limit(client().post(server.url("/")).send().instrument(callers))
        .await
        .unwrap_err();

    let operations = spans.named("steadfast.operation");
    assert_eq!(
        (
            operations[0].field("otel.status_code"),
            operations[0].field("steadfast.stop")
        ),
        (Some("ERROR"), Some("attempts_exhausted"))
    );
    assert_eq!(operations[0].parent, Some("caller"));
    assert_eq!(spans.named("caller")[0].field("otel.status_code"), None);
}

#[tokio::test]
async fn a_success_at_once_has_no_error_and_no_resends() {
    let server = RawServer::start([]).await;
    let spans = Spans::capture();

    limit(client().get(server.url("/")).send()).await.unwrap();

    let [attempt] = &spans.named("steadfast.attempt")[..] else {
        panic!("not one")
    };
    assert_eq!(
        (attempt.field("error.type"), attempt.field("http.request.resend_count")),
        (None, None)
    );
    assert_eq!(attempt.field("otel.status_code"), None);
    assert_eq!(attempt.field("http.response.status_code"), Some("200"));
    assert_eq!(spans.named("steadfast.operation")[0].field("steadfast.key"), None);
}

#[tokio::test]
async fn what_is_given_up_is_a_warning_and_nothing_else_is() {
    let server = RawServer::start((0..5).map(|_| answer(503, "", ""))).await;
    let spans = Spans::capture();
    let client = client();

    limit(client.post(server.url("/")).send()).await.unwrap_err();
    limit(client.post(server.url("/")).send()).await.unwrap();
    // What a lookup finds done is not given up.
    let server = RawServer::start([answer(503, "", "")]).await;
    let client = impatient().0.on_unknown(|_| async { Finding::applied() });
    limit(client.build().unwrap().post(server.url("/")).send())
        .await
        .unwrap_err();

    let warnings: Vec<_> = spans
        .own()
        .into_iter()
        .filter(|own| own.level < tracing::Level::INFO)
        .collect();
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}")
    };
    assert_eq!(
        (warning.level, warning.parent),
        (tracing::Level::WARN, Some("steadfast.operation"))
    );
}

#[test]
fn an_operation_goes_the_same_way_whether_or_not_somebody_listens() {
    let told = |is_wanted: bool| {
        let script = Script::new([
            Scripted::lost_response(),
            Scripted::status(StatusCode::TEMPORARY_REDIRECT).header("location", "/elsewhere"),
            Scripted::status(StatusCode::SERVICE_UNAVAILABLE).after(Duration::from_secs(2)),
            Scripted::hang(),
        ]);
        let policy = RetryPolicy::builder().backoff(Backoff::steps([Duration::from_secs(1)]).jitter(Jitter::None));
        let builder = Client::builder().script(&script).retry(policy.build().unwrap());
        let request = builder.build().unwrap().post("https://api.example.com/");
        let answer = paused(request.idempotency_key("k-1").send()).unwrap();
        assert_eq!(tracing::debug_span!("probe").is_disabled(), !is_wanted);
        let receipt = steadfast::ResponseExt::receipt(&answer).unwrap();
        assert_eq!(receipt.attempts().len(), 4);
        (receipt.to_string(), script.arrivals().len())
    };
    let unseen = told(false);
    let spans = Spans::capture();
    assert_eq!(told(true), unseen);
    assert_eq!(spans.named("steadfast.attempt").len(), 4);
}

/// What an observer logs of an attempt that sets out then stands in that attempt's span.
#[tokio::test]
async fn an_attempt_is_told_of_within_its_span() {
    let script = Script::new([Scripted::status(StatusCode::OK)]);
    let _spans = Spans::capture();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let client = Client::builder()
        .script(&script)
        .on_event(move |event| {
            if let Event::AttemptStarted { .. } = event {
                let span = tracing::Span::current();
                told.lock().unwrap().push(span.metadata().map(tracing::Metadata::name));
            }
        })
        .build()
        .unwrap();

    limit(client.post("https://api.example.com/").send()).await.unwrap();

    assert_eq!(*seen.lock().unwrap(), [Some("steadfast.attempt")]);
}
