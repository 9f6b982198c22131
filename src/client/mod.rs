//! The client: reqwest's API, with operations instead of requests.

mod addresses;
mod build;
mod builder;
mod builder_key;
#[cfg(feature = "middleware")]
mod chained;
mod checks;
mod fault;
#[cfg_attr(feature = "http2", path = "keep_alive_h2.rs")]
#[cfg_attr(not(feature = "http2"), path = "keep_alive_none.rs")]
mod keep_alive;
mod on_unknown;
mod operation;
mod request;
#[cfg(feature = "form")]
mod request_form;
#[cfg(feature = "json")]
mod request_json;
#[cfg(feature = "multipart")]
mod request_multipart;
mod request_policy;
#[cfg(feature = "query")]
mod request_query;
mod response;
#[cfg(feature = "testing")]
mod script;
mod send;
mod target;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, Method};
use url::Url;

use addresses::Addresses;
#[cfg(feature = "serde")]
pub(crate) use build::parse_base;
pub use builder::ClientBuilder;
#[cfg(feature = "tower")]
pub(crate) use checks::check_settings;
pub use request::{KeyFault, RequestBuilder};
pub use response::ResponseExt;
pub use target::IntoTarget;

#[cfg(feature = "middleware")]
pub(crate) use fault::{judge, place};
#[cfg(feature = "middleware")]
pub(crate) use operation::Operation;
#[cfg(feature = "middleware")]
pub(crate) use send::Route;
#[cfg(feature = "middleware")]
pub(crate) use wire::Wire;

use crate::breaker::CircuitBreaker;
use crate::budget::RetryBudget;
use crate::engine::{Armor, Fields, Redirects, Setup};
use crate::error::Error;
use crate::preset::Presets;
#[cfg(not(feature = "middleware"))]
use wire::Wire;

/// An HTTP client whose operations happen once.
///
/// It feels like [`reqwest::Client`], and what comes back is a [`reqwest::Response`]. Cloning shares connections,
/// budgets and breakers; make one and keep it.
///
/// # Examples
///
/// ```
/// # async fn run() -> Result<(), steadfast::Error> {
/// let client = steadfast::Client::new();
/// let response = client.post("https://api.example.com/charges").body("amount=100").send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) wire: Wire,
    pub(crate) base: Option<Url>,
    addresses: Addresses,
    pub(crate) headers: DefaultHeaders,
    /// `None` where it cannot reach the wire.
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) setup: Setup,
    pub(crate) presets: Presets,
}

/// Headers of every request; they may be credentials, so `Debug` counts them only.
#[derive(Clone, Default)]
pub(crate) struct DefaultHeaders(pub(crate) HeaderMap);

impl DefaultHeaders {
    /// Adds what a request has none of.
    #[inline]
    fn fill(&self, fields: &mut Fields, key: &HeaderName) {
        if !self.0.is_empty() {
            self.add(fields, key);
        }
    }

    #[cold]
    fn add(&self, fields: &mut Fields, key: &HeaderName) {
        for (name, value) in &self.0 {
            // A key among the defaults would be the same for every operation; the builder refuses the client's own
            // header, a preset may name another.
            if !fields.contains(name) && name != key {
                fields.append(name.clone(), value.clone());
            }
        }
    }
}

