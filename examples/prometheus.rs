//! Payments over a bad wire, counted, and served as a Prometheus server scrapes them.
//!
//! Run it with `cargo run --example prometheus`. It needs no network beyond 127.0.0.1, scrapes itself once, prints what
//! that gave (but for the histograms' buckets), and ends. With `cargo run --example prometheus -- serve` it goes on
//! serving, and paying, until it is stopped.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use steadfast::metrics::Metrics;
use steadfast::testing::fault_proxy::{FaultProxy, FaultScript};
use steadfast::testing::payment_api::PaymentApi;
use steadfast::{Backoff, Client, RetryPolicy};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let goes_on = std::env::args().nth(1).is_some_and(|argument| argument == "serve");
    let recorder = PrometheusBuilder::new().set_buckets(&SECONDS)?.build_recorder();
    let scrapes = serve(recorder.handle()).await?;
    metrics::set_global_recorder(recorder)?;

    let api = PaymentApi::start().await?;
    let proxy = FaultProxy::start(api.url()).await?;
    proxy.play(FaultScript::random(42).lost_response(0.1).answer(0.1, 503).reset(0.05));
    let client = client()?;
    pay(&client, &proxy, 200).await;

    let text = Client::new().get(&scrapes).send().await?.text().await?;
    let shown = text
        .lines()
        .filter(|line| line.starts_with("steadfast_") && !line.contains("_bucket{"));
    println!("{}", shown.collect::<Vec<_>>().join("\n"));
    if goes_on {
        println!("serves {scrapes} until it is stopped");
        pay(&client, &proxy, usize::MAX).await;
    }
    Ok(())
}

/// A client that is counted, with waits that suit an example.
fn client() -> Result<Client, Box<dyn Error>> {
    let policy = RetryPolicy::builder()
        .backoff(Backoff::exponential(Duration::from_millis(5)))
        .build()?;
    let metrics = Metrics::new();
    let client = Client::builder().retry(policy).observe(metrics.clone()).build()?;
    metrics.watch(client.circuit_breaker(), client.retry_budget());
    Ok(client)
}

/// Some payments fail: the budget does not pay for every retry.
async fn pay(client: &Client, proxy: &FaultProxy, times: usize) {
    for _ in 0..times {
        let _paid_or_not = client
            .post(proxy.endpoint("/v1/charges"))
            .body(r#"{"amount":1995}"#)
            .send()
            .await;
    }
}

/// Serves what was counted, and says where.
async fn serve(counted: PrometheusHandle) -> io::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/metrics", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let counted = counted.clone();
            let service =
                service_fn(move |_: Request<Incoming>| std::future::ready(Ok::<_, Infallible>(answer(&counted))));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok(url)
}

fn answer(counted: &PrometheusHandle) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(counted.render())));
    let text = http::HeaderValue::from_static("text/plain; version=0.0.4");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

/// The bounds of the histograms: OpenTelemetry's for HTTP, and longer ones for waits.
const SECONDS: [f64; 16] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0,
];
