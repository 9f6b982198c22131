//! What the caller finds out at the provider settles an operation in doubt, and nothing else lifts the gate.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, StatusCode};
use steadfast::budget::{Failed, RetryBudget};
use steadfast::reqwest::ResponseBuilderExt;
use steadfast::retry::ReplaySafety;
use steadfast::testing::fault_proxy::{Fault, FaultProxy, FaultScript};
use steadfast::testing::payment_api::{PaymentApi, Profile, Turn};
use steadfast::testing::{Recorded, Recorder, Script, Step};
use steadfast::{
    Client, ClientBuilder, Clock, ConcurrencyLimit, Effect, Finding, KeySupport, NotReplayable, Origin, Replay,
    ResponseExt, RetryPolicy, StopReason, Verdict,
};

use crate::support::{limit, one_shot};
use crate::support_time::paused;

const URL: &str = "https://api.example.com/charges";

fn scripted(steps: impl IntoIterator<Item = Step>) -> (ClientBuilder, Script) {
    let script = Script::new(steps);
    (Client::builder().script(&script).jitter_seed(1), script)
}

#[test]
fn an_operation_that_took_effect_is_not_repeated() {
    let (builder, script) = scripted([Step::lost_response(), Step::status(StatusCode::OK)]);
    let client = builder.on_unknown(|_| async { Finding::applied() }).build().unwrap();

    let error = paused(client.post(URL).send()).unwrap_err();

    assert_eq!(script.arrivals().len(), 1);
    assert!(error.is_looked_up() && error.is_connection_lost(), "{error}");
    assert_eq!(error.effect(), Effect::Applied);
    assert_eq!(error.retry_after(), None);
    assert_eq!(
        error.receipt().unwrap().attempts()[0].looked_up(),
        Some(Effect::Applied)
    );
    assert!(error.receipt().unwrap().to_string().contains("looked up: applied"));
}

#[test]
fn an_answer_that_was_found_is_the_answer() {
    let (builder, script) = scripted([Step::status(StatusCode::SERVICE_UNAVAILABLE)]);
    let client = builder
        .on_unknown(|_| async {
            let found = http::Response::builder().status(201).body("the charge").unwrap();
            Finding::answered(found.into())
        })
        .build()
        .unwrap();

    let response = paused(client.post(URL).send()).unwrap();

    let receipt = response.receipt().unwrap();
    assert_eq!(
        (receipt.stop(), receipt.effect()),
        (StopReason::LookedUp, Effect::Applied)
    );
    assert_eq!((response.status(), script.arrivals().len()), (StatusCode::CREATED, 1));
    assert_eq!(paused(response.text()).unwrap(), "the charge");
}

#[test]
fn an_error_of_the_lookup_proves_nothing() {
    for status in [404, 500] {
        let (builder, script) = scripted([Step::lost_response(), Step::status(StatusCode::OK)]);
        let client = builder
            .key_support(KeySupport::Ignored)
            .on_unknown(move |_| async move {
                let found = http::Response::builder().status(status).body("no such charge").unwrap();
                Finding::answered(found.into())
            })
            .build()
            .unwrap();

        let error = paused(client.post(URL).send()).unwrap_err();

        assert_eq!(
            (error.effect(), script.arrivals().len()),
            (Effect::Unknown, 1),
            "{status}"
        );
        assert!(error.is_not_replayable(), "{error}");
    }
}

#[test]
fn what_certainly_did_not_happen_is_repeated_even_where_keys_are_ignored() {
    let (builder, script) = scripted([Step::lost_response(), Step::status(StatusCode::OK)]);
    let client = builder
        .key_support(KeySupport::Ignored)
        .on_unknown(|_| async { Finding::not_applied() })
        .build()
        .unwrap();

    let response = paused(client.post(URL).send()).unwrap();

    let receipt = response.receipt().unwrap();
    assert_eq!(script.arrivals().len(), 2);
    assert!(receipt.attempts()[0].wait() >= Some(Duration::from_secs(1)));
    assert_eq!((receipt.effect(), receipt.possible_duplicates()), (Effect::Applied, 0));
}

