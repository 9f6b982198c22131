use std::time::Duration;

use http::StatusCode;
use steadfast::testing::{Script, Step};
use steadfast::{Attempt, Client, Clock, Error, StopReason};

use super::toml;
use crate::support::{RawServer, answer, limit};
use crate::support_time::paused;

const URL: &str = "https://api.example.com/charges";

/// A client as the file says, whose waits end at once, and the clock that records them.
fn client(file: &str) -> (Client, Clock) {
    let clock = Clock::skipping();
    let builder = toml(file).builder().unwrap();
    (builder.clock(clock.clone()).build().unwrap(), clock)
}

fn waits(error: &Error) -> Vec<Duration> {
    let attempts = error.receipt().unwrap().attempts();
    attempts.iter().filter_map(Attempt::wait).collect()
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
    assert_eq!(waits(&error), [250, 750, 1000].map(Duration::from_millis));
    assert_eq!(clock.waits().len(), 3);
}

#[tokio::test]
async fn waits_are_those_of_the_files_list_uncut() {
    let server = failing().await;
    let file = "retry.max_attempts = 4\nretry.backoff = { steps = [\"20ms\", \"30s\"], jitter = \"none\" }";
    let (client, _) = client(file);
    let error = limit(client.get(server.url("/")).send()).await.unwrap_err();
    assert!(error.is_attempts_exhausted());
    assert_eq!(server.arrivals().len(), 4);
    assert_eq!(waits(&error), [20, 30_000, 30_000].map(Duration::from_millis));
}

#[tokio::test]
async fn attempts_end_at_the_limits_of_the_file() {
    let steady =
        "retry.max_attempts = 20\nretry.backoff = { steps = [\"10s\"], jitter = \"none\" }\nbudget.enabled = false\n";
    for (line, arrivals, stop) in [
        (
            "retry.max_attempts_for = [\"500: 1\", \"503: 3\"]",
            3,
            StopReason::OutcomeLimit,
        ),
        ("retry.max_elapsed = \"45s\"", 5, StopReason::TimeExhausted),
    ] {
        let server = failing().await;
        let (client, _) = client(&format!("{steady}{line}"));
        let error = limit(client.get(server.url("/")).send()).await.unwrap_err();
        assert_eq!(server.arrivals().len(), arrivals, "{line}");
        assert_eq!(error.receipt().unwrap().stop(), stop, "{line}");
    }
}

#[test]
fn timeouts_are_limited_as_the_file_says() {
    let script = Script::from_fn(|_| Step::hang());
    let file = "retry.max_attempts = 20\nretry.max_attempts_for = [\"503: 1\", \"timeout: 2\"]";
    let client = toml(file).builder().unwrap().script(&script).build().unwrap();
    paused(client.get(URL).send()).unwrap_err();
    assert_eq!(script.arrivals().len(), 2);
}

#[test]
fn those_beyond_the_limit_and_the_queue_of_the_file_are_turned_away() {
    for (file, sent) in [
        ("concurrency = { attempts = 2, queue = 1 }", 3),
        ("concurrency = { attempts = 2 }", 4),
        ("concurrency = { attempts = 2, queue = 5, max_wait = \"1s\" }", 2),
        ("concurrency.attempts = \"none\"", 6),
    ] {
        let script = Script::from_fn(|_| Step::status(StatusCode::OK).after(Duration::from_secs(2)));
        let client = toml(file).builder().unwrap().script(&script).build().unwrap();
        let ends = paused(async {
            let sending = (0..6).map(|_| tokio::spawn(client.get(URL).send()));
            let mut ends = Vec::new();
            for task in sending.collect::<Vec<_>>() {
                ends.push(task.await.unwrap().is_ok());
            }
            ends
        });
        assert_eq!(ends.iter().filter(|is_ok| **is_ok).count(), sent, "{file}");
        assert_eq!(script.arrivals().len(), sent, "{file}");
    }
}

#[test]
fn a_slow_attempt_is_hedged_when_the_file_says() {
    for (file, arrivals) in [
        ("hedge.after = \"300ms\"", 2),
        ("hedge.after = \"3s\"", 1),
        ("hedge.percentile = 0.9", 1),
        ("", 1),
    ] {
        let script = Script::from_fn(|_| Step::status(StatusCode::OK).after(Duration::from_secs(2)));
        let client = toml(file).builder().unwrap().script(&script).build().unwrap();
        paused(client.get(URL).send()).unwrap();
        assert_eq!(script.arrivals().len(), arrivals, "{file}");
    }
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
