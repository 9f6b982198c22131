//! Whole operations of a client with everything on, whose requests a script answers in memory.
//!
//! The script's notes and answers are part of what is measured: `operation_around_a_service` has a transport that does
//! nothing. Where attempts fail, waits are skipped by a clock that takes a lock to be read.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use divan::Bencher;
use http::StatusCode;
use steadfast::metrics::Metrics;
use steadfast::testing::{Script, Step};
use steadfast::{Client, ClientBuilder, Clock};
use tokio::runtime::{Builder, Runtime};

use super::{breaker_that_stays_closed, budget_that_lasts, recorder};

#[divan::bench(sample_size = 100)]
fn success(bencher: Bencher) {
    let script = script(&STATUSES[1..]);
    let client = Client::builder().script(&script).build().unwrap();
    measure(bencher, &client, &script, succeeds);
}

/// The same, counted for Prometheus: two events more than nobody hears.
#[divan::bench(sample_size = 100)]
fn success_with_metrics(bencher: Bencher) {
    let script = script(&STATUSES[1..]);
    with_metrics(bencher, Client::builder().script(&script), &script, succeeds);
}

#[divan::bench(sample_size = 100)]
fn one_failure_then_success(bencher: Bencher) {
    let script = script(&STATUSES);
    measure(bencher, &failing(&script).build().unwrap(), &script, succeeds);
}

#[divan::bench(sample_size = 100)]
fn one_failure_then_success_with_metrics(bencher: Bencher) {
    let script = script(&STATUSES);
    with_metrics(bencher, failing(&script), &script, succeeds);
}

#[divan::bench(sample_size = 100)]
fn exhausted(bencher: Bencher) {
    let script = script(&STATUSES[..1]);
    measure(bencher, &failing(&script).build().unwrap(), &script, is_exhausted);
}

#[divan::bench(sample_size = 100)]
fn exhausted_with_metrics(bencher: Bencher) {
    let script = script(&STATUSES[..1]);
    with_metrics(bencher, failing(&script), &script, is_exhausted);
}

type Sent = Result<reqwest::Response, steadfast::Error>;

fn measure(bencher: Bencher, client: &Client, script: &Script, ends_well: fn(&Sent) -> bool) {
    bencher.bench_local(|| {
        let sent = RUNTIME.block_on(client.post("https://api.example.com/charges").body("{}").send());
        assert!(ends_well(&sent));
        drop(script.take_arrivals());
    });
}

fn with_metrics(bencher: Bencher, builder: ClientBuilder, script: &Script, ends_well: fn(&Sent) -> bool) {
    let metrics = Metrics::new();
    let client = builder.observe(metrics.clone()).build().unwrap();
    metrics.watch(client.circuit_breaker(), client.retry_budget());
    metrics::with_local_recorder(&recorder(), || measure(bencher, &client, script, ends_well));
}

/// As by default, but that breaker and budget let all attempts through, and that waits take no time.
fn failing(script: &Script) -> ClientBuilder {
    Client::builder()
        .script(script)
        .clock(Clock::skipping())
        .circuit_breaker(breaker_that_stays_closed())
        .retry_budget(budget_that_lasts())
}

/// Answers these statuses in turn.
fn script(statuses: &'static [StatusCode]) -> Script {
    let turn = AtomicUsize::new(0);
    Script::from_fn(move |_| {
        let turn = turn.fetch_add(1, Ordering::Relaxed);
        Step::status(statuses[turn % statuses.len()])
    })
}

fn succeeds(sent: &Sent) -> bool {
    sent.as_ref().is_ok_and(|response| response.status() == StatusCode::OK)
}

fn is_exhausted(sent: &Sent) -> bool {
    sent.as_ref().is_err_and(steadfast::Error::is_attempts_exhausted)
}

static STATUSES: [StatusCode; 2] = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::OK];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());
