//! One payment whose first answer is lost and whose second is a 503, as OpenTelemetry sees it: spans on stdout.
//!
//! Run it with `cargo run --example opentelemetry`. It needs no network beyond 127.0.0.1. Three spans of kind `Client`,
//! named after the method, have the same parent, `steadfast.operation`; the second and third tell by
//! `http.request.resend_count` that they repeat. A real service sends them on by `opentelemetry-otlp` instead.

use std::error::Error;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use steadfast::testing::fault_proxy::{Fault, FaultProxy, FaultScript};
use steadfast::testing::payment_api::PaymentApi;
use steadfast::{Backoff, Client, RetryPolicy};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(opentelemetry_stdout::SpanExporter::default())
        .build();
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("billing"))
        // Where in the source a span begins, and on which thread, is of no interest here.
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|metadata| metadata.target().starts_with("steadfast")));
    tracing_subscriber::registry().with(spans).try_init()?;

    charge().await?;
    provider.shutdown()?;
    Ok(())
}

/// Charges once, through a wire that breaks twice.
async fn charge() -> Result<(), Box<dyn Error>> {
    let api = PaymentApi::start().await?;
    let proxy = FaultProxy::start(api.url()).await?;
    proxy.play(FaultScript::list([Fault::lost_response(), Fault::answer(503)]));

    let policy = RetryPolicy::builder()
        .backoff(Backoff::constant(Duration::from_millis(20)))
        .build()?;
    let client = Client::builder().retry(policy).build()?;
    let charge = client.post(proxy.endpoint("/v1/charges")).body(r#"{"amount":1995}"#);
    charge.send().await?;
    Ok(())
}
