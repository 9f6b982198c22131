//! Every change of a breaker is told once, after what caused it; and a server's wish may hold everybody back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use steadfast::breaker::{Cause, State, Transition};
use steadfast::testing::{Script, Step};
use steadfast::{Clock, Event};

use crate::support::{RawServer, answer, impatient, limit};
use crate::support_guards::{A, LATER, Log, by_path, guarded, once, origin, state_of, touchy};
use crate::support_time::paused;

#[test]
fn opening_half_opening_and_closing_are_told_in_order_each_once() {
    paused(async {
        let (script, log) = (Script::from_fn(by_path), Log::default());
        let breaker = touchy().probes(2).build().unwrap();
        let client = guarded(&breaker, &script).on_event(log.write()).build().unwrap();
        let down = format!("{A}/down");

        for _ in 0..2 {
            let _failed = once(&client, &down).await;
        }
        let told = log.take();
        assert_eq!(told.len(), 7, "{told:#?}");
        assert!(told[3].starts_with("attempt #1 starts"), "{told:#?}");
        assert!(told[4].starts_with("attempt #1"), "{told:#?}");
        assert_eq!(
            told[5],
            "the circuit opened: too many attempts failed, 100 % of 2 attempts failed"
        );
        assert!(told[6].starts_with("stopped"), "{told:#?}");

        let _refused = once(&client, &down).await;
        assert_eq!(log.changes().len(), 0, "a refusal changes nothing");

        Clock::system().sleep(LATER).await;
        let _failed = once(&client, &down).await;
        let told = log.take();
        assert_eq!(told[0], "the circuit lets probes through");
        assert!(told[1].starts_with("attempt #1 starts"), "{told:#?}");
        assert!(told[3].starts_with("the circuit opened: a probe failed"), "{told:#?}");

        Clock::system().sleep(LATER).await;
        for _ in 0..2 {
            once(&client, A).await.unwrap();
        }
        assert_eq!(log.changes(), ["the circuit lets probes through", "the circuit closed"]);
        once(&client, A).await.unwrap();
        assert_eq!(log.changes().len(), 0);
    });
}

#[test]
fn an_opening_tells_its_cause_the_failure_rate_the_count_and_until_when() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    paused(async {
        let script = Script::from_fn(by_path);
        let breaker = touchy().min_attempts(4).build().unwrap();
        let client = guarded(&breaker, &script)
            .on_event(move |event| {
                if let Event::CircuitChanged {
                    receipt, transition, ..
                } = event
                {
                    assert_eq!(receipt.origin(), "https://a.example");
                    noted.lock().unwrap().push(**transition);
                }
            })
            .build()
            .unwrap();
        for path in ["/", "/", "/down", "/down"] {
            let _either = once(&client, &format!("{A}{path}")).await;
        }
        let [
            Transition::Opened {
                cause,
                retry_at,
                failure_rate,
                attempts,
                ..
            },
        ] = seen.lock().unwrap()[..]
        else {
            panic!("not one opening")
        };
        assert_eq!((cause, failure_rate, attempts), (Cause::FailureRate, 0.5, 4));
        assert_eq!(Some(retry_at), state_of(&client, A).retry_at);
    });
}

#[test]
fn of_many_failures_at_once_one_opens_the_breaker_and_one_probe_half_opens_it() {
    paused(async {
        let slow = |code| Step::status(code).after(Duration::from_millis(40));
        let script = Script::from_fn(move |arrival| match arrival.url.path() {
            "/down" => slow(StatusCode::BAD_GATEWAY),
            _ => slow(StatusCode::OK),
        });
        let log = Log::default();
        let breaker = touchy().build().unwrap();
        let client = guarded(&breaker, &script).on_event(log.write()).build().unwrap();
        for (path, changes) in [("/down", 1), ("/up", 2)] {
            let all: Vec<_> = (0..100)
                .map(|_| tokio::spawn(client.get(format!("{A}{path}")).send_once().send()))
                .collect();
            for operation in all {
                let _either = operation.await.unwrap();
            }
            assert_eq!(log.changes().len(), changes, "{path}");
            Clock::system().sleep(LATER).await;
        }
    });
}

