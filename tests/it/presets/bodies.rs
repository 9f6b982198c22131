use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use steadfast::testing::fault_proxy::{Fault, FaultScript};
use steadfast::testing::{FaultProxy, PaymentApi, Script, Step};
use steadfast::{Classify, Client, Outcome, RetryPolicy, Verdict};

const LIMIT: usize = 64 * 1024;

type Seen = Arc<Mutex<Vec<Option<Vec<u8>>>>>;

/// A policy that notes what of each body its classifier was shown.
fn noting() -> (RetryPolicy, Seen) {
    let seen = Seen::default();
    let notes = Arc::clone(&seen);
    let policy = RetryPolicy::builder()
        .classify_body_fn(move |outcome| {
            notes.lock().unwrap().push(outcome.body().map(<[u8]>::to_vec));
            None
        })
        .build()
        .unwrap();
    (policy, seen)
}

async fn shown(body: Vec<u8>, status: u16) -> (Option<Vec<u8>>, Vec<u8>) {
    let (policy, seen) = noting();
    let status = StatusCode::from_u16(status).unwrap();
    let script = Script::new([Step::status(status).body(body)]);
    let client = Client::builder().script(&script).retry(policy).build().unwrap();
    let response = client.post("https://api.example.com/").send().await.unwrap();
    let shown = seen.lock().unwrap()[0].clone();
    (shown, response.bytes().await.unwrap().to_vec())
}

#[tokio::test(start_paused = true)]
async fn a_classifier_sees_the_beginning_and_the_caller_gets_all() {
    for length in [0, 1, 1_000, LIMIT - 1, LIMIT, LIMIT + 1, 300_000] {
        let body: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let (seen, whole) = shown(body.clone(), 400).await;
        assert_eq!(seen.unwrap(), body[..length.min(LIMIT)], "{length}");
        assert_eq!(whole, body, "{length}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_is_never_held_up_for_its_body() {
    let (seen, whole) = shown(b"done".to_vec(), 200).await;
    assert_eq!((seen, whole.as_slice()), (None, b"done".as_slice()));
}

#[tokio::test(start_paused = true)]
async fn a_classifier_that_does_not_ask_is_shown_nothing() {
    struct Never;
    impl Classify for Never {
        fn classify(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
            assert!(outcome.body().is_none());
            None
        }
    }
    let script = Script::new([Step::stall_body(StatusCode::BAD_REQUEST, "begun")]);
    let policy = RetryPolicy::builder().classify(Never).build().unwrap();
    let client = Client::builder().script(&script).retry(policy).build().unwrap();
    let response = client.post("https://api.example.com/").send().await.unwrap();
    assert_eq!(response.status(), 400);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_or_breaks_costs_neither_the_answer_nor_what_came_of_it() {
    let (policy, seen) = noting();
    let script = Script::new([
        Step::stall_body(StatusCode::BAD_REQUEST, "begun"),
        Step::cut_body(StatusCode::BAD_REQUEST, "begun"),
    ]);
    let client = Client::builder().script(&script).retry(policy).build().unwrap();

    let mut stalled = client.post("https://api.example.com/").send().await.unwrap();
    assert_eq!(stalled.status(), 400);
    assert_eq!(stalled.chunk().await.unwrap().unwrap(), "begun");

    let mut cut = client.post("https://api.example.com/").send().await.unwrap();
    assert_eq!(cut.chunk().await.unwrap().unwrap(), "begun");
    assert!(cut.chunk().await.is_err(), "the break reaches the caller");
    assert_eq!(
        *seen.lock().unwrap(),
        [Some(b"begun".to_vec()), Some(b"begun".to_vec())]
    );
}

#[tokio::test]
async fn over_a_socket_a_slow_error_body_is_judged_by_its_head_and_arrives_whole() {
    let api = PaymentApi::start().await.unwrap();
    let proxy = FaultProxy::start(api.url()).await.unwrap();
    let (policy, seen) = noting();
    let client = Client::builder()
        .http(reqwest::Client::builder().no_proxy())
        .retry(policy)
        .attempt_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    proxy.play(FaultScript::list([Fault::DripBody {
        bytes: 40,
        every: Duration::from_millis(150),
    }]));

    let response = client
        .post(proxy.endpoint("/v1/charges"))
        .body(r#"{"amount":"x"}"#)
        .header("content-type", "application/json")
        .send()
        .await
        .unwrap();

    assert_eq!(response.status(), 400);
    let whole = response.text().await.unwrap();
    serde_json::from_str::<serde_json::Value>(&whole).unwrap();
    let seen = seen.lock().unwrap()[0].clone().unwrap();
    assert!(
        whole.as_bytes().starts_with(&seen) && seen.len() < whole.len(),
        "{} of {}",
        seen.len(),
        whole.len()
    );
}
