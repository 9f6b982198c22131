use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use http::StatusCode;
use steadfast::breaker::{CircuitBreaker, CircuitBreakerBuilder, Signal, Snapshot, State, Try};
use steadfast::budget::RetryBudget;
use steadfast::reqwest::Response;
use steadfast::testing::{Arrival, Script, Step};
use steadfast::{Client, ClientBuilder, Clock, Error, Event, Origin};

pub(crate) const A: &str = "https://a.example";
pub(crate) const B: &str = "https://b.example";

/// Longer than any default open time.
pub(crate) const LATER: Duration = Duration::from_secs(100);

pub(crate) fn origin(url: &str) -> Origin {
    url.parse().unwrap()
}

/// Two failures open it.
pub(crate) fn touchy() -> CircuitBreakerBuilder {
    CircuitBreaker::builder().min_attempts(2)
}

/// Answers 503 below `/down`, never below `/hang`, and 200 elsewhere.
pub(crate) fn by_path(arrival: &Arrival) -> Step {
    match arrival.url.path() {
        "/down" => Step::status(StatusCode::SERVICE_UNAVAILABLE).body("come back later"),
        "/hang" => Step::hang(),
        _ => Step::status(StatusCode::OK),
    }
}

/// A client in memory and the breaker that two failures open.
pub(crate) fn guarded(breaker: &CircuitBreaker, script: &Script) -> ClientBuilder {
    Client::builder().circuit_breaker(breaker.clone()).script(script)
}

/// Only the budget stands between an operation and the wire.
pub(crate) fn unbroken(script: &Script) -> ClientBuilder {
    Client::builder().script(script).without_circuit_breaker()
}

pub(crate) fn starting_with(tokens: f64) -> RetryBudget {
    RetryBudget::builder().initial(tokens).build().unwrap()
}

/// One attempt, whatever comes of it.
pub(crate) async fn once(client: &Client, url: &str) -> Result<Response, Error> {
    client.get(url).send_once().send().await
}

/// What the breaker of an origin knows now, by the runtime's clock.
pub(crate) fn state_of(client: &Client, url: &str) -> Snapshot {
    let breaker = client.circuit_breaker().unwrap();
    breaker.state(&origin(url), Clock::system().now())
}

pub(crate) fn balance(client: &Client, url: &str) -> f64 {
    client.retry_budget().balance(&origin(url))
}

/// Opens the breaker of an origin as two failed attempts of other operations would.
pub(crate) fn trip(breaker: &CircuitBreaker, url: &str, clock: &Clock) {
    let (origin, now) = (origin(url), clock.now());
    while breaker.state(&origin, now).state == State::Closed {
        let permit = breaker.admit(&origin, Try::First, now).unwrap();
        permit.settle(Signal::Failure, now, Duration::ZERO, 0.0);
    }
}

/// Lets time pass on a clock that skips, without waiting for the runtime.
pub(crate) fn skip(clock: &Clock, time: Duration) {
    let mut sleep = std::pin::pin!(clock.sleep(time));
    let _ = sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()));
}

/// What observers were told, as the lines they would print, without what the operation is.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn write(&self) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
        let lines = Arc::clone(&self.0);
        move |event| {
            let line = event.to_string();
            let told = line.split_once(": ").map_or(&*line, |(_, told)| told).to_owned();
            lines.lock().unwrap().push(told);
        }
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Only what is told of the breaker.
    pub(crate) fn changes(&self) -> Vec<String> {
        let mut lines = self.take();
        lines.retain(|line| line.starts_with("the circuit"));
        lines
    }
}
