use reqwest::{Client, Response};
use tokio::time::timeout;

use super::{ATTEMPT_TIMEOUT, BoxError, Contender, KEY, Protocol, Target, http, json, key};

/// reqwest, without key, timeout or retry: what everything else is compared to.
pub struct Bare(Client);

/// A key and nothing else: the first part of what everybody costs.
pub struct BareKey(Client);

/// A key and a timeout, without a loop: the least that an attempt of everybody's costs.
pub struct BareKeyTimeout(Client);

impl Contender for Bare {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        Ok(Self(http(protocol).build()?))
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        Ok(json(&self.0, target).send().await?)
    }
}

impl Contender for BareKey {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        Ok(Self(http(protocol).build()?))
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        Ok(json(&self.0, target).header(KEY, key()).send().await?)
    }
}

impl Contender for BareKeyTimeout {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        Ok(Self(http(protocol).build()?))
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        Ok(timeout(ATTEMPT_TIMEOUT, json(&self.0, target).header(KEY, key()).send()).await??)
    }
}
