//! No credential, key, query string or body reaches a log, a span, a `Debug` or an error message.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderValue, StatusCode};
use steadfast::testing::{Script, Step as ScriptStep};
use steadfast::{Client, FailureKind, KeyFormat, ResponseExt, RetryPolicy, reqwest};

use crate::support::After::{Fin, Stall};
use crate::support::{RawServer, SHORT, Spans, Step, answer, impatient, limit};

const SENTINEL: &str = "S3NT1NEL";

fn secret(what: &str) -> String {
    format!("{SENTINEL}-{what}")
}

fn header(what: &str) -> HeaderValue {
    HeaderValue::from_str(&secret(what)).unwrap()
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn add(&self, what: &str, text: impl std::fmt::Display) {
        self.0.lock().unwrap().push(format!("{what}: {text}"));
    }

    fn check(&self, least: usize) {
        let heard = self.0.lock().unwrap();
        assert!(heard.len() >= least, "too little to be a proof: {}", heard.len());
        for text in heard.iter() {
            assert!(!text.contains(SENTINEL), "{text}");
        }
    }

    fn add_error(&self, error: &steadfast::Error) {
        self.add("Error Debug", format!("{error:?} {error:#?}"));
        let mut cause: Option<&dyn StdError> = Some(error);
        while let Some(error) = cause {
            self.add("source", format!("{error} {error:?}"));
            cause = error.source();
        }
    }
}

fn builder(heard: &Heard) -> steadfast::ClientBuilder {
    let mut defaults = HeaderMap::new();
    defaults.insert("x-api-key", header("default"));
    let (events, outcomes) = (heard.clone(), heard.clone());
    let policy = RetryPolicy::builder().classify_fn(move |outcome| {
        outcomes.add("Outcome", format!("{outcome:?} {outcome:#?}"));
        None
    });
    let infos = heard.clone();
    let hook = move |attempt: steadfast::AttemptInfo| {
        infos.add("AttemptInfo", format!("{attempt:?} {attempt:#?}"));
        let mut headers = HeaderMap::new();
        headers.insert("x-signature", header("signature"));
        async move { Ok::<_, std::convert::Infallible>(headers) }
    };
    impatient()
        .0
        .default_headers(defaults)
        .retry(policy.build().unwrap())
        .before_attempt(hook)
        .attempt_timeout(SHORT)
        .on_event(move |event| events.add("Event", format!("{event} {event:?} {event:#?}")))
}

fn steps() -> Vec<Vec<Step>> {
    let echo = format!(
        "idempotency-key: {0}\r\nset-cookie: {0}\r\nlocation: /x?{0}\r\n",
        secret("echo")
    );
    let cut = format!("HTTP/1.1 200 OK\r\n{echo}content-length: 900\r\n\r\n{}", secret("body"));
    let five = |step: Step| vec![step; 5];
    vec![
        five(answer(503, &echo, &secret("body"))),
        five(Step::Write(Vec::new(), Fin)),
        five(Step::Write(Vec::new(), Stall)),
        five(Step::Write(secret("garbage").into_bytes(), Fin)),
        five(Step::Write(cut.into_bytes(), Fin)),
        vec![
            answer(307, &format!("location: /{0}?{0}#{0}\r\n", secret("hop")), ""),
            answer(400, &echo, ""),
        ],
        vec![answer(501, &echo, &secret("body"))],
    ]
}

#[tokio::test]
async fn nothing_that_is_printed_holds_a_secret() {
    let heard = Heard::default();
    let spans = Spans::capture();
    for steps in steps() {
        let server = RawServer::start(steps).await;
        let url = server.url(&format!("/p?token={}", secret("query")));
        let url = url.replace("//", &format!("//{0}:{0}@", secret("userinfo")));
        // A base URL takes no query; user information it does.
        let base = url.split('?').next().unwrap();
        let client = builder(&heard).base_url(base).build().unwrap();
        heard.add("Client", format!("{client:?} {client:#?}"));
        let request = client
            .post(&url)
            .idempotency_key(secret("key"))
            .bearer_auth(secret("bearer"));
        let request = request
            .header("x-own", secret("own"))
            .body(secret("body"))
            .buffer(1_000);
        heard.add("RequestBuilder", format!("{request:?} {request:#?}"));
        match limit(request.send()).await {
            Ok(response) => {
                let receipt = response.receipt().unwrap();
                heard.add("Receipt", format!("{receipt} {receipt:?} {receipt:#?}"));
            }
            Err(error) => {
                heard.add_error(&error);
                let receipt = error.receipt().unwrap();
                heard.add(
                    "Receipt",
                    format!("{receipt} {receipt:?} {receipt:#?} {:?}", receipt.key()),
                );
            }
        }
    }
    for captured in spans.own() {
        heard.add("trace", format!("{captured:?}"));
    }
    heard.check(100);
}

