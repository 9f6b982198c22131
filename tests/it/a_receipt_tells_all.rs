//! Every success and every error carries all attempts, why it stopped, and whether the effect is known.

use steadfast::{Effect, Ending, Error, FailureKind, Receipt, ResponseExt, RetryPolicy, StopReason, Verdict};

use crate::support::After::{Fin, Rst};
use crate::support::{RawServer, Step, answer, client, impatient, limit};

fn lost() -> Step {
    Step::Write(Vec::new(), Fin)
}

const REPLAYED: &str = "idempotent-replayed: true\r\n";

async fn post(steps: impl IntoIterator<Item = Step>) -> (Result<reqwest::Response, Error>, usize) {
    let server = RawServer::start(steps).await;
    let result = limit(client().post(server.url("/charges")).body("x").send()).await;
    let arrivals = server.arrivals().len();
    (result, arrivals)
}

fn receipt(result: &Result<reqwest::Response, Error>) -> &Receipt {
    match result {
        Ok(response) => response.receipt().unwrap(),
        Err(error) => error.receipt().unwrap(),
    }
}

#[tokio::test]
async fn it_has_every_attempt_with_its_ending_and_its_wait() {
    let (result, arrivals) = post([answer(503, "", ""), lost(), Step::Write(Vec::new(), Rst)]).await;

    let receipt = receipt(&result);
    assert_eq!(
        (arrivals, receipt.attempts().len(), receipt.stop()),
        (4, 4, StopReason::Accepted)
    );
    let endings: Vec<_> = receipt
        .attempts()
        .iter()
        .map(|attempt| attempt.ending().status())
        .collect();
    assert_eq!(
        endings
            .iter()
            .map(|status| status.map(|status| status.as_u16()))
            .collect::<Vec<_>>(),
        [Some(503), None, None, Some(200)]
    );
    assert!(matches!(
        receipt.attempts()[2].ending(),
        Ending::Failure {
            kind: FailureKind::ConnectionLost,
            ..
        }
    ));
    let numbers: Vec<_> = receipt.attempts().iter().map(steadfast::Attempt::number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    let waited: std::time::Duration = receipt.attempts().iter().filter_map(steadfast::Attempt::wait).sum();
    assert!(receipt.elapsed() >= waited && waited.as_secs() >= 7, "{receipt}");
    let table = receipt.to_string();
    assert_eq!(table.lines().count(), 5, "{table}");
}

#[tokio::test]
async fn doubt_is_sticky_until_a_success_or_a_replay_settles_it() {
    for (status, headers, expected) in [
        (404, "", Effect::Unknown),
        (409, "", Effect::Unknown),
        (422, "", Effect::Unknown),
        (302, "", Effect::Unknown),
        (200, "", Effect::Applied),
        (200, REPLAYED, Effect::Applied),
        (422, REPLAYED, Effect::NotApplied),
        (409, REPLAYED, Effect::NotApplied),
    ] {
        let (result, arrivals) = post([lost(), answer(status, headers, "")]).await;

        let receipt = receipt(&result);
        assert_eq!((arrivals, receipt.effect()), (2, expected), "{status} {headers}");
        assert_eq!(receipt.replayed(), !headers.is_empty());
        assert_eq!(result.unwrap().status().as_u16(), status);
    }
    let (result, _) = post([answer(404, "", "")]).await;
    assert_eq!(receipt(&result).effect(), Effect::NotApplied);
}

#[tokio::test]
async fn a_replayed_failure_is_final() {
    for before in [vec![], vec![lost()]] {
        let sent = before.len() + 1;
        let steps = before.into_iter().chain([answer(500, REPLAYED, "stored")]);

        let (result, arrivals) = post(steps).await;

        let error = result.unwrap_err();
        assert!(error.is_replayed() && error.receipt().unwrap().replayed(), "{error}");
        assert_eq!((arrivals, error.effect()), (sent, Effect::Unknown));
        assert_eq!(error.into_response().unwrap().text().await.unwrap(), "stored");
    }
    // Only "true" says so.
    let (result, arrivals) = post([answer(500, "idempotent-replayed: false\r\n", "")]).await;
    assert_eq!((result.unwrap().status().as_u16(), arrivals), (200, 2));
}

#[tokio::test]
async fn a_classifier_decides_what_is_an_answer() {
    let server = RawServer::start([answer(423, "", ""), answer(503, "", "fine by me")]).await;
    let policy = RetryPolicy::builder()
        .classify_fn(|outcome| match outcome.status()?.as_u16() {
            423 => Some(Verdict::retry()),
            503 => Some(Verdict::accept()),
            200 => Some(Verdict::fail()),
            _ => None,
        })
        .build()
        .unwrap();
    let client = impatient().0.retry(policy).build().unwrap();

    let response = limit(client.post(server.url("/")).send()).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.receipt().unwrap().attempts().len()),
        (503, 2)
    );

    let error = limit(client.post(server.url("/")).send()).await.unwrap_err();
    assert_eq!(
        (error.status().unwrap().as_u16(), error.receipt().unwrap().stop()),
        (200, StopReason::Rejected)
    );
    assert_eq!(error.effect(), Effect::Applied);
}