#[test]
fn without_a_finding_the_gate_holds() {
    type Look = fn() -> Finding;
    let looks: [(&str, Look); 2] = [
        ("unknown", Finding::unknown),
        ("a panic", || std::panic::panic_any("the lookup is broken")),
    ];
    for (name, look) in looks {
        let (builder, script) = scripted([Step::lost_response(), Step::status(StatusCode::OK)]);
        let client = builder
            .key_support(KeySupport::Ignored)
            .on_unknown(move |_| async move { look() })
            .build()
            .unwrap();

        let error = paused(client.post(URL).send()).unwrap_err();

        assert_eq!(script.arrivals().len(), 1, "{name}");
        let stop = error.receipt().unwrap().stop();
        assert_eq!(stop, StopReason::NotReplayable(NotReplayable::KeyIgnored), "{name}");
        assert_eq!(error.effect(), Effect::Unknown, "{name}");
    }
}

#[test]
fn no_finding_repeats_what_is_sent_once() {
    type Once = fn(steadfast::RequestBuilder) -> steadfast::RequestBuilder;
    let cases: [(Once, NotReplayable); 2] = [
        (|request| request.send_once(), NotReplayable::SendOnce),
        (|request| request.body(one_shot("x")), NotReplayable::OneShotBody),
    ];
    for (once, why) in cases {
        let (builder, script) = scripted([Step::lost_response(), Step::status(StatusCode::OK)]);
        let client = builder
            .on_unknown(|_| async { Finding::not_applied() })
            .build()
            .unwrap();

        let error = paused(once(client.post(URL)).send()).unwrap_err();

        assert_eq!(script.arrivals().len(), 1, "{why}");
        assert_eq!(error.receipt().unwrap().stop(), StopReason::NotReplayable(why));
    }
}

#[test]
fn an_answer_that_is_accepted_is_not_looked_up() {
    let (builder, _) = scripted([Step::lost_response(), Step::status(StatusCode::CONFLICT)]);
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let client = builder
        .on_unknown(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Finding::unknown() }
        })
        .build()
        .unwrap();

    let response = paused(client.post(URL).send()).unwrap();

    assert_eq!(response.receipt().unwrap().effect(), Effect::Unknown);
    assert_eq!(asked.load(Ordering::Relaxed), 1, "before the repeat alone");
}

#[test]
fn what_was_found_done_begins_no_further_attempt() {
    let now = Clock::system().now();
    let mut attempts = RetryPolicy::default().attempts(ReplaySafety::repeatable().with_lookup(), now);
    attempts.begin(now).unwrap();

    attempts.found(Effect::Applied);

    assert_eq!(attempts.begin(now).unwrap_err(), StopReason::LookedUp);
}

#[test]
fn a_lookup_that_takes_longer_than_an_attempt_found_nothing() {
    let (builder, script) = scripted([Step::lost_response(), Step::status(StatusCode::OK)]);
    let client = builder
        .attempt_timeout(Duration::from_secs(3))
        .on_unknown(|_| std::future::pending())
        .build()
        .unwrap();

    let response = paused(client.post(URL).send()).unwrap();

    let attempts = response.receipt().unwrap().attempts();
    assert_eq!(script.arrivals().len(), 2);
    assert!(attempts[1].started() >= attempts[0].wait().unwrap() + Duration::from_secs(3));
}

#[test]
fn a_doubt_that_was_cleared_comes_back_with_the_next_lost_answer() {
    let (builder, script) = scripted([
        Step::lost_response(),
        Step::lost_response(),
        Step::status(StatusCode::OK),
    ]);
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let client = builder
        .key_support(KeySupport::Ignored)
        .on_unknown(move |_| {
            let first = counted.fetch_add(1, Ordering::Relaxed) == 0;
            async move {
                if first {
                    Finding::not_applied()
                } else {
                    Finding::unknown()
                }
            }
        })
        .build()
        .unwrap();

    let error = paused(client.post(URL).send()).unwrap_err();

    assert!(error.is_not_replayable(), "{error}");
    assert_eq!((script.arrivals().len(), asked.load(Ordering::Relaxed)), (2, 2));
    assert_eq!(error.effect(), Effect::Unknown);
}

