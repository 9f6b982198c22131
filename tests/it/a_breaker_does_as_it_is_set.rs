//! Modes, the switch by hand, and what shares a breaker.
#![expect(clippy::float_cmp, reason = "a balance is counted in thousandths, not rounded")]

use std::time::Duration;

use http::StatusCode;
use steadfast::breaker::{Mode, State, Target};
use steadfast::testing::{Script, Step};
use steadfast::{Client, Clock, Origin, ResponseExt, Scope, StopReason};

use crate::support_guards::{A, B, LATER, Log, balance, by_path, guarded, once, origin, state_of, touchy, trip};
use crate::support_time::paused;

#[test]
fn observe_only_reports_and_refuses_nothing() {
    paused(async {
        let (script, log) = (Script::from_fn(by_path), Log::default());
        let breaker = touchy().mode(Mode::ObserveOnly).build().unwrap();
        let client = guarded(&breaker, &script).on_event(log.write()).build().unwrap();

        let error = client.get(format!("{A}/down")).send().await.unwrap_err();
        for _ in 0..50 {
            let _failed = once(&client, &format!("{A}/down")).await;
        }
        breaker.isolate(&origin(B), Clock::system().now()).unwrap();
        once(&client, B).await.unwrap();

        assert!(error.is_attempts_exhausted());
        assert_eq!(script.arrivals().len(), 56);
        assert!(log.changes()[0].starts_with("the circuit opened"));
    });
}

#[test]
fn retries_only_lets_first_tries_through_and_no_retry() {
    paused(async {
        let script = Script::from_fn(by_path);
        let breaker = touchy().mode(Mode::RetriesOnly).build().unwrap();
        let client = guarded(&breaker, &script).build().unwrap();
        trip(&breaker, A, &Clock::system());
        for _ in 0..10 {
            let error = client.get(format!("{A}/down")).send().await.unwrap_err();
            assert!(error.is_circuit_open() && error.is_status());
            assert_eq!(error.receipt().unwrap().attempts().len(), 1);
        }
        assert_eq!((script.arrivals().len(), balance(&client, A)), (10, 5.0));
        assert!(client.get(A).send().await.is_ok());
        breaker.isolate(&origin(A), Clock::system().now()).unwrap();
        let error = client.get(A).send().await.unwrap_err();
        assert_eq!(error.receipt().unwrap().attempts().len(), 0, "isolated, nothing goes");
    });
}

#[test]
fn by_hand_an_origin_is_taken_out_of_service_and_put_back() {
    paused(async {
        let script = Script::from_fn(by_path);
        let client = Client::builder().script(&script).build().unwrap();
        let breaker = client.circuit_breaker().unwrap();
        breaker.isolate(&origin(A), Clock::system().now()).unwrap();
        assert_eq!(state_of(&client, A).state, State::Isolated);
        Clock::system().sleep(LATER).await;
        assert!(
            once(&client, A).await.unwrap_err().is_circuit_open(),
            "however long one waits"
        );
        assert!(once(&client, B).await.is_ok());
        breaker.reset(&origin(A));
        assert!(once(&client, A).await.is_ok());
    });
}

#[test]
fn isolating_ends_operations_that_wait() {
    paused(async {
        let script = Script::from_fn(by_path);
        let client = Client::builder().script(&script).build().unwrap();
        let operation = tokio::spawn(client.get(format!("{A}/down")).send());
        Clock::system().sleep(Duration::from_millis(100)).await;
        let breaker = client.circuit_breaker().unwrap();
        breaker.isolate(&origin(A), Clock::system().now()).unwrap();
        let error = operation.await.unwrap().unwrap_err();
        assert_eq!(error.receipt().unwrap().stop(), StopReason::CircuitOpen);
        assert_eq!((script.arrivals().len(), balance(&client, A)), (1, 5.0));
        assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    });
}

#[test]
fn a_failing_route_leaves_its_sibling_alone_where_routes_are_kept_apart() {
    paused(async {
        let script = Script::from_fn(by_path);
        let breaker = touchy()
            .scope_by(|target| Scope::within(target.origin(), target.path()))
            .build()
            .unwrap();
        let client = guarded(&breaker, &script).build().unwrap();
        for _ in 0..10 {
            let _failed = once(&client, &format!("{A}/down?page=2")).await;
        }
        assert_eq!(script.arrivals().len(), 2, "the query names no route");
        assert!(once(&client, &format!("{A}/up")).await.is_ok());
        let route = Scope::within(&origin(A), "/down");
        assert_eq!(breaker.state(route, Clock::system().now()).state, State::Open);
    });
}

#[test]
fn a_failing_tenant_leaves_the_others_alone_where_a_header_tells_them_apart() {
    paused(async {
        let of = |target: &Target<'_>| {
            target
                .headers()
                .get("x-tenant")
                .map(|tenant| tenant.as_bytes().to_owned())
        };
        let breaker = touchy()
            .scope_by(move |target| {
                let tenant = of(target).unwrap_or_default();
                Scope::within(target.origin(), &String::from_utf8_lossy(&tenant))
            })
            .build()
            .unwrap();
        let script = Script::from_fn(|arrival| match arrival.header("x-tenant") {
            Some("broken") => Step::status(StatusCode::INTERNAL_SERVER_ERROR),
            _ => Step::status(StatusCode::OK),
        });
        let mut defaults = http::HeaderMap::new();
        defaults.insert("x-tenant", http::HeaderValue::from_static("broken"));
        let client = guarded(&breaker, &script).default_headers(defaults).build().unwrap();
        let tenant = |name: &'static str| client.get(A).header("x-tenant", name).send_once().send();
        for _ in 0..2 {
            assert!(tenant("broken").await.unwrap_err().is_status());
        }
        assert!(tenant("broken").await.unwrap_err().is_circuit_open());
        assert!(
            once(&client, A).await.unwrap_err().is_circuit_open(),
            "default headers are seen"
        );
        assert!(tenant("fine").await.is_ok());
    });
}

#[test]
fn keying_that_panics_falls_back_to_the_origin() {
    paused(async {
        let script = Script::from_fn(by_path);
        let breaker = touchy().scope_by(|_| panic!("the caller's keying")).build().unwrap();
        let client = guarded(&breaker, &script).build().unwrap();
        let response = client.get(A).send().await.unwrap();
        assert_eq!(response.receipt().unwrap().attempts().len(), 1);
        assert_eq!(state_of(&client, A).attempts, 1);
    });
}

#[test]
fn whoever_has_only_the_client_reads_state_rate_counts_time_and_balance() {
    paused(async {
        let script = Script::from_fn(by_path);
        let client = Client::builder().script(&script).build().unwrap();
        for path in ["/", "/down", "/", "/"] {
            let _either = once(&client, &format!("{A}{path}")).await;
        }
        let here: Origin = origin(A);
        let seen = client.circuit_breaker().unwrap().state(&here, Clock::system().now());
        assert_eq!((seen.state, seen.attempts, seen.failures), (State::Closed, 4, 1));
        assert_eq!((seen.failure_rate, seen.retry_at), (0.25, None));
        assert_eq!(client.clone().retry_budget().balance(&here), 5.3);
    });
}