/// One caller is sent away with a `Retry-After`; is another one let through meanwhile?
fn sibling_is_let_through(step: Step, hold_back: Option<Duration>) -> bool {
    let script = Script::new([step]);
    let breaker = hold_back
        .map_or(touchy(), |limit| touchy().hold_back(limit))
        .build()
        .unwrap();
    let client = guarded(&breaker, &script).build().unwrap();
    paused(async {
        let _sent_away = once(&client, A).await;
        Clock::system().sleep(Duration::from_secs(20)).await;
        let sibling = once(&client, A).await;
        assert_eq!(script.arrivals().len(), 1 + usize::from(sibling.is_ok()));
        if let Err(error) = &sibling {
            assert!(error.is_circuit_open());
            assert_eq!(error.retry_after(), Some(Duration::from_secs(10)));
        }
        sibling.is_ok()
    })
}

#[test]
fn a_retry_after_holds_back_siblings_only_where_that_is_on() {
    let minute = Some(Duration::from_secs(60));
    for code in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS] {
        let step = || Step::status(code).header("retry-after", "30");
        assert!(sibling_is_let_through(step(), None), "{code}: off by default");
        assert!(!sibling_is_let_through(step(), minute), "{code}: on");
        assert!(
            sibling_is_let_through(step(), Some(Duration::from_secs(20))),
            "{code}: no longer than the limit"
        );
    }
    let other = Step::status(StatusCode::BAD_GATEWAY).header("retry-after", "30");
    assert!(
        sibling_is_let_through(other, minute),
        "only 429 and 503 speak for the server"
    );
}

#[test]
fn a_retry_after_as_a_date_holds_back_siblings_of_an_accepted_429_too() {
    let script = Script::new([
        Step::status(StatusCode::TOO_MANY_REQUESTS).header("retry-after", "Fri, 31 Dec 2399 23:59:59 GMT")
    ]);
    let breaker = touchy().hold_back(Duration::from_secs(60)).build().unwrap();
    let client = guarded(&breaker, &script).build().unwrap();
    paused(async {
        assert!(once(&client, A).await.is_ok(), "a 429 is an answer");
        assert_eq!(state_of(&client, A).state, State::Open);
    });
}

#[test]
fn whoever_was_sent_away_comes_back_when_the_hold_is_over() {
    paused(async {
        let log = Log::default();
        let script = Script::new([Step::status(StatusCode::SERVICE_UNAVAILABLE).header("retry-after", "30")]);
        let breaker = touchy().probes(1).hold_back(Duration::from_secs(60)).build().unwrap();
        let client = guarded(&breaker, &script).on_event(log.write()).build().unwrap();
        assert!(client.get(A).send().await.is_ok());
        let told = log.changes();
        assert!(
            told[0].starts_with("the circuit opened: the server asked to wait"),
            "{told:#?}"
        );
        assert_eq!(told[1..], ["the circuit lets probes through", "the circuit closed"]);
    });
}

#[tokio::test]
async fn over_a_socket_a_503_holds_back_siblings() {
    let server = RawServer::start([answer(503, "retry-after: 30\r\n", "")]).await;
    let (builder, clock) = impatient();
    let breaker = touchy().hold_back(Duration::from_secs(60)).build().unwrap();
    let client = builder.circuit_breaker(breaker.clone()).build().unwrap();

    let sent_away = limit(client.get(server.url("/")).send_once().send()).await.unwrap_err();
    let sibling = limit(client.get(server.url("/")).send()).await.unwrap_err();

    assert!(sent_away.is_status() && sibling.is_circuit_open());
    assert_eq!((server.arrivals().len(), clock.waits().len()), (1, 0));
    let seen = breaker.state(&origin(&server.url("")), clock.now());
    assert_eq!((seen.state, seen.retry_at), (State::Open, sibling.retry_at()));
}
