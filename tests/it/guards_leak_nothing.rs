//! However many origins there are and however operations end, what breaker and budget keep stays bounded and whole.
#![expect(clippy::float_cmp, reason = "a balance is counted in thousandths, not rounded")]

use std::sync::Mutex;
use std::time::Duration;

use http::StatusCode;
use steadfast::breaker::{CircuitBreaker, State};
use steadfast::budget::RetryBudget;
use steadfast::testing::{Script, Step};
use steadfast::{Client, Clock, Delivery, FailureKind};

use crate::support_guards::{A, LATER, balance, guarded, once, origin, state_of, touchy};
use crate::support_time::paused;

#[test]
fn a_hundred_thousand_origins_take_no_more_than_the_bound() {
    let script = Script::from_fn(|arrival| match arrival.url.path() {
        "/down" => Step::status(StatusCode::SERVICE_UNAVAILABLE),
        _ => Step::status(StatusCode::OK),
    });
    let client = Client::builder()
        .script(&script)
        .circuit_breaker(touchy().max_origins(64).build().unwrap())
        .retry_budget(RetryBudget::builder().max_origins(64).build().unwrap())
        .build()
        .unwrap();
    let cells = || {
        (
            client.circuit_breaker().unwrap().origins(),
            client.retry_budget().origins(),
        )
    };
    paused(async {
        for _ in 0..2 {
            let _failed = once(&client, &format!("{A}/down")).await;
        }
        for number in 0..100_000 {
            // Hostile names: each is asked once, and every seventh fails.
            let path = if number % 7 == 0 { "/down" } else { "" };
            let _either = once(&client, &format!("http://host-{number}.example{path}")).await;
            if number % 1_000 == 0 {
                let _seen = script.take_arrivals();
                let (breakers, balances) = cells();
                assert!(breakers <= 65 && balances <= 65, "{breakers} and {balances}");
                assert_eq!(
                    state_of(&client, A).state,
                    State::Open,
                    "what is open is not pushed out"
                );
            }
        }
    });
    assert_eq!(cells().0, 64);
}

#[test]
fn by_default_a_client_keeps_a_thousand_and_twenty_four_origins() {
    let script = Script::new([]);
    let client = Client::builder().script(&script).build().unwrap();
    paused(async {
        for number in 0..3_000 {
            assert!(once(&client, &format!("http://host-{number}.example")).await.is_ok());
        }
    });
    assert_eq!(client.circuit_breaker().unwrap().origins(), 1_024);
    assert_eq!(client.retry_budget().origins(), 1_024);
}

/// Numbers that look random and are the same on every run.
struct Draw(Mutex<u64>);

impl Draw {
    fn below(&self, limit: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % limit
    }
}

fn anything(draw: &Draw) -> Step {
    let status = |code| Step::status(StatusCode::from_u16(code).unwrap());
    let step = match draw.below(14) {
        0 => status(500),
        1 => status(503).header("retry-after", "2"),
        2 => status(429).header("retry-after", "1"),
        3 => status(404),
        4 => Step::refused(),
        5 => Step::lost_response(),
        6 => Step::refused_stream(),
        7 => Step::hang(),
        8 => Step::cut_body(StatusCode::OK, "half"),
        9 => Step::stall_body(StatusCode::OK, "half"),
        10 => status(307).header("location", "https://b.example/"),
        11 => Step::fail(FailureKind::Request, Delivery::NeverSent),
        _ => status(200),
    };
    step.after(Duration::from_millis(draw.below(300)))
}

#[test]
fn after_a_storm_of_failures_and_dropped_operations_everything_is_given_back() {
    for seed in 1..=3 {
        let steps = Draw(Mutex::new(seed));
        let script = Script::from_fn(move |arrival| match arrival.url.path() {
            "/well" => Step::status(StatusCode::OK),
            _ => anything(&steps),
        });
        let breaker = CircuitBreaker::builder()
            .min_attempts(6)
            .open_for(Duration::from_millis(500))
            .max_open_for(Duration::from_secs(1))
            .hold_back(Duration::from_secs(3))
            .probes(2)
            .build()
            .unwrap();
        let client = guarded(&breaker, &script)
            .buffer(64)
            .attempt_timeout(Duration::from_secs(2))
            .total_timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let caller = Draw(Mutex::new(seed + 100));
        paused(async {
            let mut under_way = tokio::task::JoinSet::new();
            for _ in 0..5_000 {
                let handle = under_way.spawn(client.post(A).body("amount=100").send());
                Clock::system().sleep(Duration::from_millis(caller.below(120))).await;
                if caller.below(3) == 0 {
                    handle.abort();
                }
                assert!((0.0..=10.0).contains(&balance(&client, A)));
            }
            while let Some(ended) = under_way.join_next().await {
                assert!(ended.is_ok() || ended.is_err_and(|error| error.is_cancelled()));
            }
            assert_eq!(script.open(), 0, "seed {seed}");
            let sent = script.arrivals().len();
            assert!(sent > 500, "seed {seed}: no storm, {sent} were sent");

            // All places are free: once its time has come, two successes close it, whatever state it was left in.
            Clock::system().sleep(LATER).await;
            for _ in 0..2 {
                once(&client, &format!("{A}/well")).await.unwrap();
            }
            assert_eq!(state_of(&client, A).state, State::Closed, "seed {seed}");
            // And no token is out: a full balance is reached, and not exceeded.
            for _ in 0..110 {
                once(&client, &format!("{A}/well")).await.unwrap();
            }
            assert_eq!(client.retry_budget().balance(&origin(A)), 10.0, "seed {seed}");
        });
    }
}
