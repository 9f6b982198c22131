//! One operation's span, and in it one client span per attempt, in which the service underneath runs.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use http::{Request, Response};
use steadfast::tower::ResilienceLayer;
use tower::{Layer, ServiceExt};

use super::post;
use crate::support::Spans;
use crate::support_time::paused;

#[test]
fn the_service_underneath_runs_in_the_span_of_its_attempt() {
    let spans = Spans::capture();
    paused(async {
        let turn = Arc::new(AtomicU32::new(0));
        let inner = tower::service_fn(move |_: Request<&'static str>| {
            let first = turn.fetch_add(1, Ordering::Relaxed) == 0;
            let called = tracing::info_span!(target: "steadfast_test", "called");
            async move {
                tokio::task::yield_now().await;
                let polled = tracing::info_span!(target: "steadfast_test", "polled");
                drop((called, polled));
                let status = if first { 503 } else { 200 };
                Ok::<_, Infallible>(Response::builder().status(status).body(()).unwrap())
            }
        });
        let service = ResilienceLayer::new().layer(inner);
        service.oneshot(post("x")).await.unwrap();
    });
    let operations = spans.named("steadfast.operation");
    assert_eq!(operations.len(), 1);
    assert_eq!(operations[0].field("steadfast.stop"), Some("accepted"));
    assert_eq!(operations[0].field("steadfast.effect"), Some("applied"));
    let attempts = spans.named("steadfast.attempt");
    let told: Vec<_> = attempts
        .iter()
        .map(|attempt| {
            assert_eq!(attempt.parent, Some("steadfast.operation"));
            assert_eq!(attempt.field("server.address"), Some("a.example"));
            assert_eq!(attempt.field("server.port"), Some("443"));
            (
                attempt.field("http.response.status_code"),
                attempt.field("http.request.resend_count"),
            )
        })
        .collect();
    assert_eq!(told, [(Some("503"), None), (Some("200"), Some("1"))]);
    for name in ["called", "polled"] {
        let inner = spans.named(name);
        assert_eq!(inner.len(), 2);
        assert!(
            inner.iter().all(|span| span.parent == Some("steadfast.attempt")),
            "{inner:?}"
        );
    }
}