impl Client {
    /// A client with all defaults.
    ///
    /// # Panics
    ///
    /// As [`reqwest::Client::new`]: if TLS or the resolver cannot be set up. [`Client::builder`] returns that as an
    /// error.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build().expect("TLS and the resolver can be set up")
    }

    /// Starts from the defaults.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// Wraps a client that was built elsewhere, with weaker promises.
    ///
    /// Its settings can be neither seen nor changed, so compared to [`ClientBuilder::http`]:
    ///
    /// - reqwest's own redirects stay on unless you turned them off. After a 301, 302 or 303 it sends a GET with your
    ///   headers, the key among them, to wherever the server points; what it does for GET and HEAD is invisible here.
    ///   Bodies of state-changing requests are sent in a form that a 307 or 308 cannot repeat.
    /// - reqwest's own retries stay on unless you turned them off. They repeat GET and HEAD without backoff, unseen by
    ///   receipt and budget; state-changing requests are sent in a form that they cannot repeat.
    /// - Its timeouts hold beside ours. Without a connect timeout, a connection that hangs looks as if the request might
    ///   have been processed.
    /// - Its default headers travel with every redirect, so redirects to other origins are not followed.
    /// - A redirect that it followed itself shows only by the response's URL: the receipt says so, and the effect is then
    ///   unknown. One that leads back to the same URL does not show at all: the answer to a GET after a 301, 302 or 303 is
    ///   then taken for the answer to the request. Build it with `redirect(Policy::none())`.
    ///
    /// [`ClientBuilder::wrapping`] is the same with settings.
    #[must_use]
    pub fn from_reqwest(client: reqwest::Client) -> Self {
        let mut builder = Self::builder();
        builder.settings.redirects = Redirects::SameOrigin;
        builder.assemble(
            Wire::Reqwest {
                client,
                armor: Armor::Worn,
            },
            None,
            None,
        )
    }

    /// The circuit breaker; `None` if it was turned off.
    ///
    /// It is the one in use, not a copy: read its state, or isolate and reset an origin by hand.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    /// use steadfast::breaker::State;
    /// use steadfast::{Client, Origin};
    ///
    /// let client = Client::new();
    /// let origin: Origin = "https://api.example.com".parse()?;
    ///
    /// let breaker = client.circuit_breaker().ok_or("it is on by default")?;
    /// let seen = breaker.state(&origin, Instant::now());
    /// assert_eq!((seen.state, seen.failures, seen.retry_at), (State::Closed, 0, None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn circuit_breaker(&self) -> Option<&CircuitBreaker> {
        self.0.setup.breaker.as_ref()
    }

    /// The retry budget, the one in use.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast::{Client, Origin};
    ///
    /// let client = Client::new();
    /// let origin: Origin = "https://api.example.com".parse()?;
    /// assert_eq!(client.retry_budget().balance(&origin), 5.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn retry_budget(&self) -> &RetryBudget {
        &self.0.setup.budget
    }

    /// Starts a GET.
    pub fn get(&self, url: impl IntoTarget) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// Starts a POST; it carries an idempotency key.
    pub fn post(&self, url: impl IntoTarget) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Starts a PUT.
    pub fn put(&self, url: impl IntoTarget) -> RequestBuilder {
        self.request(Method::PUT, url)
    }

    /// Starts a PATCH; it carries an idempotency key.
    pub fn patch(&self, url: impl IntoTarget) -> RequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// Starts a DELETE.
    pub fn delete(&self, url: impl IntoTarget) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// Starts a HEAD.
    pub fn head(&self, url: impl IntoTarget) -> RequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// Starts a request; an invalid URL shows at [`RequestBuilder::send`].
    pub fn request(&self, method: Method, url: impl IntoTarget) -> RequestBuilder {
        RequestBuilder::new(self, method, url.target(self))
    }

    /// Runs a request that was built elsewhere, as one operation.
    ///
    /// A key header on it is adopted, a timeout on it becomes the attempt timeout. A body that is not bytes is sent
    /// once.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`].
    pub fn execute(
        &self,
        request: reqwest::Request,
    ) -> impl Future<Output = Result<reqwest::Response, Error>> + Send + 'static {
        RequestBuilder::from_request(self, request).send()
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The base URL may hold credentials: its host alone is shown.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("wire", &self.wire)
            .field("host", &self.base.as_ref().and_then(Url::host_str))
            .field("addresses", &self.addresses)
            .field("headers", &self.headers)
            .field("connect_timeout", &self.connect_timeout)
            .field("settings", &self.setup.settings)
            .field("breaker", &self.setup.breaker)
            .field("budget", &self.setup.budget)
            .field("limit", &self.setup.limit)
            .field("presets", &self.presets)
            .field("observers", &self.setup.observers)
            .field("clock", &self.setup.clock)
            .field("dice", &self.setup.dice)
            .finish()
    }
}

impl fmt::Debug for DefaultHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} headers]", self.0.len())
    }
}
