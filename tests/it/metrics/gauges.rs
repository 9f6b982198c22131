//! The gauges show what the breaker and the budget are.

use http::StatusCode;
use steadfast::breaker::CircuitBreaker;
use steadfast::budget::RetryBudget;
use steadfast::metrics::Metrics;
use steadfast::testing::{Script, Step};
use steadfast::{Client, Clock, Scope};

use super::Board;
use crate::support_guards::{A, B, LATER, balance, by_path, once, origin, touchy};

const STATE: &str = "steadfast_circuit_state";
const BALANCE: &str = "steadfast_budget_balance_tokens";
const TRANSITIONS: &str = "steadfast_circuit_transitions_total";

fn watched(breaker: CircuitBreaker, script: &Script) -> Client {
    let metrics = Metrics::new();
    let builder = Client::builder().script(script).circuit_breaker(breaker);
    let client = builder.observe(metrics.clone()).build().unwrap();
    metrics.watch(client.circuit_breaker(), client.retry_budget());
    client
}

/// The one state of an origin's breaker that is shown.
fn shown(board: &Board, origin: &str) -> &'static str {
    let states = ["closed", "open", "half_open", "isolated"];
    let on = |state: &&str| board.gauge(STATE, &[("origin", origin), ("state", state)]) == Some(1.0);
    let on: Vec<_> = states.into_iter().filter(on).collect();
    let [state] = on[..] else { panic!("{on:?} at once") };
    state
}

#[test]
fn the_state_goes_from_open_by_half_open_to_closed() {
    let (board, script) = (Board::default(), Script::from_fn(by_path));
    let client = watched(touchy().probes(2).build().unwrap(), &script);
    board.hears(async {
        once(&client, A).await.unwrap();
        assert_eq!(shown(&board, A), "closed");

        once(&client, &format!("{A}/down")).await.unwrap_err();
        assert_eq!(shown(&board, A), "open");
        Clock::system().sleep(LATER).await;
        assert_eq!(shown(&board, A), "open", "until somebody asks");

        once(&client, A).await.unwrap();
        assert_eq!(shown(&board, A), "half_open");
        once(&client, A).await.unwrap();
        assert_eq!(shown(&board, A), "closed");
    });
    for (transition, cause) in [("opened", "failure_rate"), ("half_opened", "none"), ("closed", "none")] {
        let labels = [("origin", A), ("transition", transition), ("cause", cause)];
        assert_eq!(board.count(TRANSITIONS, &labels), 1, "{transition}");
    }
    assert_eq!(board.count(TRANSITIONS, &[]), 3);
}

#[test]
fn a_change_by_hand_shows_after_the_next_operation() {
    let (board, script) = (Board::default(), Script::new([]));
    let breaker = touchy().build().unwrap();
    let client = watched(breaker.clone(), &script);
    board.hears(async {
        once(&client, A).await.unwrap();
        breaker.isolate(&origin(A), Clock::system().now()).unwrap();
        once(&client, A).await.unwrap_err();
        assert_eq!(shown(&board, A), "isolated");

        breaker.reset(&origin(A));
        once(&client, A).await.unwrap();
        assert_eq!(shown(&board, A), "closed");
    });
}

#[test]
fn a_redirects_target_shows_its_own_state_and_balance() {
    let board = Board::default();
    let script = Script::from_fn(|arrival| match arrival.url.host_str() {
        Some("a.example") => Step::status(StatusCode::FOUND).header("location", "https://b.example/"),
        _ => Step::status(StatusCode::SERVICE_UNAVAILABLE),
    });
    let client = watched(touchy().build().unwrap(), &script);
    board.hears(async {
        once(&client, A).await.unwrap_err();
        once(&client, A).await.unwrap_err();
    });
    assert_eq!((shown(&board, A), shown(&board, B)), ("closed", "open"));
    for url in [A, B] {
        assert_eq!(board.gauge(BALANCE, &[("origin", url)]), Some(balance(&client, url)));
    }
}

#[test]
fn the_balance_is_what_the_budget_has_after_each_operation() {
    let (board, script) = (Board::default(), Script::from_fn(by_path));
    let client = watched(CircuitBreaker::builder().failure_rate(1.0).build().unwrap(), &script);
    let mut balances = Vec::new();
    board.hears(async {
        for path in ["/", "/down", "/", "/down", "/"] {
            let _either = client.get(format!("{A}{path}")).send().await;
            balances.push(board.gauge(BALANCE, &[("origin", A)]).unwrap());
            assert_eq!(balances.last(), Some(&balance(&client, A)), "after {path}");
        }
    });
    assert_eq!(balances, [5.1, 1.1, 1.2, 0.2, 0.3]);
}

#[test]
fn what_has_no_state_or_balance_per_origin_has_no_gauge() {
    let (board, script, metrics) = (Board::default(), Script::new([]), Metrics::new());
    let keyed = CircuitBreaker::builder().scope_by(|target| Scope::within(target.origin(), target.path()));
    let client = Client::builder()
        .script(&script)
        .circuit_breaker(keyed.build().unwrap())
        .retry_budget(RetryBudget::unlimited())
        .observe(metrics.clone())
        .build()
        .unwrap();
    metrics.watch(client.circuit_breaker(), client.retry_budget());
    board.hears(once(&client, A)).unwrap();
    assert_eq!((board.gauge(STATE, &[]), board.gauge(BALANCE, &[])), (None, None));
}
