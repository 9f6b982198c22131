//! What goes over the wire is what reqwest would have sent, and the key.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue, Method};
use steadfast::{RequestBuilder, reqwest};

use crate::support::{Arrival, RawServer, client, impatient, limit};

async fn compare(ours: impl Fn(&str) -> RequestBuilder, theirs: impl Fn(&str) -> reqwest::RequestBuilder) {
    let server = RawServer::start([]).await;
    let url = server.url("/a%20b?old=1");
    limit(ours(&url).send()).await.unwrap();
    limit(theirs(&url).send()).await.unwrap();
    let [ours, theirs] = &server.arrivals()[..] else {
        panic!("not two")
    };
    assert_eq!(parts(ours), parts(theirs));
}

/// Header order means nothing between different names.
fn parts(arrival: &Arrival) -> (String, Vec<String>, Vec<u8>) {
    let head = arrival.head();
    let mut lines: Vec<_> = head
        .lines()
        .map(str::to_owned)
        .filter(|line| !line.starts_with("idempotency-key"))
        .collect();
    let first = lines.remove(0);
    lines.sort();
    (first, lines, arrival.body())
}

#[tokio::test]
async fn json_form_and_query_are_encoded_alike() {
    let (own, bare) = (client(), reqwest::Client::new());
    let pairs = BTreeMap::from([("a b", "ä&="), ("empty", ""), ("n", "1")]);
    compare(|url| own.post(url).json(&pairs), |url| bare.post(url).json(&pairs)).await;
    compare(|url| own.post(url).form(&pairs), |url| bare.post(url).form(&pairs)).await;
    compare(|url| own.get(url).query(&pairs), |url| bare.get(url).query(&pairs)).await;
    compare(
        |url| own.get(url).query(&[("x", 1), ("x", 2)]),
        |url| bare.get(url).query(&[("x", 1), ("x", 2)]),
    )
    .await;
    let none: [(&str, &str); 0] = [];
    compare(|url| own.get(url).query(&none), |url| bare.get(url).query(&none)).await;
    let typed = "application/vnd.api+json";
    compare(
        |url| own.put(url).header("content-type", typed).json(&pairs),
        |url| bare.put(url).header("content-type", typed).json(&pairs),
    )
    .await;
}

/// The client keeps the addresses it meets; what a request does to its own is no other request's.
#[tokio::test]
async fn a_query_is_added_to_one_request_of_an_address_that_is_kept() {
    let server = RawServer::start([]).await;
    let (client, url) = (client(), server.url("/charges"));
    for _ in 0..3 {
        limit(client.post(&url).body("x").send()).await.unwrap();
    }
    for page in [1, 2] {
        limit(client.post(&url).query(&[("page", page)]).send()).await.unwrap();
        limit(client.post(&url).body("x").send()).await.unwrap();
    }

    let paths: Vec<_> = server.arrivals().iter().map(|arrival| parts(arrival).0).collect();
    let queries = ["", "", "", "?page=1", "", "?page=2", ""];
    assert_eq!(paths, queries.map(|query| format!("POST /charges{query} HTTP/1.1")));
}

#[tokio::test]
async fn credentials_are_written_alike() {
    let (own, bare) = (client(), reqwest::Client::new());
    compare(
        |url| own.get(url).bearer_auth("t-1"),
        |url| bare.get(url).bearer_auth("t-1"),
    )
    .await;
    compare(
        |url| own.get(url).basic_auth("me", Some("pä:ss")),
        |url| bare.get(url).basic_auth("me", Some("pä:ss")),
    )
    .await;
    compare(
        |url| own.get(url).basic_auth("me", None::<&str>),
        |url| bare.get(url).basic_auth("me", None::<&str>),
    )
    .await;
    let with_user = |url: &str| url.replace("//", "//us%20er:p%40ss@");
    compare(|url| own.get(with_user(url)), |url| bare.get(with_user(url))).await;
}

#[tokio::test]
async fn bodies_and_their_absence_are_framed_alike() {
    let (own, bare) = (client(), reqwest::Client::new());
    for method in [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
    ] {
        compare(
            |url| own.request(method.clone(), url),
            |url| bare.request(method.clone(), url),
        )
        .await;
        compare(
            |url| own.request(method.clone(), url).body("x"),
            |url| bare.request(method.clone(), url).body("x"),
        )
        .await;
        compare(
            |url| own.request(method.clone(), url).body(""),
            |url| bare.request(method.clone(), url).body(""),
        )
        .await;
    }
}

#[tokio::test]
async fn a_wrapped_client_frames_what_it_armors_alike() {
    let bare = reqwest::Client::new();
    let own = steadfast::Client::from_reqwest(bare.clone());
    for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
        compare(
            |url| own.request(method.clone(), url),
            |url| bare.request(method.clone(), url),
        )
        .await;
        compare(
            |url| own.request(method.clone(), url).body("x"),
            |url| bare.request(method.clone(), url).body("x"),
        )
        .await;
    }
}

#[tokio::test]
async fn repeated_and_replaced_headers_arrive_as_reqwest_sends_them() {
    let (own, bare) = (client(), reqwest::Client::new());
    let mut map = HeaderMap::new();
    map.append("x-many", HeaderValue::from_static("3"));
    map.append("x-many", HeaderValue::from_static("4"));
    compare(
        |url| own.get(url).header("x-many", "1").header("x-many", "2"),
        |url| bare.get(url).header("x-many", "1").header("x-many", "2"),
    )
    .await;
    compare(
        |url| own.get(url).header("x-many", "1").headers(map.clone()),
        |url| bare.get(url).header("x-many", "1").headers(map.clone()),
    )
    .await;
}

#[tokio::test]
async fn default_headers_fill_in_and_a_base_url_goes_before() {
    let server = RawServer::start([]).await;
    let mut defaults = HeaderMap::new();
    defaults.insert("x-api-key", HeaderValue::from_static("sk"));
    defaults.insert("x-over", HeaderValue::from_static("default"));
    let builder = impatient().0.default_headers(defaults).base_url(&server.url("/v1"));
    let client = builder.build().unwrap();

    limit(client.post("/charges?x=1").header("x-over", "own").send())
        .await
        .unwrap();

    let arrival = &server.arrivals()[0];
    assert_eq!(arrival.path(), "/v1/charges?x=1");
    assert_eq!(
        (arrival.header("x-api-key"), arrival.header("x-over")),
        (Some("sk".into()), Some("own".into()))
    );
}
