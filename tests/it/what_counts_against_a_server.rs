//! What an attempt's end says about its server: a failure, a sign of life, or nothing.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::StatusCode;
use steadfast::breaker::State;
use steadfast::testing::{Script, Step};
use steadfast::{Body, Client, Clock, Delivery, Effect, FailureKind};
use tokio::net::TcpListener;

use crate::support::{After, RawServer, SHORT, Step as Bytes, answer, impatient, limit, one_shot};
use crate::support_guards::{A, by_path, guarded, once, origin, state_of, touchy, trip};
use crate::support_time::paused;

/// How many attempts were counted, and how many of them as failures, after one that ended so.
fn counted(step: Step) -> (u64, u64) {
    let script = Script::new([step]);
    let client = Client::builder().script(&script).buffer(8).build().unwrap();
    paused(async {
        let _either = once(&client, A).await;
        let seen = state_of(&client, A);
        (seen.attempts, seen.failures)
    })
}

fn status(code: u16) -> Step {
    Step::status(StatusCode::from_u16(code).unwrap())
}

#[test]
fn every_5xx_counts_against_it() {
    for code in [500, 501, 502, 503, 504, 505, 529, 599] {
        assert_eq!(counted(status(code)), (1, 1), "{code}");
    }
    assert_eq!(counted(status(503).header("retry-after", "1")), (1, 1));
}

#[test]
fn a_5xx_counts_against_it_whatever_becomes_of_its_body() {
    assert_eq!(counted(status(503).body("a page too large to buffer")), (1, 1));
    assert_eq!(counted(Step::cut_body(StatusCode::BAD_GATEWAY, "half")), (1, 1));
    assert_eq!(counted(Step::stall_body(StatusCode::BAD_GATEWAY, "half")), (1, 1));
}

#[test]
fn time_limits_and_failed_connections_count_against_it() {
    assert_eq!(counted(Step::hang()), (1, 1));
    assert_eq!(counted(Step::refused()), (1, 1));
    assert_eq!(counted(Step::lost_response()), (1, 1));
    for kind in [
        FailureKind::Dns,
        FailureKind::ConnectTimeout,
        FailureKind::Tls,
        FailureKind::HeadTimeout,
        FailureKind::Protocol,
    ] {
        assert_eq!(counted(Step::fail(kind, Delivery::Unknown)), (1, 1), "{kind:?}");
    }
    assert_eq!(counted(Step::cut_body(StatusCode::OK, "half")), (1, 1));
    assert_eq!(counted(Step::stall_body(StatusCode::OK, "half")), (1, 1));
}

#[test]
fn any_other_answer_is_a_sign_of_life() {
    for code in (200..=208)
        .chain(300..=308)
        .chain((400..=451).filter(|&code| code != 429))
    {
        assert_eq!(counted(status(code)), (1, 0), "{code}");
    }
    assert_eq!(counted(status(200).body("larger than the buffer")), (1, 0));
}

#[test]
fn a_429_and_a_refusal_by_protocol_say_nothing() {
    assert_eq!(counted(status(429)), (0, 0));
    assert_eq!(counted(status(429).header("retry-after", "1")), (0, 0));
    assert_eq!(counted(Step::cut_body(StatusCode::TOO_MANY_REQUESTS, "half")), (0, 0));
    assert_eq!(counted(Step::refused_stream()), (0, 0));
}

/// A body of the caller's own that cannot be read.
struct Unreadable;

impl http_body::Body for Unreadable {
    type Data = bytes::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, std::io::Error>>> {
        Poll::Ready(Some(Err(std::io::Error::other("no such file"))))
    }
}

#[test]
fn a_request_that_fails_by_itself_says_nothing() {
    let script = Script::new([]);
    let refuse = |attempt: steadfast::AttemptInfo| async move {
        match attempt.url().path() {
            "/signed" => Err(std::io::Error::other("no signature")),
            _ => Ok(http::HeaderMap::new()),
        }
    };
    let client = Client::builder()
        .script(&script)
        .before_attempt(refuse)
        .build()
        .unwrap();
    paused(async {
        for _ in 0..50 {
            let body = Body::from(reqwest::Body::wrap(Unreadable));
            assert!(client.put(A).body(body).send().await.is_err());
            assert!(once(&client, &format!("{A}/signed")).await.is_err());
        }
        let seen = state_of(&client, A);
        assert_eq!((seen.state, seen.attempts), (State::Closed, 0));
    });
}

/// It waits for somebody else's server, and no request is sent before it returns.
#[test]
fn a_hook_that_hangs_says_nothing() {
    let script = Script::new([]);
    let client = Client::builder()
        .script(&script)
        .before_attempt(|_| std::future::pending::<Result<http::HeaderMap, std::io::Error>>())
        .build()
        .unwrap();
    paused(async {
        for _ in 0..50 {
            let error = once(&client, A).await.unwrap_err();
            assert_eq!((error.is_timeout(), error.effect()), (true, Effect::NotApplied));
        }
        let seen = state_of(&client, A);
        assert_eq!((seen.state, seen.attempts), (State::Closed, 0));
    });
    assert!(script.arrivals().is_empty());
}

