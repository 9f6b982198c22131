//! A second attempt beside a slow one goes only where a repeat is safe, carries the same key, and is paid for.

use std::time::Duration;

use http::{Method, StatusCode};
use steadfast::breaker::CircuitBreaker;
use steadfast::budget::RetryBudget;
use steadfast::testing::payment_api::{Gate, PaymentApi, Turn};
use steadfast::testing::{Recorded, Recorder, Script, Step};
use steadfast::{
    Body, Client, ClientBuilder, Clock, ConcurrencyLimit, Effect, Ending, Hedge, KeySupport, Origin, Receipt, Replay,
    ResponseExt, RetryPolicy,
};

use crate::support::{limit, one_shot};
use crate::support_time::paused;

const URL: &str = "https://api.example.com/charges";
const DELAY: Duration = Duration::from_millis(300);

fn ok_after(millis: u64) -> Step {
    Step::status(StatusCode::OK).after(Duration::from_millis(millis))
}

fn after(millis: u64, status: StatusCode) -> Step {
    Step::status(status).after(Duration::from_millis(millis))
}

fn hedging(steps: impl IntoIterator<Item = Step>) -> (ClientBuilder, Script) {
    let script = Script::new(steps);
    let builder = Client::builder()
        .script(&script)
        .jitter_seed(1)
        .hedge(Hedge::after(DELAY));
    (builder, script)
}

fn story(receipt: &Receipt) -> Vec<(u32, String)> {
    let tell = |attempt: &steadfast::Attempt| (attempt.number(), attempt.ending().to_string());
    receipt.attempts().iter().map(tell).collect()
}

fn told(number: u32, ending: &str) -> (u32, String) {
    (number, ending.to_owned())
}

const CANCELLED: &str = "cancelled: another attempt answered first";

#[test]
fn the_first_answer_wins_and_the_other_attempt_is_cancelled() {
    let cases = [
        (ok_after(10_000), ok_after(50), [told(1, CANCELLED), told(2, "200 OK")]),
        (ok_after(400), ok_after(5_000), [told(2, CANCELLED), told(1, "200 OK")]),
        // Both at the same instant: the one that was sent first.
        (ok_after(400), ok_after(100), [told(2, CANCELLED), told(1, "200 OK")]),
    ];
    for (first, second, expected) in cases {
        let (builder, script) = hedging([first, second]);
        let client = builder.build().unwrap();

        let response = paused(client.post(URL).send()).unwrap();

        let receipt = response.receipt().unwrap();
        assert_eq!(story(receipt), expected);
        assert_eq!(receipt.effect(), Effect::Applied);
        let keys: Vec<_> = script
            .arrivals()
            .iter()
            .map(|arrival| arrival.header("idempotency-key").map(str::to_owned))
            .collect();
        assert!(keys.len() == 2 && keys[0].is_some() && keys[0] == keys[1], "{keys:?}");
        let sent: Vec<_> = script.arrivals().iter().map(|arrival| arrival.at).collect();
        assert!((sent[1] - sent[0]).abs_diff(DELAY) < Duration::from_millis(5));
        drop(response);
        assert_eq!(script.open(), 0, "nothing is left under way");
    }
}

#[test]
fn an_attempt_that_answers_in_time_is_not_hedged() {
    let (builder, script) = hedging([ok_after(250), ok_after(0)]);
    let client = builder.build().unwrap();

    let response = paused(client.get(URL).send()).unwrap();

    assert_eq!(script.arrivals().len(), 1);
    assert_eq!(response.receipt().unwrap().attempts().len(), 1);
}

#[test]
fn under_a_key_a_refusal_of_the_hedge_does_not_win() {
    let (builder, _) = hedging([ok_after(2_000), after(10, StatusCode::CONFLICT)]);
    let client = builder.build().unwrap();

    let response = paused(client.post(URL).send()).unwrap();

    assert_eq!(response.status(), StatusCode::OK);
    let receipt = response.receipt().unwrap();
    assert_eq!(story(receipt), [told(2, "409 Conflict"), told(1, "200 OK")]);
}

