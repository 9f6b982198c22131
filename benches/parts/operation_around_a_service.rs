//! Whole operations of the tower layer, everything on, around a service that answers at once: a transport that costs
//! nothing. Beside it, tower's own retry around the same.
//!
//! Where attempts fail, waits are skipped by a clock that takes a lock to be read.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use divan::Bencher;
use http::{Method, Request, Response, StatusCode};
use steadfast::Clock;
use steadfast::metrics::Metrics;
use steadfast::tower::{Notes, ResilienceBuilder, ResilienceLayer};
use tower::retry::{Policy, Retry};
use tower::{Layer, Service};

use super::{breaker_that_stays_closed, budget_that_lasts, recorder};

#[divan::bench(sample_size = 1_000)]
fn bare(bencher: Bencher) {
    measure(bencher, Answering(&STATUSES[1..]), &Method::GET, StatusCode::OK);
}

#[divan::bench(sample_size = 1_000)]
fn tower_retry(bencher: Bencher) {
    let service = Retry::new(Never, Answering(&STATUSES[1..]));
    measure(bencher, service, &Method::GET, StatusCode::OK);
}

#[divan::bench(sample_size = 1_000)]
fn get(bencher: Bencher) {
    let service = ResilienceLayer::new().layer(Answering(&STATUSES[1..]));
    measure(bencher, service, &Method::GET, StatusCode::OK);
}

#[divan::bench(sample_size = 1_000)]
fn get_without_notes(bencher: Bencher) {
    let layer = ResilienceLayer::builder().notes(Notes::WhenRetried).build().unwrap();
    measure(
        bencher,
        layer.layer(Answering(&STATUSES[1..])),
        &Method::GET,
        StatusCode::OK,
    );
}

/// It carries a random key.
#[divan::bench(sample_size = 1_000)]
fn post(bencher: Bencher) {
    let service = ResilienceLayer::new().layer(Answering(&STATUSES[1..]));
    measure(bencher, service, &Method::POST, StatusCode::OK);
}

/// The same, counted for Prometheus.
#[divan::bench(sample_size = 1_000)]
fn post_with_metrics(bencher: Bencher) {
    let metrics = Metrics::new();
    let layer = ResilienceLayer::builder().observe(metrics.clone()).build().unwrap();
    metrics.watch(layer.circuit_breaker(), layer.retry_budget());
    let service = layer.layer(Answering(&STATUSES[1..]));
    metrics::with_local_recorder(&recorder(), || measure(bencher, service, &Method::POST, StatusCode::OK));
}

#[divan::bench(sample_size = 100)]
fn post_one_failure_then_success(bencher: Bencher) {
    let service = failing().build().unwrap().layer(Answering(&STATUSES));
    measure(bencher, service, &Method::POST, StatusCode::OK);
}

#[divan::bench(sample_size = 100)]
fn post_exhausted(bencher: Bencher) {
    let service = failing().build().unwrap().layer(Answering(&STATUSES[..1]));
    measure(bencher, service, &Method::POST, StatusCode::SERVICE_UNAVAILABLE);
}

/// As by default, but that breaker and budget let all attempts through, and that waits take no time.
fn failing() -> ResilienceBuilder {
    ResilienceLayer::builder()
        .clock(Clock::skipping())
        .circuit_breaker(breaker_that_stays_closed())
        .retry_budget(budget_that_lasts())
}

fn measure<S>(bencher: Bencher, mut service: S, method: &Method, expected: StatusCode)
where
    S: Service<Request<()>, Response = Response<()>>,
{
    let mut context = Context::from_waker(Waker::noop());
    bencher.bench_local(|| {
        assert!(service.poll_ready(&mut context).is_ready());
        let mut future = pin!(service.call(request(method)));
        // A wait that is skipped still lets others run once.
        let answered = (0..100).find_map(|_| match future.as_mut().poll(&mut context) {
            Poll::Ready(answered) => answered.ok(),
            Poll::Pending => None,
        });
        assert_eq!(answered.map(|response| response.status()), Some(expected));
    });
}

fn request(method: &Method) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = method.clone();
    *request.uri_mut() = http::Uri::from_static("https://api.example.com/charges");
    request
}

/// Answers these statuses in turn.
#[derive(Clone, Copy)]
struct Answering(&'static [StatusCode]);

impl Service<Request<()>> for Answering {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        black_box(request);
        let mut response = Response::new(());
        *response.status_mut() = match self.0 {
            [status] => black_box(*status),
            statuses => statuses[TURN.replace(TURN.get() + 1) % statuses.len()],
        };
        ready(Ok(response))
    }
}

#[derive(Clone)]
struct Never;

impl Policy<Request<()>, Response<()>, Infallible> for Never {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Request<()>, _: &mut Result<Response<()>, Infallible>) -> Option<Ready<()>> {
        None
    }

    fn clone_request(&mut self, request: &Request<()>) -> Option<Request<()>> {
        Some(request.clone())
    }
}

static STATUSES: [StatusCode; 2] = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::OK];

thread_local! {
    /// Services are cloned; their turn is that of all clones.
    static TURN: Cell<usize> = const { Cell::new(0) };
}
