//! No more attempts are under way to an origin than its limit allows, and nobody queues in vain.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::time::Duration;

use http::StatusCode;
use steadfast::testing::payment_api::{Gate, PaymentApi, Turn};
use steadfast::testing::{Script, Step};
use steadfast::{Client, Clock, ConcurrencyLimit, Effect, Error, Origin, ResponseExt, StopReason};
use tokio::task::JoinSet;

use crate::support::limit;
use crate::support_time::paused;

const URL: &str = "https://api.example.com/charges";
const ANSWER_TIME: Duration = Duration::from_secs(2);

fn slow(limit: ConcurrencyLimit) -> (Client, Script) {
    let script = Script::from_fn(|_| Step::status(StatusCode::OK).after(ANSWER_TIME));
    let client = Client::builder().script(&script).concurrency_limit(limit).build();
    (client.unwrap(), script)
}

/// Starts so many operations at once and collects their ends, in order of starting.
async fn all(client: &Client, operations: usize) -> Vec<Result<Duration, StopReason>> {
    let mut tasks = JoinSet::new();
    for number in 0..operations {
        let sending = client.post(URL).send();
        tasks.spawn(async move { (number, sending.await) });
    }
    let mut ends = tasks.join_all().await;
    ends.sort_by_key(|(number, _)| *number);
    ends.into_iter().map(|(_, end)| summary(end)).collect()
}

fn summary(end: Result<reqwest::Response, Error>) -> Result<Duration, StopReason> {
    match end {
        Ok(response) => Ok(response.receipt().unwrap().queued()),
        Err(error) => Err(error.receipt().unwrap().stop()),
    }
}

#[test]
fn those_beyond_it_wait_in_order_and_those_beyond_the_queue_are_turned_away() {
    let (client, script) = slow(ConcurrencyLimit::new(2).queue(3));

    let ends = paused(all(&client, 7));

    let seconds = |count| Ok(Duration::from_secs(count));
    let away = Err(StopReason::ConcurrencyLimited);
    let expected = [seconds(0), seconds(0), seconds(2), seconds(2), seconds(4), away, away];
    assert_eq!(ends.len(), expected.len());
    for (number, (end, expected)) in ends.iter().zip(expected).enumerate() {
        match (end, expected) {
            // tokio's timers are a millisecond coarse.
            (Ok(queued), Ok(expected)) => assert!(
                queued.abs_diff(expected) < Duration::from_millis(10),
                "#{number}: {queued:?}"
            ),
            (end, expected) => assert_eq!(*end, expected, "#{number}"),
        }
    }
    assert_eq!(script.arrivals().len(), 5);
}

#[test]
fn nobody_waits_longer_than_is_allowed() {
    let (client, script) = slow(ConcurrencyLimit::new(1).queue(5).max_wait(Duration::from_secs(1)));

    let ends = paused(all(&client, 3));

    assert_eq!(
        ends[1..],
        [Err(StopReason::ConcurrencyLimited), Err(StopReason::ConcurrencyLimited)]
    );
    assert_eq!(script.arrivals().len(), 1);
}

#[test]
fn a_far_deadline_makes_nobody_wait_longer_than_is_allowed() {
    let (client, script) = slow(ConcurrencyLimit::new(1).queue(5).max_wait(Duration::from_secs(1)));
    let error = paused(async {
        let patient = client.post(URL).total_timeout(Duration::from_secs(60)).send();
        tokio::join!(client.post(URL).send(), patient).1.unwrap_err()
    });

    assert!(error.is_concurrency_limited(), "{error}");
    assert_eq!(script.arrivals().len(), 1);
}

#[test]
fn nobody_waits_so_long_that_the_deadline_leaves_no_time_for_the_attempt() {
    let (client, script) = slow(ConcurrencyLimit::new(1).queue(5));
    let ends = paused(async {
        let first = client.post(URL).send();
        let second = client.post(URL).total_timeout(Duration::from_millis(2_100)).send();
        let clock = Clock::system();
        let started = clock.now();
        let (_, second) = tokio::join!(first, async { (second.await.unwrap_err(), clock.now() - started) });
        second
    });

    let (error, after) = ends;
    assert!(error.is_deadline(), "{error}");
    assert!(
        after < Duration::from_millis(1_900),
        "it left 250 ms before the deadline: {after:?}"
    );
    assert_eq!(script.arrivals().len(), 1);
}

#[test]
fn a_retry_that_waits_holds_no_place() {
    let script = Script::new([StatusCode::SERVICE_UNAVAILABLE, StatusCode::OK, StatusCode::OK].map(Step::status));
    let client = Client::builder()
        .script(&script)
        .concurrency_limit(ConcurrencyLimit::new(1).queue(0))
        .build()
        .unwrap();
    paused(async {
        let retrying = client.post(URL).send();
        let another = async {
            Clock::system().sleep(Duration::from_millis(500)).await;
            client.get(URL).send().await
        };
        let (retried, other) = tokio::join!(retrying, another);
        assert_eq!(retried.unwrap().receipt().unwrap().attempts().len(), 2);
        other.unwrap();
    });
}