#[test]
fn it_is_asked_at_once_when_the_operation_is_given_up_and_only_then_says_so() {
    let recorder = Recorder::new();
    let (builder, script) = scripted((0..5).map(|_| Step::lost_response()));
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let client = builder
        .observe(recorder.clone())
        .on_unknown(move |operation| {
            let last = operation.is_given_up();
            telling
                .lock()
                .unwrap()
                .push((operation.receipt().attempts().len(), last));
            async move {
                if last {
                    Finding::not_applied()
                } else {
                    Finding::unknown()
                }
            }
        })
        .build()
        .unwrap();

    let error = paused(client.post(URL).send()).unwrap_err();

    assert_eq!(script.arrivals().len(), 5);
    assert_eq!(
        *told.lock().unwrap(),
        [(1, false), (2, false), (3, false), (4, false), (5, true)]
    );
    assert!(error.is_attempts_exhausted());
    assert_eq!(error.effect(), Effect::NotApplied);
    let events = recorder.events();
    let findings = events.iter().filter(|event| matches!(event, Recorded::LookedUp(_)));
    assert_eq!(findings.count(), 5);
}

/// What was found before the wait for leave is not the last word: the budget was empty when the retry was due.
#[test]
fn it_is_asked_once_more_when_leave_is_refused_after_the_wait() {
    let (builder, script) = scripted([Step::lost_response()]);
    let budget = RetryBudget::builder().initial(1.0).build().unwrap();
    let (told, spent) = (Arc::new(Mutex::new(Vec::new())), budget.clone());
    let telling = Arc::clone(&told);
    let client = builder
        .retry_budget(budget)
        .on_unknown(move |operation| {
            // Somebody else was faster.
            let origin: Origin = operation.url().as_str().parse().unwrap();
            if let Some(withdrawal) = spent.withdraw(&origin, Failed::Error) {
                let _paid = withdrawal.spend();
            }
            telling.lock().unwrap().push(operation.is_given_up());
            async { Finding::unknown() }
        })
        .build()
        .unwrap();

    let error = paused(client.post("https://api.example.com").send()).unwrap_err();

    assert!(error.is_budget_exhausted(), "{error}");
    assert_eq!((script.arrivals().len(), error.effect()), (1, Effect::Unknown));
    assert_eq!(*told.lock().unwrap(), [false, true]);
}

#[test]
fn nobody_is_asked_without_a_doubt() {
    let cases: [(Method, Vec<Step>); 4] = [
        (Method::GET, vec![Step::lost_response(), Step::status(StatusCode::OK)]),
        (Method::POST, vec![Step::refused(), Step::status(StatusCode::OK)]),
        (Method::POST, vec![Step::status(StatusCode::BAD_REQUEST)]),
        (Method::POST, vec![Step::status(StatusCode::OK)]),
    ];
    for (method, steps) in cases {
        let (builder, script) = scripted(steps);
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let client = builder.build().unwrap();
        let request = client.request(method.clone(), URL).on_unknown(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Finding::unknown() }
        });

        paused(request.send()).unwrap();

        assert_eq!(script.open(), 0, "{method}");
        assert_eq!(asked.load(Ordering::Relaxed), 0, "{method}");
    }
}

#[test]
fn a_finding_also_outlives_the_key() {
    for (finding, arrivals) in [(Effect::Unknown, 1), (Effect::NotApplied, 2)] {
        let (builder, script) = scripted([Step::lost_response(), Step::status(StatusCode::OK)]);
        let client = builder
            .key_lifetime(Duration::from_secs(1))
            .on_unknown(move |_| async move {
                match finding {
                    Effect::NotApplied => Finding::not_applied(),
                    _ => Finding::unknown(),
                }
            })
            .build()
            .unwrap();

        let result = paused(client.post(URL).send());

        assert_eq!(script.arrivals().len(), arrivals, "{finding}");
        assert_eq!(result.is_ok(), arrivals == 2);
        if let Err(error) = result {
            assert!(error.is_key_expired(), "{error}");
        }
    }
}

#[test]
fn at_least_once_counts_no_duplicate_where_the_lookup_says_that_there_is_none() {
    let (builder, _) = scripted([Step::lost_response(), Step::status(StatusCode::OK)]);
    let client = builder
        .key_support(KeySupport::Ignored)
        .replay(Replay::AtLeastOnce)
        .on_unknown(|_| async { Finding::not_applied() })
        .build()
        .unwrap();

    let response = paused(client.post(URL).send()).unwrap();

    assert_eq!(response.receipt().unwrap().possible_duplicates(), 0);
}

