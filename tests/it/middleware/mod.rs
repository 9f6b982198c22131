//! In a reqwest-middleware chain the same operations, and one retry loop.

mod conformance;
mod contract;
mod keys;
mod nested;
mod order;
mod peers;
mod per_request;
mod sealed;
mod secrets;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use steadfast::middleware::Resilience;
use steadfast::testing::Recorder;

use crate::support::impatient;

/// Ours with waits that end at once, and who saw what happened.
fn resilience() -> (Resilience, Recorder) {
    let recorder = Recorder::new();
    let builder = impatient().0.observe(recorder.clone());
    (Resilience::from_builder(builder).unwrap(), recorder)
}

fn bare() -> ClientBuilder {
    ClientBuilder::new(reqwest::Client::new())
}

/// A chain of ours alone.
fn alone() -> ClientWithMiddleware {
    bare().with(resilience().0).build()
}

/// reqwest-retry with three retries that hardly wait.
fn retrying() -> RetryTransientMiddleware<ExponentialBackoff> {
    let policy = ExponentialBackoff::builder()
        .retry_bounds(Duration::from_millis(1), Duration::from_millis(2))
        .build_with_max_retries(3);
    RetryTransientMiddleware::new_with_policy(policy)
}

/// Counts requests, and notes what it can see of their bodies.
#[derive(Clone, Default)]
struct Counting {
    seen: Arc<AtomicU32>,
    bodies: Arc<Mutex<Vec<Option<Vec<u8>>>>>,
}

impl Counting {
    fn times(&self) -> u32 {
        self.seen.load(Ordering::SeqCst)
    }

    fn bodies(&self) -> Vec<Option<Vec<u8>>> {
        self.bodies.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl Middleware for Counting {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        self.seen.fetch_add(1, Ordering::SeqCst);
        let body = request.body().and_then(|body| body.as_bytes()).map(<[u8]>::to_vec);
        self.bodies.lock().unwrap().push(body);
        next.run(request, extensions).await
    }
}

/// Sets a new key each time it is passed, as a careless key middleware does.
#[derive(Clone, Default)]
struct NewKeys(Arc<AtomicU32>);

#[async_trait::async_trait]
impl Middleware for NewKeys {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let value = HeaderValue::try_from(format!("key-{number}")).unwrap();
        request.headers_mut().insert("idempotency-key", value);
        next.run(request, extensions).await
    }
}

/// Lets no header through but a few, and gives some another name, as gateways do.
#[derive(Clone, Copy)]
struct Sieve {
    passes: &'static [&'static str],
    renames: &'static [(&'static str, &'static str)],
}

#[async_trait::async_trait]
impl Middleware for Sieve {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let mut kept = HeaderMap::new();
        for (name, value) in request.headers() {
            let renamed = self.renames.iter().find(|(from, _)| name == from);
            match renamed {
                Some((_, to)) => drop(kept.insert(HeaderName::from_static(to), value.clone())),
                None if self.passes.iter().any(|passes| name == passes) => drop(kept.insert(name, value.clone())),
                None => {}
            }
        }
        *request.headers_mut() = kept;
        next.run(request, extensions).await
    }
}
