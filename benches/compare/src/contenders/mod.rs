//! Everyone who takes part: the same request, key source and attempt timeout, as its users would write it.

mod backon;
mod bare;
mod by_hand;
mod elsewhere;
mod reqwest_middleware;
mod reqwest_retries;
mod seatbelt;
mod steadfast;
mod tower;
mod tower_resilience;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderName;
use http::header::CONTENT_TYPE;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response};

pub use self::backon::{BackonFailsafe, BackonRecloser};
pub use self::bare::{Bare, BareKey, BareKeyTimeout};
pub use self::by_hand::{ByHand, ByHandAlike};
pub use self::elsewhere::Elsewhere;
pub use self::reqwest_middleware::ReqwestMiddleware;
pub use self::reqwest_retries::ReqwestRetries;
pub use self::seatbelt::Seatbelt;
pub use self::steadfast::{Steadfast, SteadfastRun};
pub use self::tower::Tower;
pub use self::tower_resilience::TowerResilience;

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A [`BoxError`] by name: the compiler cannot tell yet that a future which names the trait object is `Send`.
#[derive(Debug)]
pub struct Failed(BoxError);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failed {}

/// Sends one request, whatever that takes.
pub trait Contender: Send + Sync + 'static {
    fn new(protocol: Protocol) -> Result<Self, BoxError>
    where
        Self: Sized;

    fn send(&self, target: &Target) -> impl Future<Output = Result<Response, BoxError>> + Send;
}

/// What is sent, and where to.
#[derive(Clone, Debug)]
pub struct Target {
    pub url: Arc<str>,
    pub body: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
}

/// reqwest as it comes, speaking the protocol.
fn http(protocol: Protocol) -> ClientBuilder {
    match protocol {
        Protocol::Http1 => Client::builder().http1_only(),
        Protocol::Http2 => Client::builder().http2_prior_knowledge(),
    }
}

/// The request of bare reqwest.
fn json(client: &Client, target: &Target) -> RequestBuilder {
    client
        .post(&*target.url)
        .header(CONTENT_TYPE, "application/json")
        .body(target.body.clone())
}

/// The request of everybody else, where the key is needed again for the next attempt.
fn keyed(client: &Client, target: &Target, key: &str) -> RequestBuilder {
    json(client, target).header(KEY, key)
}

/// A key from the operating system's randomness.
fn key() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// What a loop of one's own waits before a retry: twice as long each time, and up to a quarter more.
fn wait(retries_made: u32) -> Duration {
    let wait = FIRST_WAIT.saturating_mul(1 << retries_made).min(LONGEST_WAIT);
    wait.mul_f64(1.0 + fastrand::f64() / 4.0)
}

/// Made once, as any header that is not a standard one should be: by name, it is parsed and copied for every request.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const ATTEMPTS: u32 = 5;
const RETRIES: u32 = ATTEMPTS - 1;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(8);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
