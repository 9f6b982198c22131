//! Shows that every contender does what it is measured for, before anything is measured.
//!
//! A server fails each contender's first attempt: whoever retries must arrive twice, with one key and one body, and
//! succeed; nobody else may. Then it fails so many that a breaker must open, after which a request must not arrive.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::contenders::{BoxError, Protocol, Target};
use crate::entrant::{Does, ENTRIES, Entrant, Load, body};
use crate::server;

/// Checks everybody at once, since each waits for a second or two before its retry.
///
/// # Errors
///
/// The first contender that is not what it is called.
pub async fn run(protocol: Protocol) -> Result<(), BoxError> {
    let desk = Desk::default();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let answering = desk.clone();
    let server = tokio::spawn(server::accept(listener, move |request| {
        answering.clone().answer(request)
    }));
    let mut checks = JoinSet::new();
    for (number, entry) in ENTRIES.iter().enumerate() {
        let entrant = entry.enter(protocol)?;
        let place = Place {
            origin: origin.clone(),
            number,
            desk: desk.clone(),
        };
        checks.spawn(async move {
            let name = entrant.name;
            place
                .check(&entrant)
                .await
                .map_err(|error| format!("{name}, {protocol:?}: {error}"))
        });
    }
    while let Some(checked) = checks.join_next().await {
        checked??;
    }
    server.abort();
    Ok(())
}

/// One contender's part of the server.
struct Place {
    origin: String,
    number: usize,
    desk: Desk,
}

