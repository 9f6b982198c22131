//! What either attempt of a race brought counts: for limits, waits, times and the effect, and observers hear all of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, StatusCode};
use steadfast::breaker::{CircuitBreaker, Transition};
use steadfast::budget::RetryBudget;
use steadfast::testing::fault_proxy::{Fault, FaultProxy, FaultScript};
use steadfast::testing::payment_api::PaymentApi;
use steadfast::testing::{Script, Step};
use steadfast::{
    Client, ClientBuilder, Clock, Effect, Ending, Event, Hedge, Origin, ResponseExt, RetryPolicy, Verdict,
};
use tokio::task::JoinSet;

use crate::support::limit;
use crate::support_guards::trip;
use crate::support_time::paused;

const URL: &str = "https://api.example.com/charges";
const DELAY: Duration = Duration::from_millis(300);

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

#[test]
fn an_attempt_without_a_say_counts_among_those_that_may_end_so() {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    for (other, most) in [(unavailable, 2), (StatusCode::BAD_GATEWAY, 1)] {
        let (builder, script) = hedging([after(400, unavailable), after(10, other), after(0, StatusCode::OK)]);
        let policy = RetryPolicy::builder().max_attempts_for(other, most).build().unwrap();
        let client = builder.retry(policy).build().unwrap();

        let error = paused(client.post(URL).send()).unwrap_err();

        assert!(error.is_attempts_exhausted(), "{error}");
        assert_eq!(script.arrivals().len(), 2, "{other}");
    }
}

#[test]
fn the_breaker_counts_both() {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    let (builder, script) = hedging([after(400, unavailable), after(10, StatusCode::OK)]);
    let client = builder.build().unwrap();
    paused(client.post(URL).send()).unwrap();
    assert_eq!(script.arrivals().len(), 2);
    let failed = |lead, hedge| {
        let (builder, _) = hedging([after(lead, unavailable), after(hedge, unavailable)]);
        let client = builder.build().unwrap();
        paused(client.post(URL).max_attempts(2).send()).unwrap_err();
        let origin: Origin = URL.parse().unwrap();
        let breaker = client.circuit_breaker().unwrap();
        breaker.state(&origin, Clock::system().now()).failures
    };
    for (lead, hedge) in [(400, 10), (400, 700)] {
        assert_eq!(failed(lead, hedge), 2, "{lead} and {hedge} ms");
    }
}

#[test]
fn a_wish_for_patience_is_heeded_whichever_of_the_two_heard_it() {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    let patient = |millis| after(millis, unavailable).header("retry-after", "20");
    let cases = [
        [after(400, unavailable), patient(10)],
        [after(400, unavailable), patient(700)],
        [patient(400), after(10, unavailable)],
        [patient(400), after(700, unavailable)],
    ];
    for (number, [first, second]) in cases.into_iter().enumerate() {
        let (builder, _) = hedging([first, second, after(0, StatusCode::OK)]);
        let client = builder.build().unwrap();

        let response = paused(client.post(URL).send()).unwrap();

        let receipt = response.receipt().unwrap();
        let wait = receipt.attempts()[1].wait();
        assert!(wait >= Some(Duration::from_secs(20)), "#{number}: {wait:?}");
        assert_eq!(receipt.retry_after(), None, "#{number}: it is over");
    }
}

/// A conflict may have been about the other attempt, which has failed since.
#[test]
fn a_refusal_under_a_key_does_not_end_what_the_hedge_left_in_doubt() {
    let (builder, script) = hedging([
        after(400, StatusCode::CONFLICT),
        after(700, StatusCode::BAD_GATEWAY),
        after(0, StatusCode::OK),
    ]);
    let client = builder.build().unwrap();

    let response = paused(client.post(URL).send()).unwrap();

    let numbers: Vec<_> = response
        .receipt()
        .unwrap()
        .attempts()
        .iter()
        .map(steadfast::Attempt::number)
        .collect();
    assert_eq!((response.status(), numbers), (StatusCode::OK, vec![1, 2, 3]));
    assert_eq!(script.arrivals().len(), 3);
}

