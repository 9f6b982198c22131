//! Of any number of callers at once a half-open breaker lets its probes through, and a probe that ends in no answer
//! gives its place back.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use steadfast::breaker::{CircuitBreaker, State};
use steadfast::testing::{Script, Step};
use steadfast::{Body, Client, Clock, Event, RetryPolicy, Verdict};

use crate::support::{After, RawServer, Step as Bytes, impatient, limit, pause};
use crate::support_guards::{A, LATER, balance, by_path, guarded, once, origin, skip, state_of, touchy, trip};
use crate::support_time::paused;

/// A breaker that is about to let its probes through.
async fn about_to_probe(probes: usize) -> CircuitBreaker {
    let breaker = touchy().probes(probes).build().unwrap();
    trip(&breaker, A, &Clock::system());
    Clock::system().sleep(LATER).await;
    breaker
}

/// All places are free: as many successes as there are probes close it, and no fewer.
async fn closes_after(client: &Client, probes: usize) {
    for _ in 0..probes {
        assert_eq!(state_of(client, A).state, State::HalfOpen);
        once(client, A).await.unwrap();
    }
    assert_eq!(state_of(client, A).state, State::Closed);
}

#[test]
fn operations_dropped_in_their_attempt_say_nothing_about_the_server() {
    paused(async {
        let (breaker, script) = (touchy().build().unwrap(), Script::from_fn(by_path));
        let client = guarded(&breaker, &script).build().unwrap();
        for _ in 0..50 {
            let operation = tokio::spawn(client.get(format!("{A}/hang")).send());
            Clock::system().sleep(Duration::from_secs(10)).await;
            operation.abort();
            assert!(operation.await.unwrap_err().is_cancelled());
        }
        let seen = state_of(&client, A);
        assert_eq!((seen.state, seen.attempts, seen.failures), (State::Closed, 0, 0));
        assert_eq!(
            (balance(&client, A), script.open(), script.arrivals().len()),
            (5.0, 0, 50)
        );
    });
}

#[test]
fn an_operation_dropped_in_its_wait_leaves_the_failure_that_was_and_nothing_more() {
    paused(async {
        let script = Script::from_fn(by_path);
        let client = guarded(&touchy().build().unwrap(), &script).build().unwrap();
        let operation = tokio::spawn(client.get(format!("{A}/down")).send());
        Clock::system().sleep(Duration::from_millis(500)).await;
        operation.abort();
        assert!(operation.await.unwrap_err().is_cancelled());
        Clock::system().sleep(Duration::from_secs(5)).await;
        let seen = state_of(&client, A);
        assert_eq!((seen.attempts, seen.failures, script.arrivals().len()), (1, 1, 1));
    });
}

#[test]
fn a_probe_that_is_dropped_gives_its_place_back_again_and_again() {
    paused(async {
        let breaker = about_to_probe(1).await;
        let script = Script::from_fn(by_path);
        let client = guarded(&breaker, &script).build().unwrap();
        for _ in 0..20 {
            let probe = tokio::spawn(client.get(format!("{A}/hang")).send());
            Clock::system().sleep(Duration::from_millis(10)).await;
            assert!(
                once(&client, A).await.unwrap_err().is_circuit_open(),
                "the only place is taken"
            );
            probe.abort();
            assert!(probe.await.unwrap_err().is_cancelled());
        }
        closes_after(&client, 1).await;
    });
}

#[test]
fn a_probe_that_hangs_ends_with_the_attempt_timeout_and_counts_as_a_failure() {
    paused(async {
        let breaker = about_to_probe(1).await;
        let script = Script::from_fn(by_path);
        let client = guarded(&breaker, &script).build().unwrap();

        let error = once(&client, &format!("{A}/hang")).await.unwrap_err();

        assert!(error.is_timeout());
        let seen = state_of(&client, A);
        assert_eq!(seen.state, State::Open);
        let open_for = seen.retry_at.unwrap() - Clock::system().now();
        assert!(
            open_for >= Duration::from_secs(10),
            "twice as long as before: {open_for:?}"
        );
    });
}

/// Long completions: each place is taken over before the answer that fills it.
#[test]
fn answers_that_take_longer_than_a_probe_may_close_it_all_the_same() {
    paused(async {
        let probe_timeout = Duration::from_secs(60);
        let breaker = touchy().probes(1).probe_timeout(probe_timeout).build().unwrap();
        trip(&breaker, A, &Clock::system());
        Clock::system().sleep(LATER).await;
        let script = Script::from_fn(|_| Step::status(StatusCode::OK).after(Duration::from_secs(90)));
        let client = guarded(&breaker, &script)
            .attempt_timeout(Duration::from_secs(120))
            .build()
            .unwrap();
        let first = tokio::spawn(client.get(A).send());
        Clock::system().sleep(probe_timeout).await;
        let second = tokio::spawn(client.get(A).send());
        Clock::system().sleep(Duration::from_secs(1)).await;
        assert_eq!(script.arrivals().len(), 2, "the place was taken over");
        assert_eq!(state_of(&client, A).state, State::HalfOpen);

        first.await.unwrap().unwrap();
        assert_eq!(state_of(&client, A).state, State::Closed);
        second.await.unwrap().unwrap();
    });
}