/// Who arrived where; shared by all connections.
#[derive(Clone, Default)]
struct Desk(Arc<Mutex<HashMap<String, Vec<Arrival>>>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Arrival {
    key: Option<String>,
    body: Bytes,
}

impl Place {
    async fn check(&self, entrant: &Entrant) -> Result<(), BoxError> {
        self.check_retry(entrant).await?;
        self.check_breaker(entrant).await
    }

    async fn check_retry(&self, entrant: &Entrant) -> Result<(), BoxError> {
        let sent = timeout(PATIENCE, entrant.send(&self.target(FIRST_FAILS), Load::exactly(1, 1))).await?;
        let arrivals = self.arrivals(FIRST_FAILS);
        let expected = if entrant.does >= Does::Retry { 2 } else { 1 };
        if arrivals.len() != expected || sent.is_ok() != (expected == 2) {
            return Err(format!("{} attempts arrived, and it ended as {sent:?}", arrivals.len()).into());
        }
        if arrivals.iter().any(|arrival| *arrival != arrivals[0]) {
            return Err(format!("attempts differ: {arrivals:?}").into());
        }
        let keyed = arrivals[0].key.as_ref().is_some_and(|key| key.len() == KEY);
        if keyed != (entrant.does >= Does::Key) || arrivals[0].body != body(SMALL) {
            return Err(format!("not the request that was asked for: {arrivals:?}").into());
        }
        Ok(())
    }

    async fn check_breaker(&self, entrant: &Entrant) -> Result<(), BoxError> {
        // Most wait for their retries when time is up, and are dropped.
        let _ = timeout(
            MOMENT,
            entrant.send(&self.target(FAILS), Load::exactly(FAILURES, FAILURES)),
        )
        .await;
        let _ = timeout(MOMENT, entrant.send(&self.target(WORKS), Load::exactly(1, 1))).await;
        let (failed, arrived) = (self.arrivals(FAILS).len(), self.arrivals(WORKS).len());
        let expected = usize::from(entrant.does < Does::Breaker);
        if arrived != expected {
            return Err(format!("after {failed} failures, {arrived} arrived, not {expected}").into());
        }
        Ok(())
    }

    fn target(&self, what: &str) -> Arc<Target> {
        Arc::new(Target {
            url: format!("{}{what}{}", self.origin, self.number).into(),
            body: body(SMALL),
        })
    }

    fn arrivals(&self, what: &str) -> Vec<Arrival> {
        self.desk.at(&format!("{what}{}", self.number))
    }
}

impl Desk {
    fn at(&self, path: &str) -> Vec<Arrival> {
        let arrivals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.get(path).cloned().unwrap_or_default()
    }

    /// Notes who arrived, and is its number at that path.
    fn note(&self, path: String, arrival: Arrival) -> usize {
        let mut arrivals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let there = arrivals.entry(path).or_default();
        there.push(arrival);
        there.len()
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let path = request.uri().path().to_owned();
        let key = request.headers().get("idempotency-key");
        let key = key.and_then(|key| Some(key.to_str().ok()?.to_owned()));
        let body = request
            .into_body()
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes);
        let arrival = Arrival {
            key,
            body: body.unwrap_or_default(),
        };
        let number = self.note(path.clone(), arrival);
        if path.starts_with(HANGS) {
            std::future::pending::<()>().await;
        }
        let mut response = Response::new(Full::default());
        if path.starts_with(FAILS) || path.starts_with(FIRST_FAILS) && number == 1 {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        Ok(response)
    }
}

const FIRST_FAILS: &str = "/first-fails/";
const FAILS: &str = "/fails/";
const WORKS: &str = "/works/";
const HANGS: &str = "/hangs/";
/// More than any contender's breaker asks for before it opens.
const FAILURES: usize = 150;
const SMALL: usize = 64;
/// The characters of a UUID.
const KEY: usize = 36;
/// Beyond the longest first wait.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough to fail so many, too short for a second round of retries.
const MOMENT: Duration = Duration::from_millis(800);

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    /// What a contender does with a server that never answers: attempts, and how long it tries, in seconds.
    fn patience(entrant: &Entrant) -> (usize, std::ops::Range<u64>) {
        match (entrant.name, entrant.does) {
            // The time limit of reqwest's own retry spans all attempts.
            ("bare + key + timeout" | "reqwest's own retry", _) => (1, 30..31),
            (_, Does::Nothing | Does::Key) => (1, 1_000..1_001),
            // Its jitter takes anything from a wait, up to the whole.
            ("reqwest-middleware + reqwest-retry", _) => (5, 150..166),
            // Five attempts of 30 s, and waits of 1, 2, 4 and 8 s: a quarter less, or up to twice as long by jitter.
            (_, Does::Retry | Does::Breaker) => (5, 161..181),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_attempt_ends_after_thirty_seconds() -> Result<(), BoxError> {
        let desk = Desk::default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let answering = desk.clone();
        tokio::spawn(server::accept(listener, move |request| {
            answering.clone().answer(request)
        }));
        // Its clock is not tokio's, which alone is paused.
        let entries = ENTRIES.iter().filter(|entry| !entry.name.starts_with("seatbelt"));
        for (number, entry) in entries.enumerate() {
            let entrant = entry.enter(Protocol::Http1)?;
            let place = Place {
                origin: origin.clone(),
                number,
                desk: desk.clone(),
            };
            let begun = Instant::now();
            let sent = entrant.send(&place.target(HANGS), Load::exactly(1, 1));
            let ended = timeout(Duration::from_secs(1_000), sent).await;
            let (attempts, seconds) = patience(&entrant);
            let (arrived, took) = (place.arrivals(HANGS).len(), begun.elapsed());
            assert_eq!(arrived, attempts, "{}: {took:?}, {ended:?}", entrant.name);
            assert!(
                seconds.contains(&took.as_secs()),
                "{}: {took:?}, {ended:?}",
                entrant.name
            );
        }
        Ok(())
    }

    #[tokio::test]
    async fn every_contender_does_what_it_is_measured_for_over_http_1() -> Result<(), BoxError> {
        run(Protocol::Http1).await
    }

    #[tokio::test]
    async fn every_contender_does_what_it_is_measured_for_over_http_2() -> Result<(), BoxError> {
        run(Protocol::Http2).await
    }
}
