use http::header::CONTENT_TYPE;
use reqwest::Response;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;

use super::{
    ATTEMPT_TIMEOUT, BoxError, Contender, FIRST_WAIT, KEY, LONGEST_WAIT, Protocol, RETRIES, Target, http, key,
};

/// `reqwest-middleware` with `reqwest-retry`.
pub struct ReqwestMiddleware(ClientWithMiddleware);

impl Contender for ReqwestMiddleware {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        let policy = ExponentialBackoff::builder()
            .retry_bounds(FIRST_WAIT, LONGEST_WAIT)
            .build_with_max_retries(RETRIES);
        let client = http(protocol).timeout(ATTEMPT_TIMEOUT).build()?;
        Ok(Self(
            ClientBuilder::new(client)
                .with(RetryTransientMiddleware::new_with_policy(policy))
                .build(),
        ))
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let request = self
            .0
            .post(&*target.url)
            .header(CONTENT_TYPE, "application/json")
            .header(KEY, key())
            .body(target.body.clone());
        Ok(request.send().await?)
    }
}