/// What is deleted is gone for the second, what has changed no longer matches its precondition.
#[test]
fn a_refusal_does_not_win_where_the_other_attempt_may_be_its_cause() {
    for (method, refusal) in [
        (Method::DELETE, StatusCode::NOT_FOUND),
        (Method::PUT, StatusCode::PRECONDITION_FAILED),
    ] {
        let (builder, _) = hedging([after(2_000, StatusCode::NO_CONTENT), after(10, refusal)]);
        let client = builder.build().unwrap();

        let response = paused(client.request(method.clone(), URL).send()).unwrap();

        assert_eq!(response.status(), StatusCode::NO_CONTENT, "{method}");
        assert_eq!(response.receipt().unwrap().effect(), Effect::Applied, "{method}");
    }
}

#[test]
fn each_took_as_long_as_it_took_itself() {
    let (builder, _) = hedging([
        after(400, StatusCode::BAD_GATEWAY),
        after(700, StatusCode::BAD_GATEWAY),
        after(0, StatusCode::OK),
    ]);
    let client = builder.build().unwrap();

    let response = paused(client.post(URL).send()).unwrap();

    for (number, millis) in [(1, 400), (2, 700)] {
        let attempts = response.receipt().unwrap().attempts();
        let attempt = attempts.iter().find(|attempt| attempt.number() == number).unwrap();
        let expected = Duration::from_millis(millis);
        assert!(
            attempt.took().abs_diff(expected) < Duration::from_millis(10),
            "#{number}: {:?}",
            attempt.took()
        );
    }
}

#[test]
fn a_classifier_is_told_which_of_the_two_it_judges() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let seeing = Arc::clone(&seen);
    let policy = RetryPolicy::builder().classify_fn(move |outcome| -> Option<Verdict> {
        let status = outcome.status()?.as_u16();
        seeing.lock().unwrap().push((outcome.attempt(), status));
        None
    });
    let (builder, _) = hedging([after(1_000, StatusCode::OK), after(10, StatusCode::BAD_GATEWAY)]);
    let client = builder.retry(policy.build().unwrap()).build().unwrap();

    paused(client.post(URL).send()).unwrap();

    let seen = seen.lock().unwrap();
    assert!(
        seen.iter().all(|judged| [(1, 200), (2, 502)].contains(judged)),
        "{seen:?}"
    );
}

#[test]
fn a_circuit_that_half_opens_for_a_hedge_is_told() {
    let breaker = CircuitBreaker::builder()
        .min_attempts(1)
        .open_for(Duration::from_secs(1))
        .build()
        .unwrap();
    let (tripping, told) = (breaker.clone(), Arc::new(Mutex::new(Vec::new())));
    let telling = Arc::clone(&told);
    let (builder, script) = hedging([after(20_000, StatusCode::OK), after(10, StatusCode::OK)]);
    let client = builder
        .hedge(Hedge::after(Duration::from_secs(10)))
        .circuit_breaker(breaker)
        .on_event(move |event| match event {
            Event::AttemptStarted { number: 1, .. } => trip(&tripping, "https://api.example.com", &Clock::system()),
            Event::CircuitChanged { transition, .. } => telling.lock().unwrap().push(**transition),
            _ => {}
        })
        .build()
        .unwrap();

    paused(client.get(URL).send()).unwrap();

    assert_eq!(script.arrivals().len(), 2);
    assert_eq!(told.lock().unwrap().first(), Some(&Transition::HalfOpened));
}

