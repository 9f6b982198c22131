//! `Retry-After` raises a wait, never lowers it; beyond the limit the operation stops and hands over the hint.

use std::time::Duration;

use steadfast::budget::RetryBudget;
use steadfast::classify::on_status;
use steadfast::{ResponseExt, StopReason};

use crate::support::{After, RawServer, Step, answer, client, impatient, limit};

/// The first wait after a 503 with these header lines.
async fn waited(headers: &str) -> Duration {
    let server = RawServer::start([answer(503, headers, "")]).await;
    let (builder, _clock) = impatient();
    let response = limit(builder.build().unwrap().post(server.url("/")).send())
        .await
        .unwrap();
    assert_eq!(server.arrivals().len(), 2, "{headers}");
    response.receipt().unwrap().attempts()[0].wait().unwrap()
}

#[tokio::test]
async fn seconds_milliseconds_and_all_three_dates_raise_the_wait() {
    let date = "date: Sun, 06 Nov 1994 08:49:30 GMT\r\n";
    for (headers, seconds) in [
        ("retry-after: 7\r\n".to_owned(), 7.0),
        ("retry-after: 2.5\r\n".to_owned(), 2.5),
        ("retry-after-ms: 7250\r\n".to_owned(), 7.25),
        ("retry-after: 60\r\nretry-after-ms: 3000\r\n".to_owned(), 3.0),
        (format!("{date}retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), 7.0),
        (format!("{date}retry-after: Sunday, 06-Nov-94 08:49:37 GMT\r\n"), 7.0),
        (format!("{date}retry-after: Sun Nov  6 08:49:37 1994\r\n"), 7.0),
    ] {
        let wait = waited(&headers).await.as_secs_f64();
        assert!((seconds..=seconds * 1.1 + 0.001).contains(&wait), "{headers}: {wait}");
    }
}

#[tokio::test]
async fn a_shorter_wish_than_the_backoff_does_not_lower_the_wait() {
    for headers in ["retry-after-ms: 10\r\n", "retry-after: 0.5\r\n"] {
        let wait = waited(headers).await;
        assert!(
            (Duration::from_secs(1)..=Duration::from_millis(1_250)).contains(&wait),
            "{headers}: {wait:?}"
        );
    }
}

#[tokio::test]
async fn zero_negative_past_and_garbage_fall_back_to_the_backoff() {
    for value in [
        "0",
        "-5",
        "NaN",
        "1e9",
        "inf",
        "soon",
        "",
        "5 seconds",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "+7",
        "\u{ff}",
    ] {
        let wait = waited(&format!("retry-after: {value}\r\n")).await;
        assert!(
            (Duration::from_secs(1)..=Duration::from_millis(1_250)).contains(&wait),
            "{value:?}: {wait:?}"
        );
    }
}

#[tokio::test]
async fn a_huge_wish_stops_at_once_with_the_hint() {
    let year_9999 = "Fri, 31 Dec 9999 23:59:59 GMT";
    for (value, expected) in [
        ("121", Some(Duration::from_secs(121))),
        ("86400", Some(Duration::from_secs(86_400))),
        ("99999999999999999999999999", Some(Duration::MAX)),
        (year_9999, None),
    ] {
        let server = RawServer::start([answer(503, &format!("retry-after: {value}\r\n"), "later")]).await;
        let (builder, clock) = impatient();

        let error = limit(builder.build().unwrap().post(server.url("/")).send())
            .await
            .unwrap_err();

        assert!(error.is_retry_after_too_long(), "{value}: {error}");
        assert_eq!((server.arrivals().len(), clock.waits().len()), (1, 0));
        let hint = error.retry_after().unwrap();
        assert!(expected.is_none_or(|expected| hint == expected), "{value}: {hint:?}");
        assert_eq!(error.retry_at().is_some(), hint < Duration::MAX, "{value}");
        assert!(
            error
                .retry_at()
                .is_none_or(|at| at >= clock.now() + Duration::from_secs(100))
        );
        assert_eq!(error.into_response().unwrap().text().await.unwrap(), "later");
    }
}

#[tokio::test]
async fn the_limit_itself_is_still_waited_for() {
    assert!(waited("retry-after: 120\r\n").await >= Duration::from_secs(120));
}

#[tokio::test]
async fn a_wish_on_an_answer_is_the_callers_to_read() {
    let server = RawServer::start([answer(429, "retry-after: 7\r\n", "")]).await;

    let response = limit(client().post(server.url("/")).send()).await.unwrap();

    assert_eq!(
        (response.headers()["retry-after"].as_bytes(), server.arrivals().len()),
        (&b"7"[..], 1)
    );
    let receipt = response.receipt().unwrap();
    assert_eq!(
        (receipt.stop(), receipt.retry_after()),
        (StopReason::Accepted, Some(Duration::from_secs(7)))
    );
}

#[tokio::test]
async fn a_wish_is_told_by_whoever_cannot_pay_for_the_retry() {
    let server = RawServer::start([answer(503, "retry-after: 7\r\n", "")]).await;
    let empty = RetryBudget::builder().capacity(1.0).initial(0.0).build().unwrap();
    let client = impatient().0.retry_budget(empty).build().unwrap();

    let error = limit(client.post(server.url("/")).send()).await.unwrap_err();

    assert!(error.is_budget_exhausted(), "{error}");
    assert_eq!(
        (error.retry_after(), server.arrivals().len()),
        (Some(Duration::from_secs(7)), 1)
    );
}

#[tokio::test]
async fn a_wish_holds_for_one_wait_only() {
    let server = RawServer::start([answer(503, "retry-after: 60\r\n", ""), answer(503, "", "")]).await;
    let (builder, _clock) = impatient();

    let response = limit(builder.build().unwrap().post(server.url("/")).send())
        .await
        .unwrap();

    let receipt = response.receipt().unwrap();
    let waits: Vec<_> = receipt.attempts().iter().filter_map(steadfast::Attempt::wait).collect();
    assert_eq!(waits.len(), 2);
    assert!(
        waits[0] >= Duration::from_secs(60) && waits[1] < Duration::from_secs(3),
        "{waits:?}"
    );
}

/// A classifier may retry a 4xx, and a buffered body is part of the attempt.
#[tokio::test]
async fn a_429_whose_body_is_cut_has_its_wish_heeded() {
    let text = "HTTP/1.1 429 X\r\nretry-after: 7\r\ncontent-length: 10\r\n\r\nhalf";
    let server = RawServer::start([Step::Write(text.into(), After::Fin), answer(200, "", "")]).await;
    let (builder, _clock) = impatient();
    let client = builder.buffer(100).build().unwrap();

    let sent = client.post(server.url("/")).classify(on_status([429]).retry()).send();
    let response = limit(sent).await.unwrap();

    let wait = response.receipt().unwrap().attempts()[0].wait().unwrap().as_secs_f64();
    assert!((7.0..=7.7).contains(&wait), "{wait}");
}
