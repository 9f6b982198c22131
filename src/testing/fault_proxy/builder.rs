//! Settings of a fault proxy.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use url::Url;

use super::FaultProxy;
use super::director::Director;
use super::listener;
use super::passage::Log;
use super::script::FaultScript;
use super::shared::Shared;
use super::tls::Identity;
use crate::testing::tasks::Tasks;

/// Settings of a [`FaultProxy`] that is not started yet.
#[derive(Clone, Debug)]
#[must_use]
pub struct FaultProxyBuilder {
    upstream: String,
    script: FaultScript,
    key_headers: Vec<String>,
}

impl FaultProxyBuilder {
    pub(super) fn new(upstream: &str) -> Self {
        Self {
            upstream: upstream.to_owned(),
            script: FaultScript::pass(),
            key_headers: KEY_HEADERS.map(str::to_owned).to_vec(),
        }
    }

    /// Sets what happens to which request; everything passes unless set.
    pub fn script(self, script: FaultScript) -> Self {
        Self { script, ..self }
    }

    /// Adds a header whose values are recorded as keys, beside those of the known providers.
    pub fn key_header(mut self, name: impl Into<String>) -> Self {
        self.key_headers.push(name.into());
        self
    }

    /// Starts the proxy on 127.0.0.1, on a free port.
    ///
    /// # Errors
    ///
    /// When the server's URL is not `http://host:port`, or no port can be bound.
    pub async fn start(self) -> io::Result<FaultProxy> {
        let identity = Identity::generate()?;
        let shared = Arc::new(Shared {
            upstream: address(&self.upstream)?,
            director: Director::new(self.script),
            log: Log::new(),
            key_headers: self.key_headers,
            tls: identity.acceptor,
            tasks: Tasks::new(),
            connections: AtomicU64::new(0),
        });
        let door = Tasks::new();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let address = listener::open(Arc::clone(&shared), any, &door).await?;
        Ok(FaultProxy {
            url: format!("http://{address}"),
            tls_url: format!("https://{address}"),
            address,
            certificate_pem: identity.certificate_pem,
            shared,
            door: Mutex::new(door),
        })
    }
}

/// Takes host and port out of a URL.
fn address(url: &str) -> io::Result<String> {
    let invalid = |message: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("{message}: {url}"));
    let url = Url::parse(url).map_err(|error| invalid(&error.to_string()))?;
    match (url.scheme(), url.host_str(), url.port_or_known_default()) {
        ("http", Some(host), Some(port)) => Ok(format!("{host}:{port}")),
        _ => Err(invalid("the server's URL must begin with http:// and a host")),
    }
}

const KEY_HEADERS: [&str; 5] = [
    "idempotency-key",
    "x-idempotency-key",
    "cko-idempotency-key",
    "paypal-request-id",
    "request-idempotency-key",
];
