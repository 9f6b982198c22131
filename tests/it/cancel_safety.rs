//! Dropping an operation at any await leaks nothing, and a later operation is as if it had never been.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use steadfast::testing::{Script, Step};
use steadfast::{AttemptInfo, Body, Client, Clock, ResponseExt, RetryPolicy, Verdict};

use crate::support::Spans;
use crate::support_time::paused;

/// Far more polls than any operation here needs.
const POLLS: usize = 40;

/// Where the far side, or the caller's own code, makes the operation wait.
const SCENES: [Scene; 7] = [
    Scene {
        name: "in an attempt",
        steps: || vec![slow(StatusCode::OK), Step::hang()],
    },
    Scene {
        name: "in a wait",
        steps: || vec![Step::lost_response(), Step::refused(), slow(StatusCode::OK)],
    },
    Scene {
        name: "in a drain",
        steps: || vec![stalled(StatusCode::SERVICE_UNAVAILABLE), slow(StatusCode::OK)],
    },
    Scene {
        name: "in a buffered body",
        steps: || vec![stalled(StatusCode::OK), stalled(StatusCode::OK)],
    },
    Scene {
        name: "in a redirect",
        steps: || vec![hop(), hop(), slow(StatusCode::BAD_GATEWAY), hop()],
    },
    Scene {
        name: "after a cut body",
        steps: || vec![Step::cut_body(StatusCode::OK, "half"), Step::hang()],
    },
    Scene {
        name: "on the way to the end",
        steps: || vec![slow(StatusCode::INTERNAL_SERVER_ERROR); 5],
    },
];

struct Scene {
    name: &'static str,
    steps: fn() -> Vec<Step>,
}

fn slow(status: StatusCode) -> Step {
    Step::status(status).after(Duration::from_millis(40))
}

fn stalled(status: StatusCode) -> Step {
    Step::stall_body(status, "half").after(Duration::from_millis(40))
}

fn hop() -> Step {
    Step::status(StatusCode::PERMANENT_REDIRECT)
        .header("location", "/next")
        .after(Duration::from_millis(40))
}

/// Everything of the caller's that a client holds: each owns a clone of the token.
fn client(script: &Script, token: &Arc<()>) -> Client {
    let (hooked, judging, observing) = (Arc::clone(token), Arc::clone(token), Arc::clone(token));
    let hook = move |attempt: AttemptInfo| {
        let held = Arc::clone(&hooked);
        async move {
            Clock::system().sleep(Duration::from_millis(5)).await;
            drop((held, attempt));
            Ok::<_, std::convert::Infallible>(HeaderMap::new())
        }
    };
    let judge = move |_: &steadfast::Outcome<'_>| (Arc::strong_count(&judging) == 0).then(Verdict::fail);
    Client::builder()
        .retry_budget(steadfast::budget::RetryBudget::unlimited())
        .without_circuit_breaker()
        .script(script)
        .attempt_timeout(Duration::from_secs(1))
        .total_timeout(Duration::from_secs(20))
        .buffer(1_024)
        .before_attempt(hook)
        .retry(RetryPolicy::builder().classify_fn(judge).build().unwrap())
        .on_event(move |_| drop(Arc::clone(&observing)))
        .build()
        .unwrap()
}

fn body(token: &Arc<()>) -> Body {
    let held = Arc::clone(token);
    Body::factory(move || {
        drop(Arc::clone(&held));
        "amount=100"
    })
}

/// Polls a future so often, then drops it; true if it was done before.
async fn dropped_after<F: Future>(polls: usize, future: F) -> bool {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(false);
        }
        polled += 1;
        let done = future.as_mut().poll(context).is_ready();
        if polled == polls {
            return Poll::Ready(done);
        }
        if done { Poll::Ready(true) } else { Poll::Pending }
    })
    .await
}

#[test]
fn dropping_an_operation_after_any_poll_leaks_nothing() {
    SCENES.iter().for_each(drops_after_every_poll);
}

/// Other futures are awaited then.
#[test]
fn dropping_an_operation_whose_spans_are_wanted_leaks_nothing_either() {
    let _spans = Spans::capture();
    SCENES.iter().for_each(drops_after_every_poll);
}

fn drops_after_every_poll(scene: &Scene) {
    let mut finished = 0;
    for polls in 0..POLLS {
        let (token, script) = (Arc::new(()), Script::new((scene.steps)()));
        let client = client(&script, &token);
        let idle = Arc::strong_count(&token);
        let request = client.post("https://api.example.com/charges").body(body(&token));
        finished += usize::from(paused(dropped_after(polls, request.send())));
        assert_eq!(
            script.open(),
            0,
            "{} after {polls} polls: a request is still open",
            scene.name
        );
        assert_eq!(
            Arc::strong_count(&token),
            idle,
            "{} after {polls} polls: something is held",
            scene.name
        );
        drop(client);
        assert_eq!(
            Arc::strong_count(&token),
            1,
            "{} after {polls} polls: the client is held",
            scene.name
        );
    }
    assert!(
        (1..=POLLS - 3).contains(&finished),
        "{}: {finished} of {POLLS} were finished",
        scene.name
    );
}

#[test]
fn an_operation_after_a_dropped_one_is_as_if_that_had_never_been() {
    for scene in &SCENES {
        for polls in 0..POLLS {
            paused(async {
                let token = Arc::new(());
                let scene_steps = Mutex::new((scene.steps)().into_iter());
                let later_steps =
                    Mutex::new([Step::lost_response(), slow(StatusCode::SERVICE_UNAVAILABLE)].into_iter());
                let script = Script::from_fn(move |arrival| {
                    let later = arrival.url.path() == "/later";
                    let step = if later {
                        later_steps.lock().unwrap().next()
                    } else {
                        scene_steps.lock().unwrap().next()
                    };
                    step.unwrap_or_else(|| Step::status(StatusCode::OK))
                });
                let client = client(&script, &token);
                dropped_after(
                    polls,
                    client.post("https://api.example.com/charges").body(body(&token)).send(),
                )
                .await;
                let before = script.arrivals().len();

                let began = Clock::system().now();
                let later = client
                    .post("https://api.example.com/later")
                    .body("later")
                    .send()
                    .await
                    .unwrap();
                let receipt = later.receipt().unwrap();
                assert_eq!(receipt.attempts().len(), 3, "{} after {polls} polls", scene.name);
                assert_eq!(receipt.elapsed(), Clock::system().now() - began);
                assert!(receipt.elapsed() < Duration::from_secs(4));
                let arrivals = script.arrivals().split_off(before);
                let keys: Vec<_> = arrivals
                    .iter()
                    .map(|arrival| arrival.header("idempotency-key"))
                    .collect();
                assert_eq!(keys, [receipt.key().map(steadfast::IdempotencyKey::as_str); 3]);
            });
        }
    }
}
