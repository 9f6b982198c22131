//! A total timeout holds whatever the server does.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use steadfast::reqwest;
use steadfast::reqwest::multipart::{Form, Part};
use steadfast::testing::{Script, Step};
use steadfast::{Backoff, Client, ClientBuilder, Clock, Effect, Error, Jitter, Receipt, ResponseExt, RetryPolicy};

use crate::support_time::paused;

const TOTAL: Duration = Duration::from_secs(20);
const JUST_IN_TIME: Duration = Duration::from_millis(19_999);

/// Runs one operation and gives its receipt and how long it took, or the error.
async fn operation(builder: ClientBuilder, script: &Script, total: Duration) -> (Result<Receipt, Error>, Duration) {
    let client = builder.script(script).total_timeout(total).build().unwrap();
    let began = Clock::system().now();
    let result = client.post("https://api.example.com/charges").body("x").send().await;
    let took = Clock::system().now() - began;
    (result.map(|response| response.receipt().unwrap().clone()), took)
}

fn without_jitter() -> RetryPolicy {
    RetryPolicy::builder().jitter(Jitter::None).build().unwrap()
}

#[test]
fn a_server_that_never_answers_costs_exactly_the_total_timeout() {
    let script = Script::from_fn(|_| Step::hang());
    let (result, took) = paused(operation(Client::builder(), &script, TOTAL));
    let error = result.unwrap_err();
    assert_eq!(took, TOTAL);
    assert!(error.is_timeout() && error.is_deadline());
    assert_eq!(error.receipt().unwrap().elapsed(), TOTAL);
    assert_eq!(error.effect(), Effect::Unknown);
    assert_eq!(script.open(), 0);
}

#[test]
fn the_last_attempt_shrinks_to_what_is_left() {
    let script = Script::from_fn(|_| Step::hang());
    let builder = Client::builder()
        .attempt_timeout(Duration::from_secs(8))
        .retry(without_jitter());
    let (result, took) = paused(operation(builder, &script, TOTAL));
    let error = result.unwrap_err();
    let attempts: Vec<_> = error
        .receipt()
        .unwrap()
        .attempts()
        .iter()
        .map(|a| (a.started(), a.took()))
        .collect();
    // 8 s, a wait of 1 s, 8 s, a wait of 2 s, and the last second.
    let seconds = Duration::from_secs;
    assert_eq!(
        attempts,
        [
            (seconds(0), seconds(8)),
            (seconds(9), seconds(8)),
            (seconds(19), seconds(1))
        ]
    );
    assert_eq!(took, TOTAL);
}

#[test]
fn a_slow_head_is_cut_at_the_total_timeout() {
    let script = Script::from_fn(|_| Step::status(StatusCode::OK).after(TOTAL + Duration::from_millis(1)));
    let (result, took) = paused(operation(Client::builder(), &script, TOTAL));
    assert!(result.unwrap_err().is_timeout());
    assert_eq!(took, TOTAL);

    let script = Script::from_fn(|_| Step::status(StatusCode::OK).after(JUST_IN_TIME));
    let (result, _) = paused(operation(Client::builder(), &script, TOTAL));
    assert_eq!(result.unwrap().elapsed(), JUST_IN_TIME);
}

#[test]
fn a_stalled_buffered_body_is_cut_at_the_total_timeout() {
    let script = Script::from_fn(|_| Step::stall_body(StatusCode::OK, "half"));
    let (result, took) = paused(operation(Client::builder().buffer(1_024), &script, TOTAL));
    let error = result.unwrap_err();
    assert!(error.is_body() && error.is_timeout());
    assert_eq!((took, error.status()), (TOTAL, Some(StatusCode::OK)));
    assert_eq!(error.effect(), Effect::Applied);
    assert_eq!(script.open(), 0);
}

#[test]
fn an_answer_that_is_retried_cannot_hold_up_the_operation_with_its_body() {
    let script = Script::from_fn(|_| Step::stall_body(StatusCode::SERVICE_UNAVAILABLE, "half"));
    let builder = Client::builder().retry(without_jitter());
    let (result, took) = paused(operation(builder, &script, TOTAL));
    let error = result.unwrap_err();
    // 1 + 2 + 4 + 8 s: reading the bodies is part of the waits.
    assert!(error.is_attempts_exhausted());
    assert_eq!(took, Duration::from_secs(15));
}

#[test]
fn no_wait_is_begun_that_leaves_less_than_a_quarter_of_a_second() {
    for (left, sent) in [(250, 2), (249, 1)] {
        let script = Script::from_fn(|_| Step::status(StatusCode::INTERNAL_SERVER_ERROR));
        let total = Duration::from_millis(1_000 + left);
        let (result, took) = paused(operation(Client::builder().retry(without_jitter()), &script, total));
        assert!(result.unwrap_err().is_deadline());
        assert_eq!(script.arrivals().len(), sent, "{left} ms");
        assert_eq!(took, Duration::from_secs(sent as u64 - 1), "a wait was begun in vain");
    }
}

