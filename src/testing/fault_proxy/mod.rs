//! A proxy that breaks the wire as a script says.
//!
//! It stands before an HTTP server, reads each request to its end, and decides what becomes of it: so it can let the
//! server execute and lose the response, which is the one failure that a client cannot tell from a request that never
//! arrived. What it promises:
//!
//! - Faults are real: a FIN is a FIN, a RST is a RST, a cut is between two bytes.
//! - What the server saw is known: [`Passage::was_forwarded`] and [`Passage::server_status`].
//! - A request is forwarded at most once, unchanged over HTTP/1.1.
//!
//! One port speaks HTTP/1.1, HTTP/2 with prior knowledge, and TLS (then HTTP/1.1); the server behind it is spoken to
//! in plain HTTP/1.1. Requests are forwarded once they are complete; answers pass on as they come, over HTTP/2 when
//! they are complete. `CONNECT` and upgrades are not supported.

mod acts;
mod builder;
mod director;
mod exchange;
mod fault;
mod framing;
mod head;
mod http1;
mod http2;
mod listener;
mod matcher;
mod outlet;
mod passage;
mod script;
mod shared;
mod stream;
mod text;
mod tls;
mod upstream;
mod wire;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

pub use builder::FaultProxyBuilder;
pub use fault::{Ending, Fault, Handshake, LastStream, Point};
pub use matcher::Matcher;
pub use passage::Passage;
pub use script::FaultScript;
pub use text::ParseError;

use super::tasks::Tasks;
use shared::Shared;

/// A proxy on loopback that stands before an HTTP server and breaks the wire.
///
/// Starts in milliseconds and stops when dropped; see the [module](self) for what it promises.
///
/// # Examples
///
/// The response is lost after the server executed, and the repeat with the same key gets the stored one:
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use steadfast::testing::fault_proxy::{Fault, FaultScript};
/// use steadfast::testing::{FaultProxy, PaymentApi};
///
/// let api = PaymentApi::start().await?;
/// let proxy = FaultProxy::start(api.url()).await?;
/// proxy.play(FaultScript::list([Fault::lost_response()]));
///
/// let charge = || reqwest::Client::new().post(proxy.endpoint("/v1/charges")).header("Idempotency-Key", "order-1");
/// assert!(charge().send().await.is_err());
/// assert_eq!(api.key("order-1").effects(), 1, "the server executed");
/// assert_eq!(charge().send().await?.headers()["idempotent-replayed"], "true");
/// assert_eq!(api.key("order-1").effects(), 1);
///
/// let passages = proxy.passages();
/// assert_eq!(passages[0].server_status(), Some(200));
/// assert_eq!(passages[0].body_sha256(), passages[1].body_sha256());
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
pub struct FaultProxy {
    url: String,
    tls_url: String,
    address: SocketAddr,
    certificate_pem: String,
    shared: Arc<Shared>,
    /// Holds the listener; apart from the connections, which a closed door leaves alone.
    door: Mutex<Tasks>,
}

impl FaultProxy {
    /// Starts a proxy before the server at `upstream`, and lets everything pass.
    ///
    /// # Errors
    ///
    /// When the server's URL is not `http://host:port`, or no port can be bound.
    pub async fn start(upstream: &str) -> io::Result<Self> {
        Self::builder(upstream).start().await
    }

    /// Returns settings to change before the start.
    pub fn builder(upstream: &str) -> FaultProxyBuilder {
        FaultProxyBuilder::new(upstream)
    }

    /// Returns the URL for HTTP, without a path or a closing slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the URL for TLS on the same port, without a path or a closing slash.
    #[must_use]
    pub fn tls_url(&self) -> &str {
        &self.tls_url
    }

    /// Returns the URL of `path`, which starts with a slash.
    #[must_use]
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Returns the self-signed certificate; a client that does not trust it fails its handshakes.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Plays another script from its start, for requests that arrive from now on.
    pub fn play(&self, script: FaultScript) {
        self.shared.director.change(script);
    }

    /// Returns what has passed so far, in the order of arrival.
    #[must_use]
    pub fn passages(&self) -> Vec<Passage> {
        self.shared.log.passages()
    }

    /// Closes the listener: connections are refused; those that exist live on.
    pub async fn refuse_connections(&self) {
        let door = self.door.lock().unwrap_or_else(PoisonError::into_inner).clone();
        door.shutdown().await;
    }

    /// Listens again, on the same port.
    ///
    /// # Errors
    ///
    /// When another process has taken the port meanwhile, or it was not closed.
    pub async fn accept_connections(&self) -> io::Result<()> {
        let door = Tasks::new();
        listener::open(Arc::clone(&self.shared), self.address, &door).await?;
        *self.door.lock().unwrap_or_else(PoisonError::into_inner) = door;
        Ok(())
    }

    /// Stops the proxy and waits until its connections are gone.
    ///
    /// Dropping it stops it too, without the wait.
    pub async fn stop(self) {
        self.refuse_connections().await;
        self.shared.tasks.shutdown().await;
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.door.get_mut().unwrap_or_else(PoisonError::into_inner).abort();
        self.shared.tasks.abort();
    }
}

impl fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultProxy")
            .field("url", &self.url)
            .field("upstream", &self.shared.upstream)
            .finish_non_exhaustive()
    }
}
