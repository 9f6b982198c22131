//! A receipt tells what the server saw, to the millisecond, and nothing that is secret.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::time::Duration;

use http::StatusCode;
use proptest::prelude::*;
use serde_json::Value;
use steadfast::testing::{Script, Step};
use steadfast::{Client, IdempotencyKey, Receipt, ResponseExt, RetryPolicy};

use crate::support_time::paused;

const KEY: &str = "key-SENTINEL-1";
const SECRETS: [&str; 4] = ["SENTINEL-1", "SENTINEL-2", "SENTINEL-3", "SENTINEL-4"];
const HOP: StatusCode = StatusCode::TEMPORARY_REDIRECT;

fn any_step() -> impl Strategy<Value = Step> {
    let status = |code| Just(Step::status(StatusCode::from_u16(code).unwrap()).body("SENTINEL-4"));
    let action = prop_oneof![
        1 => status(200),
        1 => status(404),
        3 => status(500),
        2 => Just(Step::status(StatusCode::SERVICE_UNAVAILABLE).header("retry-after", "3")),
        2 => Just(Step::status(StatusCode::SERVICE_UNAVAILABLE).header("idempotent-replayed", "true")),
        4 => Just(Step::status(HOP).header("location", "/elsewhere?token=SENTINEL-2")),
        2 => Just(Step::refused()),
        3 => Just(Step::lost_response()),
        1 => Just(Step::refused_stream()),
        1 => Just(Step::hang()),
        2 => Just(Step::cut_body(StatusCode::OK, "SENTINEL-4")),
    ];
    (action, 0_u64..900).prop_map(|(step, delay)| step.after(Duration::from_millis(delay)))
}

struct Played {
    receipt: Receipt,
    shown: String,
    answer: Option<StatusCode>,
    script: Script,
}

async fn play(steps: Vec<Step>, policy: RetryPolicy, attempt: Duration, total: Option<Duration>) -> Played {
    let script = Script::new(steps);
    let client = Client::builder()
        .script(&script)
        .retry(policy)
        .attempt_timeout(attempt)
        .buffer(1_024);
    let mut request = client
        .build()
        .unwrap()
        .post("https://user:SENTINEL-2@api.example.com/charges?token=SENTINEL-2")
        .idempotency_key(IdempotencyKey::new(KEY).unwrap())
        .body("SENTINEL-3");
    if let Some(total) = total {
        request = request.total_timeout(total);
    }
    match request.send().await {
        Ok(response) => {
            let receipt = response.receipt().unwrap().clone();
            let shown = format!("{receipt} {receipt:?}");
            let answer = Some(response.status());
            Played {
                receipt,
                shown,
                answer,
                script,
            }
        }
        Err(error) => {
            let receipt = error.receipt().unwrap().clone();
            let shown = format!("{receipt} {receipt:?} {error} {error:?}");
            Played {
                receipt,
                shown,
                answer: None,
                script,
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_receipt_tells_what_arrived_and_when(
        steps in prop::collection::vec(any_step(), 0..=8),
        max_attempts in 1_u32..=6,
        attempt in 200_u64..5_000,
        total in proptest::option::of(500_u64..30_000),
    ) {
        let policy = RetryPolicy::builder().max_attempts(max_attempts).build().unwrap();
        let total = total.map(Duration::from_millis);
        let played = paused(play(steps, policy, Duration::from_millis(attempt), total));
        let (receipt, arrivals) = (&played.receipt, played.script.arrivals());
        let attempts = receipt.attempts();

        let hops: usize = attempts.iter().map(|attempt| attempt.hops().len()).sum();
        prop_assert_eq!(attempts.len() + hops, arrivals.len());
        prop_assert!(attempts.len() <= max_attempts as usize);
        prop_assert!(arrivals.iter().all(|arrival| arrival.header("idempotency-key") == Some(KEY)));

        let mut first = 0;
        for (index, attempt) in attempts.iter().enumerate() {
            prop_assert_eq!(attempt.number() as usize, index + 1);
            prop_assert_eq!(arrivals[first].at - arrivals[0].at, attempt.started());
            first += 1 + attempt.hops().len();
            prop_assert!(attempt.hops().iter().all(|hop| hop.status() == HOP));
            match (attempt.wait(), attempts.get(index + 1)) {
                (Some(wait), Some(next)) => {
                    let gap = next.started().saturating_sub(attempt.started() + attempt.took());
                    prop_assert!((wait..=wait + Duration::from_millis(1)).contains(&gap));
                }
                (wait, next) => prop_assert!(wait.is_none() && next.is_none()),
            }
        }
        let last = attempts.last().unwrap();
        prop_assert_eq!(last.started() + last.took(), receipt.elapsed());
        prop_assert!(total.is_none_or(|total| receipt.elapsed() <= total));
        if played.answer.is_some() {
            prop_assert_eq!(last.ending().status(), played.answer);
        }
        for secret in SECRETS {
            prop_assert!(!played.shown.contains(secret), "{} in {}", secret, played.shown);
        }
        let json = serde_json::to_string(receipt).unwrap();
        prop_assert_eq!(json.matches("SENTINEL").count(), 1, "the key, and nothing else");
        as_json(receipt, &serde_json::from_str(&json).unwrap())?;
    }
}

/// The fields that a log pipeline would read.
fn as_json(receipt: &Receipt, json: &Value) -> Result<(), TestCaseError> {
    prop_assert_eq!(&json["method"], "POST");
    prop_assert_eq!(&json["origin"], "https://api.example.com");
    prop_assert_eq!(&json["key"], KEY);
    prop_assert_eq!(json["replayed"].as_bool(), Some(receipt.replayed()));
    prop_assert_eq!(json["elapsed"]["secs"].as_u64(), Some(receipt.elapsed().as_secs()));
    let listed = json["attempts"].as_array().unwrap();
    prop_assert_eq!(listed.len(), receipt.attempts().len());
    for (attempt, listed) in receipt.attempts().iter().zip(listed) {
        prop_assert_eq!(listed["number"].as_u64(), Some(attempt.number().into()));
        let status = attempt.ending().status().map(|status| u64::from(status.as_u16()));
        prop_assert_eq!(listed["ending"]["response"]["status"].as_u64(), status);
        prop_assert_eq!(listed["ending"]["failure"]["kind"].is_string(), status.is_none());
        prop_assert_eq!(listed["wait"].is_null(), attempt.wait().is_none());
        prop_assert_eq!(listed["hops"].as_array().map(Vec::len), Some(attempt.hops().len()));
    }
    Ok(())
}
