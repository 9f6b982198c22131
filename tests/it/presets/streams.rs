use std::time::Duration;

use http::StatusCode;
use steadfast::preset::{self, Preset};
use steadfast::sse::{Events, StreamError};
use steadfast::testing::payment_api::{Profile, Turn};
use steadfast::testing::{PaymentApi, Script, Step};
use steadfast::{Client, Clock};

async fn drained(mut events: Events) -> (Vec<String>, Result<(), StreamError>) {
    let mut names = Vec::new();
    loop {
        match events.next().await {
            Ok(Some(event)) => names.push(format!("{}:{}", event.name(), event.data().len().min(99))),
            Ok(None) => return (names, Ok(())),
            Err(error) => {
                assert!(events.next().await.unwrap().is_none(), "an error is told once");
                return (names, Err(error));
            }
        }
    }
}

async fn streamed(preset: &Preset, profile: Profile, turn: Turn) -> (usize, Result<(), StreamError>) {
    let api = PaymentApi::builder().profile(profile).start().await.unwrap();
    api.script(turn);
    let client = Client::builder()
        .http(reqwest::Client::builder().no_proxy())
        .preset(preset.at(api.url()).unwrap())
        .build()
        .unwrap();
    let response = client
        .post(api.endpoint("/v1/x"))
        .header("content-type", "application/json")
        .body(r#"{"stream":true}"#)
        .send()
        .await
        .unwrap();
    let (events, end) = drained(Events::of(response, preset.stream_end().unwrap().clone())).await;
    assert_eq!(api.arrivals(), 1, "a stream is never asked for again");
    (events.len(), end)
}

#[tokio::test]
async fn a_stream_ends_well_only_with_its_terminal_event() {
    for (preset, profile) in [
        (preset::openai(), Profile::openai as fn() -> Profile),
        (preset::anthropic(), Profile::anthropic),
    ] {
        let (count, end) = streamed(&preset, profile(), Turn::charge()).await;
        assert!(end.is_ok() && count >= 3, "{preset:?} {count}");

        let (count, end) = streamed(&preset, profile(), Turn::stream_cut()).await;
        assert!(end.unwrap_err().is_truncated() && count >= 2, "{preset:?} {count}");

        let (_, end) = streamed(&preset, profile(), Turn::stream_error()).await;
        let error = end.unwrap_err();
        assert!(error.event().is_some() && !error.is_truncated(), "{preset:?} {error}");
        assert!(!format!("{error} {error:?}").contains("overloaded_error"), "{error:?}");
    }
}

async fn scripted(step: Step) -> Events {
    let script = Script::new([step]);
    let client = Client::builder().script(&script).build().unwrap();
    let response = client.post("https://api.openai.com/v1/responses").send().await.unwrap();
    Events::of(response, preset::openai().stream_end().unwrap().clone())
}

#[tokio::test(start_paused = true)]
async fn an_end_of_the_bytes_is_not_an_end_of_the_stream() {
    let ok = || Step::status(StatusCode::OK);
    for (body, complete) in [
        ("data: {}\n\ndata: [DONE]\n\n", true),
        ("data: {}\r\n\r\ndata: [DONE]\r\n\r\n", true),
        ("event: response.completed\ndata: {}\n\n", true),
        ("data: {}\n\ndata: [DONE]", false),
        ("data: {}\n\ndata: [DONE]\n", false),
        ("data: {}\n\n", false),
        ("", false),
        ("<html>502</html>", false),
        ("data: {\"text\":\"[DONE]\"}\n\n", false),
        ("data: {\"error\":null}\n\ndata: [DONE]\n\n", true),
    ] {
        let (_, end) = drained(scripted(ok().body(body)).await).await;
        assert_eq!(end.is_ok(), complete, "{body:?}");
        assert_eq!(
            end.err().is_some_and(|error| error.is_truncated()),
            !complete,
            "{body:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_stream_is_truncated_and_a_silent_one_is_idle() {
    let (names, end) = drained(scripted(Step::cut_body(StatusCode::OK, "data: {}\n\n")).await).await;
    assert!(end.unwrap_err().is_truncated());
    assert_eq!(names.len(), 1);

    let started = Clock::system().now();
    let silent = scripted(Step::stall_body(StatusCode::OK, "data: {}\n\n"))
        .await
        .idle_timeout(Duration::from_secs(7));
    let (names, end) = drained(silent).await;
    let error = end.unwrap_err();
    assert!(error.is_idle() && !error.is_truncated());
    assert_eq!((names.len(), (Clock::system().now() - started).as_secs()), (1, 7));
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_the_terminal_event_is_not_waited_for() {
    let events = scripted(Step::stall_body(StatusCode::OK, "data: [DONE]\n\n")).await;
    let (names, end) = drained(events).await;
    assert!(end.is_ok());
    assert_eq!(names.len(), 1);
}
