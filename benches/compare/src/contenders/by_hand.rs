use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use http_body_util::Full;
use reqwest::{Body, Client, RequestBuilder, Response};
use tokio::time::{sleep, timeout};

use super::{ATTEMPT_TIMEOUT, ATTEMPTS, BoxError, Contender, KEY, Protocol, Target, http, key, keyed, wait};

/// The loop that people write: one key, five attempts, backoff with jitter, no breaker and no budget.
pub struct ByHand(Client);

/// The same loop by somebody who knows what steadfast knows: a key that changes with every request is kept out of HTTP/2's
/// header table if it is marked as sensitive, and reqwest copies each request whose body it can copy.
pub struct ByHandAlike(Client);

impl Contender for ByHand {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        Ok(Self(http(protocol).build()?))
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let key = key();
        attempts(|| Ok(keyed(&self.0, target, &key))).await
    }
}

impl Contender for ByHandAlike {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        Ok(Self(http(protocol).build()?))
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let key = Bytes::from(key());
        attempts(|| {
            let mut value = HeaderValue::from_maybe_shared(key.clone())?;
            value.set_sensitive(true);
            let request = self.0.post(&*target.url).header(CONTENT_TYPE, "application/json");
            let body = Body::wrap(Full::new(target.body.clone()));
            Ok(request.header(KEY, value).body(body))
        })
        .await
    }
}

async fn attempts(request: impl Fn() -> Result<RequestBuilder, BoxError>) -> Result<Response, BoxError> {
    for attempt in 1.. {
        let last = attempt == ATTEMPTS;
        match timeout(ATTEMPT_TIMEOUT, request()?.send()).await {
            Ok(Ok(response)) if last || !response.status().is_server_error() => return Ok(response),
            Ok(Err(error)) if last => return Err(error.into()),
            Err(elapsed) if last => return Err(elapsed.into()),
            _ => {}
        }
        sleep(wait(attempt - 1)).await;
    }
    unreachable!("the last attempt returns")
}
