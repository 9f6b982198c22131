//! The table of the chain's order, as the documentation has it.

use http::{Extensions, HeaderValue, StatusCode};
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next};

use super::{Counting, bare, resilience};
use crate::support::{RawServer, answer, limit};

#[tokio::test]
async fn outside_is_once_per_operation_and_inside_once_per_attempt() {
    let server = RawServer::start(vec![answer(503, "", ""); 2]).await;
    let (outside, inside) = (Counting::default(), Counting::default());
    let chain = bare()
        .with(outside.clone())
        .with(resilience().0)
        .with(inside.clone())
        .build();

    limit(chain.post(server.url("/")).body("x").send()).await.unwrap();

    assert_eq!((outside.times(), inside.times()), (1, 3));
}

#[tokio::test]
async fn a_cache_outside_answers_without_an_operation() {
    let server = RawServer::start([]).await;
    let (ours, recorder) = resilience();

    let response = limit(bare().with(Full).with(ours).build().get(server.url("/")).send())
        .await
        .unwrap();

    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
    recorder.assert_operations(0);
    assert_eq!(server.connections(), 0);
}

/// A cache that has everything.
struct Full;

#[async_trait::async_trait]
impl Middleware for Full {
    async fn handle(&self, _: Request, _: &mut Extensions, _: Next<'_>) -> reqwest_middleware::Result<Response> {
        let response = http::Response::builder().status(StatusCode::IM_A_TEAPOT).body("");
        Ok(response.unwrap().into())
    }
}

#[tokio::test]
async fn a_signature_within_is_new_for_each_attempt_and_sees_key_and_body() {
    let server = RawServer::start([answer(503, "", "")]).await;
    let (ours, seal) = resilience().0.sealed();
    let chain = bare().with(ours).with(Signing::default()).with(seal).build();

    limit(chain.post(server.url("/")).body("amount=100").send())
        .await
        .unwrap();

    let signed: Vec<_> = server
        .arrivals()
        .iter()
        .map(|arrival| arrival.header("x-signature").unwrap())
        .collect();
    let key = server.arrivals()[0].key().unwrap();
    assert_eq!(signed, [format!("0 {key} amount=100"), format!("1 {key} amount=100")]);
}

/// Signs what it sees, with a number that never comes again.
#[derive(Default)]
struct Signing(std::sync::atomic::AtomicU32);

#[async_trait::async_trait]
impl Middleware for Signing {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let number = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let key = request.headers()["idempotency-key"].to_str().unwrap().to_owned();
        let body = String::from_utf8_lossy(request.body().unwrap().as_bytes().unwrap()).into_owned();
        let signature = HeaderValue::try_from(format!("{number} {key} {body}")).unwrap();
        request.headers_mut().insert("x-signature", signature);
        next.run(request, extensions).await
    }
}
