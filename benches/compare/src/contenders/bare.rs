use http::header::CONTENT_TYPE;
use reqwest::{Client, Response};

use super::{BoxError, Contender, Protocol, Target, http};

/// reqwest, without key, timeout or retry: what everything else is compared to.
pub struct Bare(Client);

impl Contender for Bare {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        Ok(Self(http(protocol).build()?))
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let request = self.0.post(&target.url).header(CONTENT_TYPE, "application/json");
        Ok(request.body(target.body.clone()).send().await?)
    }
}
