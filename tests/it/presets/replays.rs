use std::sync::{Arc, Mutex};

use http::StatusCode;
use steadfast::testing::{Script, Step};
use steadfast::{Client, ClientBuilder, Event, Replay, ResponseExt, StopReason};

const COMPLETIONS: &str = "https://api.openai.com/v1/chat/completions";

fn client(script: &Script) -> ClientBuilder {
    Client::builder().script(script)
}

#[tokio::test(start_paused = true)]
async fn a_client_without_any_setting_does_not_pay_a_known_host_twice() {
    for url in [
        COMPLETIONS,
        "https://api.anthropic.com/v1/messages",
        "https://generativelanguage.googleapis.com/v1beta/models/x:generateContent",
        "https://me.openai.azure.com/openai/deployments/x/completions",
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/x/invoke",
    ] {
        let script = Script::new([Step::lost_response()]);
        let error = client(&script).build().unwrap().post(url).send().await.unwrap_err();
        assert!(error.is_not_replayable(), "{url}: {error}");
        assert_eq!(script.arrivals().len(), 1, "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn nor_one_of_its_regions_or_of_a_cloud_that_sells_it() {
    for url in [
        "https://us.api.openai.com/v1/responses",
        "https://eu.api.openai.com/v1/chat/completions",
        "https://gb.api.openai.com/v1/responses",
        "https://ae.api.openai.com/v1/responses",
        "https://me.services.ai.azure.com/openai/v1/responses",
        "https://me.cognitiveservices.azure.com/openai/v1/responses",
        "https://me.services.ai.azure.com/anthropic/v1/messages",
        "https://aws-external-anthropic.us-west-2.api.aws/v1/messages",
        "https://bedrock-mantle.us-east-1.api.aws/v1/responses",
    ] {
        let script = Script::new([Step::lost_response()]);
        let error = client(&script).build().unwrap().post(url).send().await.unwrap_err();
        assert!(error.is_not_replayable(), "{url}: {error}");
        assert_eq!(script.arrivals().len(), 1, "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_paypal_gives_leads_to_the_same_rules() {
    let script = Script::new([Step::lost_response()]);
    let paypal = client(&script).build().unwrap();
    let refund = "https://api.paypal.com/v2/payments/captures/1/refund";
    let response = paypal.post(refund).send().await.unwrap();
    let keys: Vec<_> = script
        .arrivals()
        .iter()
        .map(|arrival| arrival.header("paypal-request-id").map(str::to_owned))
        .collect();
    assert_eq!(keys.len(), 2);
    assert!(keys[0].is_some() && keys[0] == keys[1], "{keys:?}");
    assert_eq!(response.receipt().unwrap().preset(), Some("paypal"));

    let script = Script::new([Step::lost_response()]);
    let sale = "https://api.sandbox.paypal.com/v1/payments/sale/1/refund";
    let error = client(&script).build().unwrap().post(sale).send().await.unwrap_err();
    assert!(error.is_not_replayable(), "{error}");
    assert_eq!(script.arrivals().len(), 1, "the id is not known to be honoured there");
}

#[tokio::test(start_paused = true)]
async fn one_word_turns_the_table_off() {
    let script = Script::new([Step::lost_response()]);
    let client = client(&script).without_builtin_presets().build().unwrap();
    let response = client.post(COMPLETIONS).send().await.unwrap();
    assert_eq!(script.arrivals().len(), 2);
    assert_eq!(response.receipt().unwrap().preset(), None);
}

#[tokio::test(start_paused = true)]
async fn a_possible_duplicate_is_told_before_it_is_sent_and_counted_in_the_receipt() {
    let script = Script::new([
        Step::lost_response(),
        Step::refused(),
        Step::status(StatusCode::OK).header("x-request-id", "req_7"),
    ]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    let client = client(&script)
        .on_event(move |event| {
            let line = match event {
                Event::DuplicatePossible { number, receipt, .. } => {
                    format!("duplicate {number} of {}", receipt.possible_duplicates())
                }
                Event::AttemptStarted { number, .. } => format!("attempt {number}"),
                _ => return,
            };
            log.lock().unwrap().push(line);
        })
        .build()
        .unwrap();

    let response = client
        .post(COMPLETIONS)
        .replay(Replay::AtLeastOnce)
        .send()
        .await
        .unwrap();

    let receipt = response.receipt().unwrap();
    assert_eq!(
        *told.lock().unwrap(),
        [
            "attempt 1",
            "duplicate 2 of 1",
            "attempt 2",
            "duplicate 3 of 2",
            "attempt 3"
        ]
    );
    assert_eq!(receipt.possible_duplicates(), 2);
    assert_eq!(receipt.preset(), Some("openai"));
    assert_eq!(receipt.request_ids().collect::<Vec<_>>(), ["req_7"]);
    let text = receipt.to_string();
    for part in ["(openai)", "possible duplicates: 2", "[req_7]"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let json = serde_json::to_value(receipt).unwrap();
    assert_eq!(json["preset"], "openai");
    assert_eq!(json["possible_duplicates"], 2);
    assert_eq!(json["attempts"][2]["request_id"], "req_7");
    assert_eq!(json["attempts"][0]["request_id"], serde_json::Value::Null);
}

#[tokio::test(start_paused = true)]
async fn at_least_once_changes_nothing_where_a_repeat_is_safe_or_impossible() {
    let script = Script::new([Step::lost_response()]);
    let keyed = client(&script).replay(Replay::AtLeastOnce).build().unwrap();
    let response = keyed.post("https://api.example.com/").send().await.unwrap();
    assert_eq!(
        response.receipt().unwrap().possible_duplicates(),
        0,
        "an honoured key protects"
    );

    let script = Script::new([Step::lost_response()]);
    let client = client(&script).replay(Replay::AtLeastOnce).build().unwrap();
    let error = client.post(COMPLETIONS).send_once().send().await.unwrap_err();
    assert!(matches!(error.receipt().unwrap().stop(), StopReason::NotReplayable(_)));
    assert_eq!(script.arrivals().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_id_that_is_no_id_stays_out_of_the_receipt() {
    for id in ["", "two words", "é"] {
        let id: &'static str = id;
        let step = Script::from_fn(move |_| {
            let step = Step::status(StatusCode::OK);
            if id.is_ascii() {
                step.header("x-request-id", id)
            } else {
                step
            }
        });
        let response = client(&step).build().unwrap().post(COMPLETIONS).send().await.unwrap();
        assert_eq!(response.receipt().unwrap().request_ids().count(), 0, "{id:?}");
    }
}