#[tokio::test]
async fn neither_do_the_parts_nor_builder_errors() {
    let heard = Heard::default();
    let url = format!("http://{0}:{0}@127.0.0.1:9/{0}?{0}", secret("url"));
    let mut defaults = HeaderMap::new();
    defaults.insert("x-api-key", header("default"));
    let http = reqwest::Client::builder()
        .default_headers(defaults)
        .user_agent(secret("agent"));
    let base = url.split('?').next().unwrap();
    let outer = builder(&heard).base_url(base).http(http);
    heard.add("ClientBuilder", format!("{outer:?} {outer:#?}"));
    let client = outer.build().unwrap();
    heard.add("Client", format!("{client:?}"));
    let bad = format!("{}\n", secret("bad"));
    for request in [
        client.post(format!("ftp://{0}/{0}?{0}", secret("url"))),
        client.post(format!("http://{0}:{0}@[::1/{0}", secret("url"))),
        client.post(&url).header("x", &bad),
        client.post(&url).header(&*bad, "x"),
        client.post(&url).bearer_auth(&bad),
        client.post(&url).idempotency_key(&*bad),
        client
            .post(&url)
            .header("idempotency-key", format!("{} ", secret("a b"))),
        client
            .post(&url)
            .header("idempotency-key", secret("a"))
            .idempotency_key(secret("b")),
    ] {
        heard.add("RequestBuilder", format!("{request:?} {request:#?}"));
        let error = limit(request.send()).await.unwrap_err();
        assert!(error.is_builder(), "{error}");
        heard.add_error(&error);
    }
    let base = Client::builder().base_url(&format!("http://{0}:{0}@[::1/{0}", secret("base")));
    heard.add("ClientBuilder", format!("{base:?}"));
    heard.add_error(&base.build().unwrap_err());
    for body in [
        steadfast::Body::from(secret("body")),
        steadfast::Body::factory(|| secret("body")),
    ] {
        heard.add("Body", format!("{body:?} {body:#?}"));
    }
    heard.check(20);
}

#[tokio::test]
async fn a_serialised_receipt_has_the_key_whole_since_someone_must_keep_it() {
    let server = RawServer::start([]).await;

    let request = impatient()
        .0
        .build()
        .unwrap()
        .post(server.url("/"))
        .idempotency_key(secret("key"));
    let response = limit(request.send()).await.unwrap();

    let json = serde_json::to_value(response.receipt().unwrap()).unwrap();
    assert_eq!(json["key"], secret("key"));
    assert_eq!(
        (&json["method"], &json["attempts"][0]["ending"]["response"]["status"]),
        (&"POST".into(), &200.into())
    );
}

/// Marked so, a key is never put into HTTP/2's table of headers (RFC 7541 §7.1.3), and a debugger's view hides it.
#[tokio::test(start_paused = true)]
async fn a_key_is_sensitive_on_every_attempt_however_it_came_about() {
    let script = Script::from_fn(|_| ScriptStep::status(StatusCode::SERVICE_UNAVAILABLE));
    let builder = || Client::builder().script(&script);
    let (raw, quoted) = (builder(), builder().key_format(KeyFormat::Quoted));
    let (raw, quoted) = (raw.build().unwrap(), quoted.build().unwrap());
    let post = |client: &Client| client.post("https://api.example.com/charges").body("x").max_attempts(2);
    for request in [
        post(&raw),
        post(&raw).idempotency_key("order-42"),
        post(&raw).header("idempotency-key", "order-43"),
        post(&quoted),
    ] {
        request.send().await.unwrap_err();
    }

    let arrivals = script.arrivals();
    assert_eq!(arrivals.len(), 8);
    for arrival in &arrivals {
        assert!(arrival.headers["idempotency-key"].is_sensitive());
    }
    let keys: Vec<_> = arrivals
        .iter()
        .map(|arrival| arrival.header("idempotency-key").unwrap())
        .collect();
    assert!(
        keys.chunks(2).all(|twice| twice[0] == twice[1]),
        "the same on each attempt"
    );
    assert_eq!((keys[2], keys[4]), ("order-42", "order-43"));
    assert!(keys[6].starts_with('"') && keys[6].ends_with('"'));
}

/// The commonest hook of all fetches a token.
#[tokio::test]
async fn neither_does_a_hook_s_own_error_of_reqwest() {
    let heard = Heard::default();
    let client = Client::builder()
        .script(&Script::new([]))
        .before_attempt(|_| async {
            let token = reqwest::Client::new().get(format!("http://127.0.0.1:1/?token={}", secret("token")));
            token.send().await.map(|_| HeaderMap::new())
        })
        .build()
        .unwrap();
    let error = limit(client.post("https://api.example.com/").send()).await.unwrap_err();
    assert_eq!(error.failure().unwrap().kind(), FailureKind::Hook);
    heard.add_error(&error);
    heard.check(3);
}