#[test]
fn each_origin_has_its_own() {
    let (client, script) = slow(ConcurrencyLimit::new(1).queue(0));
    paused(async {
        let (one, other) = tokio::join!(
            client.post(URL).send(),
            client.post("https://other.example.com/charges").send()
        );
        one.unwrap();
        other.unwrap();
    });
    assert_eq!(script.arrivals().len(), 2);
}

#[test]
fn an_operation_that_is_dropped_gives_its_place_back_wherever_it_is() {
    let concurrency = ConcurrencyLimit::new(1).queue(1);
    let (client, _) = slow(concurrency.clone());
    let origin: Origin = URL.parse().unwrap();
    paused(async {
        let sending = tokio::spawn(client.post(URL).send());
        tokio::task::yield_now().await;
        let queued = tokio::spawn(client.post(URL).send());
        tokio::task::yield_now().await;
        assert_eq!((concurrency.in_flight(&origin), concurrency.queued(&origin)), (1, 1));

        queued.abort();
        queued.await.unwrap_err();
        assert_eq!((concurrency.in_flight(&origin), concurrency.queued(&origin)), (1, 0));
        sending.abort();
        sending.await.unwrap_err();
        assert_eq!((concurrency.in_flight(&origin), concurrency.queued(&origin)), (0, 0));
        client.post(URL).send().await.unwrap();
    });
}

#[test]
fn a_key_that_the_server_may_have_forgotten_meanwhile_is_not_sent_again() {
    for (lifetime, arrivals) in [(5, 2), (60, 3)] {
        let script = Script::new([
            Step::lost_response(),
            Step::status(StatusCode::OK).after(Duration::from_secs(10)),
            Step::status(StatusCode::OK),
        ]);
        let client = Client::builder()
            .script(&script)
            .key_lifetime(Duration::from_secs(lifetime))
            .concurrency_limit(ConcurrencyLimit::new(1).queue(1))
            .build()
            .unwrap();
        let (retried, _) = paused(async {
            tokio::join!(client.post(URL).send(), async {
                Clock::system().sleep(Duration::from_millis(500)).await;
                client.get(URL).send().await
            })
        });

        assert_eq!(script.arrivals().len(), arrivals, "{lifetime} s");
        assert_eq!(retried.is_err_and(|error| error.is_key_expired()), arrivals == 2);
    }
}

#[test]
fn a_retry_that_finds_the_queue_full_keeps_the_last_answer() {
    let script = Script::new([
        Step::status(StatusCode::SERVICE_UNAVAILABLE).body("later"),
        Step::hang(),
    ]);
    let client = Client::builder()
        .script(&script)
        .concurrency_limit(ConcurrencyLimit::new(1).queue(0))
        .build()
        .unwrap();
    let error = paused(async {
        let (error, _) = tokio::join!(client.post(URL).send(), async {
            Clock::system().sleep(Duration::from_millis(500)).await;
            client.get(URL).send_once().send().await
        });
        error.unwrap_err()
    });

    assert_eq!(error.receipt().unwrap().stop(), StopReason::ConcurrencyLimited);
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(error.effect(), Effect::Unknown);
    assert_eq!(paused(error.into_response().unwrap().text()).unwrap(), "later");
}

#[test]
fn values_out_of_range_are_refused_by_name() {
    let refusals = [
        (ConcurrencyLimit::new(0), "concurrency_limit"),
        (ConcurrencyLimit::new(1).queue(1_000_001), "concurrency_limit.queue"),
        (
            ConcurrencyLimit::new(1).max_wait(Duration::ZERO),
            "concurrency_limit.max_wait",
        ),
    ];
    for (limit, field) in refusals {
        let error = Client::builder()
            .concurrency_limit(limit)
            .build()
            .unwrap_err()
            .to_string();
        assert!(error.contains(field), "{error}");
    }
}

/// Over sockets: the server counts how many it has at once.
#[tokio::test]
async fn a_server_never_has_more_at_once() {
    let api = PaymentApi::start().await.unwrap();
    let gate = Gate::new();
    for _ in 0..12 {
        api.script(Turn::charge().held(&gate));
    }
    let concurrency = ConcurrencyLimit::new(3).queue(100);
    let client = Client::builder()
        .concurrency_limit(concurrency.clone())
        .build()
        .unwrap();
    let origin: Origin = api.url().parse().unwrap();

    let mut tasks = JoinSet::new();
    for _ in 0..12 {
        tasks.spawn(client.post(api.endpoint("/v1/charges")).body("amount=100").send());
    }
    limit(async {
        while concurrency.queued(&origin) < 9 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let at_once = api.arrivals();
    gate.release();
    for end in limit(tasks.join_all()).await {
        end.unwrap();
    }

    assert!(at_once <= 3, "{at_once} at once");
    assert_eq!(api.charges().len(), 12);
}