#[test]
fn the_callers_own_code_that_panics_in_a_probe_gives_the_place_back() {
    paused(async {
        let breaker = about_to_probe(2).await;
        let script = Script::from_fn(|arrival| {
            assert_ne!(arrival.url.path(), "/panic", "the transport panics");
            Step::status(StatusCode::OK)
        });
        let hook = |attempt: steadfast::AttemptInfo| async move {
            assert_ne!(attempt.url().path(), "/hook", "the hook panics");
            Ok::<_, std::convert::Infallible>(HeaderMap::new())
        };
        let client = guarded(&breaker, &script)
            .before_attempt(hook)
            .on_event(|event: &Event<'_>| assert!(event.receipt().key().is_none(), "the observer panics"))
            .build()
            .unwrap();
        for _ in 0..10 {
            assert!(once(&client, &format!("{A}/hook")).await.is_err());
            let body = Body::factory(|| -> &'static str { panic!("the body's factory panics") });
            assert!(client.put(A).body(body).send().await.is_err());
            // A panic that nobody catches: the task dies, and with it the permit.
            let dies = tokio::spawn(once_owned(client.clone(), format!("{A}/panic")));
            assert!(dies.await.unwrap_err().is_panic());
            assert_eq!(state_of(&client, A).state, State::HalfOpen);
        }
        assert_eq!(script.open(), 0);
        closes_after(&client, 2).await;
    });
}

async fn once_owned(client: Client, url: String) {
    let _either = once(&client, &url).await;
}

#[test]
fn a_classifier_that_panics_in_a_probe_changes_nothing_about_what_it_says_of_the_server() {
    paused(async {
        let breaker = about_to_probe(1).await;
        let script = Script::new([]);
        let policy = RetryPolicy::builder().classify_fn(|_| -> Option<Verdict> { panic!("classifier") });
        let client = guarded(&breaker, &script)
            .retry(policy.build().unwrap())
            .build()
            .unwrap();
        let _either = once(&client, A).await;
        assert_eq!(state_of(&client, A).state, State::Closed, "the server answered 200");
    });
}

#[test]
fn a_neutral_answer_to_a_probe_gives_its_place_back_and_decides_nothing() {
    paused(async {
        let breaker = about_to_probe(1).await;
        let script = Script::from_fn(|arrival| match arrival.url.path() {
            "/busy" => Step::status(StatusCode::TOO_MANY_REQUESTS),
            "/goaway" => Step::refused_stream(),
            _ => Step::status(StatusCode::OK),
        });
        let client = guarded(&breaker, &script).build().unwrap();
        for path in ["/busy", "/goaway", "/busy"] {
            let _either = once(&client, &format!("{A}{path}")).await;
            assert_eq!(state_of(&client, A).state, State::HalfOpen, "{path}");
        }
        closes_after(&client, 1).await;
    });
}

/// On several threads, and counted where it matters: at the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_ten_thousand_callers_at_once_exactly_the_probes_are_sent() {
    for probes in [1, 3, 10] {
        let (breaker, script) = (touchy().probes(probes).build().unwrap(), Script::from_fn(by_path));
        let clock = Clock::skipping();
        let client = guarded(&breaker, &script).clock(clock.clone()).build().unwrap();
        trip(&breaker, A, &clock);
        skip(&clock, LATER);

        let url: Arc<str> = format!("{A}/hang").into();
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..10_000 {
            let (client, url) = (client.clone(), Arc::clone(&url));
            callers.spawn(async move { once(&client, &url).await });
        }
        for _ in 0..10_000 - probes {
            let refused = limit(callers.join_next()).await.unwrap().unwrap().unwrap_err();
            assert!(refused.is_circuit_open());
        }

        assert_eq!(script.arrivals().len(), probes);
        limit(callers.shutdown()).await;
        // Their places are free again: it is not stuck.
        for _ in 0..probes {
            assert_eq!(breaker.state(&origin(A), clock.now()).state, State::HalfOpen);
            once(&client, A).await.unwrap();
        }
        assert_eq!(breaker.state(&origin(A), clock.now()).state, State::Closed);
        assert_eq!(script.open(), 0);
    }
}

#[tokio::test]
async fn over_sockets_of_two_hundred_callers_exactly_the_probes_arrive() {
    let silent = (0..200).map(|_| Bytes::Write(Vec::new(), After::Stall));
    let server = RawServer::start(silent).await;
    let (builder, clock) = impatient();
    let breaker = touchy().build().unwrap();
    let client = builder.circuit_breaker(breaker.clone()).build().unwrap();
    trip(&breaker, &server.url(""), &clock);
    skip(&clock, LATER);

    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..200 {
        callers.spawn(client.post(server.url("/charges")).body("x").send_once().send());
    }
    for _ in 0..197 {
        let refused = limit(callers.join_next()).await.unwrap().unwrap().unwrap_err();
        assert!(refused.is_circuit_open());
    }
    limit(async {
        while server.arrivals().len() < 3 {
            pause(Duration::from_millis(5)).await;
        }
    })
    .await;
    limit(callers.shutdown()).await;

    // The three were dropped: their places are free, and whoever comes next is let through.
    let next = tokio::spawn(client.get(server.url("/next")).send_once().send());
    limit(async {
        while server.arrivals().len() < 4 {
            pause(Duration::from_millis(5)).await;
        }
    })
    .await;
    next.abort();
    assert_eq!(server.arrivals().len(), 4);
}