#[test]
fn without_a_key_any_answer_wins() {
    let (builder, _) = hedging([ok_after(2_000), after(10, StatusCode::NOT_FOUND)]);
    let client = builder.build().unwrap();

    let response = paused(client.get(URL).send()).unwrap();

    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[test]
fn a_failure_waits_for_the_other_attempt() {
    let bad = StatusCode::BAD_GATEWAY;
    let cases = [
        (
            after(400, bad),
            ok_after(700),
            vec![told(1, "502 Bad Gateway"), told(2, "200 OK")],
        ),
        (
            ok_after(700),
            after(10, bad),
            vec![told(2, "502 Bad Gateway"), told(1, "200 OK")],
        ),
        // If neither wins, the one that was sent first decides, here for a retry.
        (
            after(400, bad),
            after(700, StatusCode::CONFLICT),
            vec![told(2, "409 Conflict"), told(1, "502 Bad Gateway"), told(3, "200 OK")],
        ),
    ];
    for (first, second, expected) in cases {
        let (builder, script) = hedging([first, second, ok_after(0)]);
        let client = builder.build().unwrap();

        let response = paused(client.post(URL).send()).unwrap();

        assert_eq!(story(response.receipt().unwrap()), expected);
        assert_eq!(script.arrivals().len(), expected.len());
    }
}

#[test]
fn only_what_may_be_repeated_is_hedged() {
    type Case = (
        &'static str,
        fn(ClientBuilder) -> ClientBuilder,
        Method,
        fn() -> Body,
        usize,
    );
    let cases: [Case; 6] = [
        (
            "a key that is ignored",
            |b| b.key_support(KeySupport::Ignored),
            Method::POST,
            Body::default,
            1,
        ),
        (
            "at least once is no licence to do it twice on purpose",
            |b| b.key_support(KeySupport::Ignored).replay(Replay::AtLeastOnce),
            Method::POST,
            Body::default,
            1,
        ),
        ("a body that is gone", |b| b, Method::PUT, || one_shot("x").into(), 1),
        (
            "the last attempt",
            |b| b.retry(RetryPolicy::never()),
            Method::GET,
            Body::default,
            1,
        ),
        (
            "an idempotent method",
            |b| b.key_support(KeySupport::Ignored),
            Method::PUT,
            Body::default,
            2,
        ),
        ("an honoured key", |b| b, Method::POST, Body::default, 2),
    ];
    for (name, change, method, body, arrivals) in cases {
        let (builder, script) = hedging([ok_after(1_000), ok_after(1_000)]);
        let client = change(builder).build().unwrap();

        paused(client.request(method, URL).body(body()).send()).unwrap();

        assert_eq!(script.arrivals().len(), arrivals, "{name}");
    }
}

#[test]
fn a_key_that_the_server_may_have_forgotten_is_not_sent_again() {
    for (lifetime, arrivals) in [(1, 1), (3, 2)] {
        let script = Script::new([ok_after(4_000), ok_after(4_000)]);
        let client = Client::builder()
            .script(&script)
            .key_lifetime(Duration::from_secs(lifetime))
            .hedge(Hedge::after(Duration::from_secs(2)))
            .build()
            .unwrap();

        paused(client.post(URL).send()).unwrap();

        assert_eq!(script.arrivals().len(), arrivals, "{lifetime} s");
    }
}

#[test]
fn it_is_paid_for_and_earns_no_refund() {
    let origin: Origin = URL.parse().unwrap();
    let budget = RetryBudget::builder().capacity(10.0).initial(2.0).build().unwrap();
    let script = Script::from_fn(|_| ok_after(1_000));
    let client = Client::builder()
        .script(&script)
        .retry_budget(budget.clone())
        .hedge(Hedge::after(DELAY))
        .build()
        .unwrap();

    for expected in [1.1, 0.2, 0.3, 0.4] {
        paused(client.get(URL).send()).unwrap();
        assert!(
            (budget.balance(&origin) - expected).abs() < 1e-9,
            "{}",
            budget.balance(&origin)
        );
    }
    assert_eq!(script.arrivals().len(), 6, "two of four operations were hedged");
}

#[test]
fn an_open_circuit_lets_no_hedge_through() {
    let breaker = CircuitBreaker::builder().build().unwrap();
    let origin: Origin = URL.parse().unwrap();
    let (isolating, isolated) = (breaker.clone(), origin.clone());
    let (builder, script) = hedging([ok_after(1_000), ok_after(0)]);
    let client = builder
        .circuit_breaker(breaker)
        .on_event(move |event| {
            if matches!(event, steadfast::Event::AttemptStarted { .. }) {
                isolating.isolate(&isolated, Clock::system().now()).unwrap();
            }
        })
        .build()
        .unwrap();

    let response = paused(client.get(URL).send()).unwrap();

    assert_eq!((response.status(), script.arrivals().len()), (StatusCode::OK, 1));
}

#[test]
fn observers_are_told_of_each_hedge() {
    let recorder = Recorder::new();
    let (builder, _) = hedging([ok_after(1_000), ok_after(0)]);
    let client = builder.observe(recorder.clone()).build().unwrap();

    paused(client.get(URL).send()).unwrap();

    let events = recorder.events();
    let hedged = events
        .iter()
        .position(|event| matches!(event, Recorded::Hedged(2)))
        .unwrap();
    assert!(matches!(events[hedged + 1], Recorded::AttemptStarted(2)), "{events:?}");
    let cancelled =
        |event: &&Recorded| matches!(event, Recorded::AttemptEnded(attempt) if attempt.ending() == Ending::Cancelled);
    assert_eq!(events.iter().filter(cancelled).count(), 1);
}

#[test]
fn a_percentile_follows_what_was_observed() {
    let script = Script::new((0..60).map(|_| ok_after(20)).chain([ok_after(60_000), ok_after(0)]));
    let client = Client::builder()
        .script(&script)
        .attempt_timeout(Duration::from_secs(120))
        .hedge(Hedge::percentile(0.95))
        .build()
        .unwrap();

    paused(async {
        for _ in 0..61 {
            client.get(URL).send().await.unwrap();
        }
    });

    let arrivals = script.arrivals();
    assert_eq!(arrivals.len(), 62, "only the slow one was hedged");
    let delay = arrivals[61].at - arrivals[60].at;
    assert!(
        (Duration::from_millis(20)..Duration::from_millis(30)).contains(&delay),
        "{delay:?}"
    );
}

#[test]
fn a_percentile_is_no_shorter_than_is_allowed() {
    let script = Script::new((0..60).map(|_| ok_after(20)).chain([ok_after(60_000), ok_after(0)]));
    let client = Client::builder()
        .script(&script)
        .attempt_timeout(Duration::from_secs(120))
        .hedge(Hedge::percentile(0.95).at_least(Duration::from_millis(100)))
        .build()
        .unwrap();

    paused(async {
        for _ in 0..61 {
            client.get(URL).send().await.unwrap();
        }
    });

    let arrivals = script.arrivals();
    let delay = arrivals[61].at - arrivals[60].at;
    assert!(delay >= Duration::from_millis(100), "{delay:?}");
}

#[test]
fn a_hedge_takes_a_place_of_its_own_or_is_not_sent() {
    for (places, arrivals) in [(1, 1), (2, 2)] {
        let (builder, script) = hedging([ok_after(1_000), ok_after(1_000)]);
        let client = builder
            .concurrency_limit(ConcurrencyLimit::new(places))
            .build()
            .unwrap();

        paused(client.get(URL).send()).unwrap();

        assert_eq!(script.arrivals().len(), arrivals, "{places}");
    }
}

#[test]
fn an_attempt_that_has_ended_leaves_its_place_while_the_other_one_goes_on() {
    let rows = [
        [after(1_000, StatusCode::SERVICE_UNAVAILABLE), Step::hang()],
        [Step::hang(), after(1_000, StatusCode::SERVICE_UNAVAILABLE)],
    ];
    for steps in rows {
        let places = ConcurrencyLimit::new(2);
        let (builder, script) = hedging(steps);
        let client = builder.concurrency_limit(places.clone()).build().unwrap();
        let origin: Origin = "https://api.example.com".parse().unwrap();
        paused(async {
            let operation = tokio::spawn(client.get(URL).send());
            Clock::system().sleep(Duration::from_millis(500)).await;
            assert_eq!(places.in_flight(&origin), 2);
            Clock::system().sleep(Duration::from_secs(2)).await;
            assert_eq!((places.in_flight(&origin), script.arrivals().len()), (1, 2));
            operation.abort();
        });
    }
}

#[test]
fn a_refusal_under_a_key_does_not_win_on_any_method() {
    let (builder, _) = hedging([ok_after(2_000), after(10, StatusCode::CONFLICT)]);
    let client = builder.build().unwrap();

    let response = paused(client.get(URL).idempotency_key("order-1").send()).unwrap();

    assert_eq!(response.status(), StatusCode::OK);
}

#[test]
fn what_a_cancelled_attempt_did_stays_unknown() {
    let (builder, _) = hedging([Step::hang(), after(10, StatusCode::BAD_REQUEST)]);
    let client = builder.build().unwrap();

    let response = paused(client.get(URL).send()).unwrap();

    let receipt = response.receipt().unwrap();
    assert_eq!(
        (response.status(), receipt.effect()),
        (StatusCode::BAD_REQUEST, Effect::Unknown)
    );
}

#[test]
fn dropped_in_the_race_it_leaves_nothing_behind() {
    let breaker = CircuitBreaker::builder().min_attempts(1).probes(1).build().unwrap();
    let origin: Origin = URL.parse().unwrap();
    let script = Script::new([Step::hang(), Step::hang(), ok_after(0)]);
    let client = Client::builder()
        .script(&script)
        .circuit_breaker(breaker.clone())
        .hedge(Hedge::after(DELAY))
        .build()
        .unwrap();

    paused(async {
        let racing = tokio::spawn(client.get(URL).send());
        Clock::system().sleep(Duration::from_secs(1)).await;
        assert_eq!(script.open(), 2);
        racing.abort();
        racing.await.unwrap_err();
        assert_eq!(script.open(), 0);
        client.get(URL).send().await.unwrap();
        assert_eq!(breaker.state(&origin, Clock::system().now()).failures, 0);
    });
}

#[test]
fn values_out_of_range_are_refused_by_name() {
    let refusals = [
        (Hedge::after(Duration::ZERO), "hedge.after"),
        (Hedge::percentile(1.0), "hedge.percentile"),
        (Hedge::percentile(f64::NAN), "hedge.percentile"),
        (Hedge::percentile(0.9).at_least(Duration::ZERO), "hedge.at_least"),
    ];
    for (hedge, field) in refusals {
        let error = Client::builder().hedge(hedge).build().unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
    }
}

/// Over sockets: the server refuses the hedge because the key is in use, and charges once.
#[tokio::test]
async fn a_server_that_honours_keys_acts_once_for_both() {
    let api = PaymentApi::start().await.unwrap();
    let gate = Gate::new();
    api.script(Turn::charge().held(&gate));
    let client = Client::builder()
        .hedge(Hedge::after(Duration::from_millis(20)))
        .build()
        .unwrap();

    let sending = tokio::spawn(
        client
            .post(api.endpoint("/v1/charges"))
            .idempotency_key("order-1")
            .body("amount=100")
            .send(),
    );
    limit(async {
        while api.arrivals() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    gate.release();
    let response = limit(sending).await.unwrap().unwrap();

    assert!(response.status().is_success(), "{response:?}");
    assert_eq!(api.charges().len(), 1);
    assert_eq!(api.key("order-1").executions(), 1);
    assert_eq!(response.receipt().unwrap().attempts().len(), 2);
}