/// A caller who obeys the hint would run an operation again that took effect.
#[test]
fn an_operation_that_took_effect_asks_nobody_to_try_again_later() {
    let refused = Step::status(StatusCode::SERVICE_UNAVAILABLE).header("retry-after", "3600");
    let (builder, _) = scripted([refused]);
    let client = builder.on_unknown(|_| async { Finding::applied() }).build().unwrap();

    let error = paused(client.post(URL).send()).unwrap_err();

    assert!(error.is_looked_up(), "{error}");
    assert_eq!((error.effect(), error.retry_after()), (Effect::Applied, None));
    // The answer is outdated and not kept; what it said is.
    assert!(error.is_status() && error.response().is_none(), "{error}");
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
}

#[test]
fn no_wait_is_begun_for_a_lookup_that_nobody_makes() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let (builder, script) = scripted([Step::status(StatusCode::TOO_EARLY)]);
    let policy = RetryPolicy::builder().classify_fn(|outcome| {
        let early = outcome.status() == Some(StatusCode::TOO_EARLY);
        early.then(Verdict::retry)
    });
    let client = builder
        .key_support(KeySupport::Ignored)
        .retry(policy.build().unwrap())
        .on_unknown(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Finding::not_applied() }
        })
        .build()
        .unwrap();

    let error = paused(client.post(URL).send()).unwrap_err();

    assert!(error.is_not_replayable(), "{error}");
    assert_eq!((script.arrivals().len(), asked.load(Ordering::Relaxed)), (1, 0));
    assert_eq!(error.receipt().unwrap().attempts()[0].wait(), None);
}

#[test]
fn what_stays_forbidden_takes_no_place_and_says_why() {
    let concurrency = ConcurrencyLimit::new(1).queue(0);
    let script = Script::new([Step::lost_response(), Step::hang()]);
    let client = Client::builder()
        .script(&script)
        .key_support(KeySupport::Ignored)
        .concurrency_limit(concurrency)
        .on_unknown(|_| async { Finding::unknown() })
        .build()
        .unwrap();

    let error = paused(async {
        let (error, _) = tokio::join!(client.post(URL).send(), async {
            Clock::system().sleep(Duration::from_millis(500)).await;
            client.get(URL).send_once().send().await
        });
        error.unwrap_err()
    });

    assert!(error.is_not_replayable(), "{error}");
}

#[test]
fn a_finding_does_not_print_where_it_was_found() {
    let found = http::Response::builder()
        .header("set-cookie", "session=hunter2")
        .url("https://api.example.com/charges?token=hunter2".parse().unwrap())
        .body("hunter2")
        .unwrap();

    let printed = format!("{:?}", Finding::answered(found.into()));

    assert!(!printed.contains("hunter2") && printed.contains("200"), "{printed}");
}

/// Over a socket, at a server that ignores keys: what it did is counted there.
#[tokio::test]
async fn a_server_that_ignores_keys_acts_once_when_it_is_asked_first() {
    for (name, turn, charges, requests) in [
        ("processed, answer lost", Turn::charge(), 1, 1),
        ("crashed before the effect", Turn::crash(), 1, 2),
    ] {
        let api = PaymentApi::builder().profile(Profile::openai()).start().await.unwrap();
        api.script(turn);
        let proxy = FaultProxy::builder(api.url())
            .script(FaultScript::list([Fault::lost_response()]))
            .start()
            .await
            .unwrap();
        let api = Arc::new(api);
        let asked = Arc::clone(&api);
        let client = Client::builder()
            .key_support(KeySupport::Ignored)
            .clock(Clock::skipping())
            .on_unknown(move |_| {
                let happened = !asked.charges().is_empty();
                async move {
                    if happened {
                        Finding::applied()
                    } else {
                        Finding::not_applied()
                    }
                }
            })
            .build()
            .unwrap();

        let result = limit(client.post(proxy.endpoint("/v1/charges")).body("amount=100").send()).await;

        assert_eq!(
            (api.charges().len(), api.arrivals()),
            (charges, requests),
            "{name}: {result:?}"
        );
        assert_eq!(result.is_ok(), requests == 2, "{name}");
    }
}