/// It had run for a moment only: as an observation, that would make the next hedge come sooner.
#[test]
fn a_cancelled_hedge_says_nothing_of_the_latency() {
    let script = Script::new(
        (0..50)
            .map(|_| after(100, StatusCode::OK))
            .chain((0..240).map(|number| after(120 + 10_000 * (number % 2), StatusCode::OK))),
    );
    let hedge = Hedge::percentile(0.5);
    let client = Client::builder()
        .script(&script)
        .retry_budget(
            RetryBudget::builder()
                .capacity(1_000.0)
                .initial(1_000.0)
                .build()
                .unwrap(),
        )
        .hedge(hedge.clone())
        .build()
        .unwrap();
    let origin: Origin = URL.parse().unwrap();

    paused(async {
        for _ in 0..110 {
            client.get(URL).send().await.unwrap();
            if hedge.delay(&origin) >= Some(Duration::from_millis(120)) {
                break;
            }
        }
    });

    assert!(
        hedge.delay(&origin) >= Some(Duration::from_millis(120)),
        "{:?}",
        hedge.delay(&origin)
    );
}

/// Over sockets, with every kind of loss: whoever wins, each key takes effect once at most, and no answer is made up.
#[tokio::test]
async fn whatever_is_lost_each_key_takes_effect_once() {
    let api = PaymentApi::start().await.unwrap();
    let faults = FaultScript::random(7)
        .rate(0.15, Fault::lost_response())
        .rate(0.15, Fault::answer(503))
        .rate(0.1, Fault::DelayHead(Duration::from_millis(30)));
    let proxy = FaultProxy::builder(api.url()).script(faults).start().await.unwrap();
    let client = Client::builder()
        .clock(Clock::skipping())
        .jitter_seed(7)
        .without_circuit_breaker()
        .retry_budget(
            RetryBudget::builder()
                .capacity(10_000.0)
                .initial(10_000.0)
                .build()
                .unwrap(),
        )
        .hedge(Hedge::after(Duration::from_millis(2)))
        .build()
        .unwrap();

    let mut succeeded = Vec::new();
    let mut hedged = 0;
    for round in 0..25 {
        let mut tasks = JoinSet::new();
        for number in 0..10 {
            let key = format!("order-{round}-{number}");
            let request = client.post(proxy.endpoint("/v1/charges")).idempotency_key(key.as_str());
            tasks.spawn(async move { (key, request.body("amount=100").send().await) });
        }
        for (key, end) in limit(tasks.join_all()).await {
            let receipt = match &end {
                Ok(response) => response.receipt().unwrap(),
                Err(error) => error.receipt().unwrap(),
            };
            hedged += receipt
                .attempts()
                .iter()
                .filter(|attempt| attempt.ending() == Ending::Cancelled)
                .count();
            if end.is_ok_and(|response| response.status().is_success()) {
                succeeded.push(key);
            }
        }
    }

    assert!(hedged > 0, "some races were won");
    assert!(succeeded.len() > 200, "{} of 250", succeeded.len());
    for (key, history) in api.keys() {
        assert!(
            history.effects() <= 1 && history.distinct_fingerprints() <= 1,
            "{key}: {history:?}"
        );
    }
    for key in succeeded {
        assert_eq!(api.key(&key).effects(), 1, "{key}");
    }
}

#[test]
fn redirects_are_those_of_the_attempt_that_followed_them() {
    let elsewhere = |millis| after(millis, StatusCode::TEMPORARY_REDIRECT).header("location", "/elsewhere");
    let ok = |millis| after(millis, StatusCode::OK);
    let cases = [
        // Before a hedge is due, by the hedge, and by the first while a hedge is under way.
        (vec![elsewhere(100), ok(0)], vec![1]),
        (vec![ok(10_000), elsewhere(10), ok(0)], vec![0, 1]),
        (vec![elsewhere(400), ok(10_000), ok(0)], vec![0, 1]),
        // By the first one that then hangs, until the hedge has answered.
        (vec![elsewhere(100), ok(10_000), ok(0)], vec![1, 0]),
    ];
    for (steps, expected) in cases {
        let (builder, _) = hedging(steps);
        let client = builder.build().unwrap();

        let response = paused(client.put(URL).send()).unwrap();

        let receipt = response.receipt().unwrap();
        let hops: Vec<_> = receipt.attempts().iter().map(|attempt| attempt.hops().len()).collect();
        assert_eq!(hops, expected, "{receipt}");
    }
}