/// The server has just answered; the effect of that is in doubt all the same.
#[test]
fn a_hook_that_hangs_after_a_redirect_says_nothing_either() {
    let script = Script::from_fn(|_| Step::status(StatusCode::TEMPORARY_REDIRECT).header("location", "/further"));
    let client = Client::builder()
        .script(&script)
        .before_attempt(|attempt| async move {
            match attempt.url().path() {
                "/further" => std::future::pending().await,
                _ => Ok::<_, std::io::Error>(http::HeaderMap::new()),
            }
        })
        .build()
        .unwrap();
    paused(async {
        let error = client
            .post(format!("{A}/charges"))
            .send_once()
            .send()
            .await
            .unwrap_err();
        assert_eq!((error.is_timeout(), error.effect()), (true, Effect::Unknown));
        let seen = state_of(&client, A);
        assert_eq!((seen.state, seen.attempts), (State::Closed, 0));
    });
    assert_eq!(script.arrivals().len(), 1);
}

/// Invariant: open, nothing is sent; half-open, no more than the probes.
#[test]
fn an_open_breaker_sends_nothing_and_a_half_open_one_its_probes() {
    paused(async {
        let (breaker, script) = (touchy().build().unwrap(), Script::from_fn(by_path));
        let client = guarded(&breaker, &script).build().unwrap();
        let send = || tokio::spawn(client.get(format!("{A}/down")).send());
        for round in 0..20_u32 {
            trip(&breaker, A, &Clock::system());
            let before = script.arrivals().len();
            let refused: Vec<_> = (0..100).map(|_| send()).collect();
            for operation in refused {
                assert!(operation.await.unwrap().unwrap_err().is_circuit_open());
            }
            assert_eq!(script.arrivals().len(), before, "round {round}: open");

            let retry_at = state_of(&client, A).retry_at.unwrap();
            Clock::system().sleep(retry_at - Clock::system().now()).await;
            let probing: Vec<_> = (0..100).map(|_| send()).collect();
            for operation in probing {
                assert!(operation.await.unwrap().unwrap_err().is_circuit_open());
            }
            let probes = script.arrivals().len() - before;
            assert!((1..=3).contains(&probes), "round {round}: {probes} probes");
            assert_eq!(state_of(&client, A).state, State::Open);
        }
    });
}

#[tokio::test]
async fn over_sockets_failures_count_and_a_4xx_does_not() {
    let server = RawServer::start([
        answer(404, "", ""),
        answer(429, "", ""),
        answer(500, "", ""),
        Bytes::Read(usize::MAX, After::Rst),
        Bytes::Write(Vec::new(), After::Stall),
        Bytes::Write(b"nonsense\r\n\r\n".to_vec(), After::Fin),
    ])
    .await;
    let (builder, clock) = impatient();
    let client = builder.attempt_timeout(SHORT).build().unwrap();
    let seen = || {
        let breaker = client.circuit_breaker().unwrap();
        let seen = breaker.state(&origin(&server.url("")), clock.now());
        (seen.attempts, seen.failures)
    };
    for after in [(1, 0), (1, 0), (2, 1), (3, 2), (4, 3), (5, 4)] {
        let _either = limit(client.post(server.url("/")).body(one_shot("x")).send()).await;
        assert_eq!(seen(), after);
    }
}

#[tokio::test]
async fn over_sockets_a_connection_that_is_refused_counts() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (builder, clock) = impatient();
    let client = builder.build().unwrap();

    let error = limit(client.get(&url).send()).await.unwrap_err();

    let seen = client.circuit_breaker().unwrap().state(&origin(&url), clock.now());
    assert_eq!((seen.attempts, seen.failures, seen.consecutive_failures), (5, 5, 5));
    assert_eq!(error.receipt().unwrap().attempts().len(), 5);
}

#[test]
fn a_slow_success_counts_where_the_caller_says_what_slow_is() {
    paused(async {
        let breaker = touchy().slow_calls(Duration::from_secs(2), 0.5).build().unwrap();
        let script = Script::from_fn(|_| status(200).after(Duration::from_secs(3)));
        let client = guarded(&breaker, &script).build().unwrap();
        for _ in 0..2 {
            once(&client, A).await.unwrap();
        }
        let seen = state_of(&client, A);
        assert_eq!((seen.state, seen.slow, seen.failures), (State::Open, 2, 0));
        let open_for = seen.retry_at.unwrap() - Clock::system().now();
        assert_ne!(
            open_for,
            Duration::from_secs(5),
            "a fleet must not probe in the same instant"
        );
    });
}
