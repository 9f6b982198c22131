use reqwest::{Client, Response};

use super::{ATTEMPT_TIMEOUT, BoxError, Contender, KEY, Protocol, RETRIES, Target, http, json, key};

/// reqwest's built-in retry; it has no backoff, and its timeout spans all attempts.
pub struct ReqwestRetries(Client);

impl Contender for ReqwestRetries {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        let retry = reqwest::retry::for_host("127.0.0.1")
            .max_retries_per_request(RETRIES)
            .classify_fn(|attempt| {
                let failed = attempt.status().is_none_or(|status| status.is_server_error());
                if failed { attempt.retryable() } else { attempt.success() }
            });
        Ok(Self(http(protocol).timeout(ATTEMPT_TIMEOUT).retry(retry).build()?))
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        Ok(json(&self.0, target).header(KEY, key()).send().await?)
    }
}
