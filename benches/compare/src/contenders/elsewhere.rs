use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Response;

use super::{BoxError, Contender, Protocol, Target};

/// Sends every request to an address of its own, as `/charges/{id}` is one; making it is a part of what is measured.
pub struct Elsewhere<C> {
    contender: C,
    sent: AtomicU64,
}

impl<C: Contender> Contender for Elsewhere<C> {
    fn new(protocol: Protocol) -> Result<Self, BoxError> {
        Ok(Self {
            contender: C::new(protocol)?,
            sent: AtomicU64::new(0),
        })
    }

    async fn send(&self, target: &Target) -> Result<Response, BoxError> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let target = Target {
            url: format!("{}?order={number}", target.url).into(),
            body: target.body.clone(),
        };
        self.contender.send(&target).await
    }
}