#[test]
fn a_retry_after_beyond_the_deadline_stops_at_once_and_is_handed_over() {
    let script = Script::from_fn(|_| Step::status(StatusCode::SERVICE_UNAVAILABLE).header("retry-after", "60"));
    let (result, took) = paused(operation(Client::builder(), &script, TOTAL));
    let error = result.unwrap_err();
    assert!(error.is_deadline());
    assert_eq!(
        (took, error.retry_after()),
        (Duration::ZERO, Some(Duration::from_secs(60)))
    );
}

/// What a classifier may look at of a body must not cost the answer that its head already is.
#[test]
fn an_error_s_body_that_is_looked_at_does_not_take_the_answer_s_time() {
    let script =
        Script::from_fn(|_| Step::stall_body(StatusCode::TOO_MANY_REQUESTS, "half").after(Duration::from_secs(19)));
    let curious = RetryPolicy::builder().classify_body_fn(|_| None).build().unwrap();
    let builder = Client::builder().retry(curious);
    let (result, took) = paused(operation(builder, &script, TOTAL));
    let receipt = result.unwrap();
    assert_eq!(
        receipt.attempts()[0].ending().status(),
        Some(StatusCode::TOO_MANY_REQUESTS)
    );
    assert!(took < TOTAL, "{took:?}");
}

#[test]
fn a_hook_that_never_returns_is_cut_at_the_total_timeout() {
    let script = Script::from_fn(|_| Step::status(StatusCode::OK));
    let builder = Client::builder().before_attempt(|_| std::future::pending::<Result<HeaderMap, std::io::Error>>());
    let (result, took) = paused(operation(builder, &script, TOTAL));
    let error = result.unwrap_err();
    assert_eq!(took, TOTAL);
    assert!(error.is_timeout() && script.arrivals().is_empty());
}

fn any_step() -> impl Strategy<Value = Step> {
    let action = prop_oneof![
        Just(Step::hang()),
        Just(Step::lost_response()),
        Just(Step::refused()),
        Just(Step::status(StatusCode::INTERNAL_SERVER_ERROR)),
        Just(Step::status(StatusCode::SERVICE_UNAVAILABLE).header("retry-after", "2")),
        Just(Step::stall_body(StatusCode::OK, "half")),
        Just(Step::stall_body(StatusCode::BAD_GATEWAY, "half")),
        Just(Step::cut_body(StatusCode::OK, "half")),
        Just(Step::status(StatusCode::OK)),
    ];
    (action, 0_u64..6_000).prop_map(|(step, delay)| step.after(Duration::from_millis(delay)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_script_outlasts_the_total_timeout(
        steps in prop::collection::vec(any_step(), 0..8),
        total in 1_u64..40_000,
        attempt in 1_u64..10_000,
        buffered: bool,
    ) {
        let total = Duration::from_millis(total);
        let script = Script::new(steps);
        let policy = RetryPolicy::builder().max_attempts(8).backoff(Backoff::default()).build().unwrap();
        let builder = Client::builder().retry(policy).attempt_timeout(Duration::from_millis(attempt));
        let builder = if buffered { builder.buffer(1_024) } else { builder };
        let (_, took) = paused(operation(builder, &script, total));
        prop_assert!(took <= total, "{took:?} of {total:?}");
        for arrival in script.arrivals().iter().skip(1) {
            let since = arrival.at - script.arrivals()[0].at;
            prop_assert!(total.saturating_sub(since) >= Duration::from_millis(249), "a wait was begun in vain");
        }
    }
}

/// Four bytes, after a while.
struct Late(Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>);

impl http_body::Body for Late {
    type Data = bytes::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, std::io::Error>>> {
        if let Some(late) = &mut self.0 {
            ready!(late.as_mut().poll(context));
            self.0 = None;
            return Poll::Ready(Some(Ok(http_body::Frame::data("late".into()))));
        }
        Poll::Ready(None)
    }
}

/// A form's part that comes slowly is read before the first attempt, within the same time.
#[test]
fn what_a_form_takes_to_be_read_is_part_of_the_total_timeout() {
    let script = Script::from_fn(|_| Step::status(StatusCode::OK).after(Duration::from_secs(5)));
    paused(async {
        let client = Client::builder().script(&script).build().unwrap();
        let late = async { Clock::system().sleep(Duration::from_secs(6)).await };
        let part = Part::stream_with_length(reqwest::Body::wrap(Late(Some(Box::pin(late)))), 4);
        let form = client
            .post("https://api.example.com/")
            .multipart(Form::new().part("file", part));

        let began = Clock::system().now();
        let error = form.total_timeout(Duration::from_secs(10)).send().await.unwrap_err();

        assert_eq!((Clock::system().now() - began).as_secs(), 10);
        assert!(error.is_timeout(), "{error}");
        let receipt = error.receipt().unwrap();
        assert_eq!(receipt.elapsed().as_secs(), 10);
        // The attempt itself began when the form was read.
        let attempt = &receipt.attempts()[0];
        assert_eq!((attempt.started().as_secs(), attempt.took().as_secs()), (6, 4));
    });
}
