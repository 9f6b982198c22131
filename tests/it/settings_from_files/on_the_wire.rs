use std::time::Duration;

use steadfast::{Client, Clock};

use super::toml;
use crate::support::{RawServer, answer, limit};

/// A client as the file says, whose waits end at once, and the clock that records them.
fn client(file: &str) -> (Client, Clock) {
    let clock = Clock::skipping();
    let builder = toml(file).builder().unwrap();
    (builder.clock(clock.clone()).build().unwrap(), clock)
}

async fn failing() -> RawServer {
    RawServer::start((0..50).map(|_| answer(503, "", ""))).await
}

#[tokio::test]
async fn attempts_and_waits_are_those_of_the_file() {
    let server = failing().await;
    let file =
        "retry.max_attempts = 4\nretry.backoff = { base = \"250ms\", factor = 3.0, max = \"1s\", jitter = \"none\" }";
    let (client, clock) = client(file);

    let error = limit(client.post(server.url("/charges")).send()).await.unwrap_err();

    assert!(error.is_attempts_exhausted());
    assert_eq!(server.arrivals().len(), 4);
    let waits = error
        .receipt()
        .unwrap()
        .attempts()
        .iter()
        .filter_map(steadfast::Attempt::wait);
    assert_eq!(waits.collect::<Vec<_>>(), [250, 750, 1000].map(Duration::from_millis));
    assert_eq!(clock.waits().len(), 3);
}

#[tokio::test]
async fn the_breaker_opens_at_the_threshold_of_the_file() {
    let server = failing().await;
    let file = "retry.max_attempts = 1\nbreaker = { min_attempts = 3, failure_rate = 1.0, open_for = \"1h\", max_open_for = \"1h\" }";
    let (client, _) = client(file);
    for attempt in 1..=5 {
        let error = limit(client.get(server.url("/")).send()).await.unwrap_err();
        let sent = error.receipt().unwrap().attempts().len();
        assert_eq!(sent, usize::from(attempt <= 3), "operation {attempt}");
    }
    assert_eq!(server.arrivals().len(), 3);
}

#[tokio::test]
async fn the_budget_of_the_file_refuses_the_retry_that_it_cannot_pay() {
    let server = failing().await;
    let (client, _) = client("budget = { capacity = 2.0, initial = 2.0, cost = { error = 1.0 } }");

    let error = limit(client.get(server.url("/")).send()).await.unwrap_err();
    assert!(error.is_budget_exhausted());
    assert_eq!(server.arrivals().len(), 3, "the first try and two retries");

    let error = limit(client.get(server.url("/")).send()).await.unwrap_err();
    assert!(error.is_budget_exhausted());
    assert_eq!(server.arrivals().len(), 4);
}

#[tokio::test]
async fn breaker_and_budget_that_are_off_refuse_nothing() {
    let server = failing().await;
    let file = "retry.max_attempts = 30\nbreaker = { enabled = false, min_attempts = 1 }\n\
                budget = { enabled = false, initial = 0.0 }";
    let (client, _) = client(file);
    let error = limit(client.get(server.url("/")).send()).await.unwrap_err();
    assert!(error.is_attempts_exhausted());
    assert_eq!(server.arrivals().len(), 30);
}

#[tokio::test]
async fn key_and_base_url_are_those_of_the_file() {
    let server = RawServer::start([]).await;
    let file = format!(
        "base_url = {:?}\nkey = {{ header = \"x-request-id\", format = \"quoted\", methods = [\"PUT\"] }}",
        server.url("/v1")
    );
    let (client, _) = client(&file);
    limit(client.put("/a").send()).await.unwrap();
    limit(client.post("/b").send()).await.unwrap();

    let arrivals = server.arrivals();
    assert_eq!([arrivals[0].path(), arrivals[1].path()], ["/v1/a", "/v1/b"]);
    assert!(
        arrivals[0]
            .header("x-request-id")
            .is_some_and(|key| key.starts_with('"'))
    );
    assert_eq!(arrivals[1].header("x-request-id"), None);
    assert_eq!(arrivals[1].header("idempotency-key"), None);
}

#[tokio::test]
async fn a_post_is_not_repeated_where_the_file_says_that_keys_are_ignored() {
    for (file, arrivals) in [
        ("key.support = \"ignored\"", 1),
        ("key.support = \"ignored\"\nreplay = \"at_least_once\"", 5),
        ("key.support = \"honored\"", 5),
    ] {
        let server = failing().await;
        let (client, _) = client(file);
        let _error = limit(client.post(server.url("/")).send()).await.unwrap_err();
        assert_eq!(server.arrivals().len(), arrivals, "{file}");
    }
}
