use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next};

use super::pass::Mark;
use crate::engine::{Armor, Body};

/// Stands at the chain's end and sees what really goes out: the other half of [`Resilience`](super::Resilience).
///
/// - It counts how often an attempt arrives: a retry loop in between is reported, and stopped where a repeat could act
///   twice.
/// - It refuses a request whose key is not the operation's: a middleware in between replaced it, removed it, or put it
///   under another name.
/// - It puts bodies into the form that the client beneath can repeat neither by its own retry nor by a redirect, so
///   that the middleware in between can look into them.
///
/// Made by [`Resilience::sealed`](super::Resilience::sealed). Requests without an operation pass through. A middleware in
/// between that makes requests of its own sends them by another client: here they would be taken for the attempt's.
#[derive(Clone, Debug)]
pub struct Seal(());

impl Seal {
    pub(super) fn new() -> Self {
        Self(())
    }
}

#[async_trait::async_trait]
impl Middleware for Seal {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        if let Some(mark) = extensions.get::<Mark>().and_then(Mark::under_way) {
            check(mark, &request).map_err(Error::middleware)?;
            armor(&mut request).map_err(Error::middleware)?;
        }
        next.run(request, extensions).await
    }
}

fn check(mark: &Mark, request: &Request) -> Result<(), Broken> {
    if !mark.agrees_with(request) {
        return Err(Broken::Key);
    }
    if mark.key_is_missing_from(request) {
        return Err(Broken::NoKey);
    }
    if !mark.arrives() {
        return Err(Broken::Repeat);
    }
    Ok(())
}

/// A safe request may be repeated by anyone.
fn armor(request: &mut Request) -> Result<(), Broken> {
    if request.method().is_safe() {
        return Ok(());
    }
    let body = request.body_mut().take().map(Body::from).unwrap_or_default();
    *request.body_mut() = body.instance(Armor::Worn).map_err(|_unmade| Broken::Body)?;
    Ok(())
}

/// Why a request goes no further.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("a middleware within steadfast's replaced the idempotency key")]
    Key,
    #[error("a middleware within steadfast's removed the idempotency key")]
    NoKey,
    #[error("a retry loop within steadfast's repeated a request that nothing protects from running twice")]
    Repeat,
    #[error("the body is gone")]
    Body,
}
