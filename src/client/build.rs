use std::sync::Arc;
use std::time::Duration;

use url::{ParseError, Url};

use super::wire::Wire;
use super::{Client, ClientBuilder, DefaultHeaders, Shared, keep_alive};
use crate::engine::{Armor, Redirects, Setup};
use crate::error::Error;

impl ClientBuilder {
    /// Checks every value and builds the client.
    ///
    /// # Errors
    ///
    /// Names the first field that is out of its range, and the range; or TLS, proxy and resolver errors of reqwest.
    pub fn build(mut self) -> Result<Client, Error> {
        let connect_timeout = self.validate()?;
        let foreign = self.http.is_some() || matches!(self.wire, Some(Wire::Reqwest { .. }));
        let fallback = if foreign {
            Redirects::SameOrigin
        } else {
            Redirects::AnyOrigin
        };
        self.settings.redirects = self.redirects.unwrap_or(fallback);
        let (wire, connect_timeout) = if let Some(wire) = self.wire.take() {
            (wire, None)
        } else {
            let http = self.http.take().unwrap_or_default();
            (connected(http, connect_timeout)?, Some(connect_timeout))
        };
        let base = self.base.take().transpose()?;
        Ok(self.assemble(wire, base, connect_timeout))
    }

    /// Puts the client together.
    pub(super) fn assemble(self, wire: Wire, base: Option<Url>, connect_timeout: Option<Duration>) -> Client {
        Client(Arc::new(Shared {
            wire,
            base,
            addresses: super::Addresses::default(),
            connect_timeout,
            headers: DefaultHeaders(self.headers),
            setup: Setup {
                settings: self.settings,
                breaker: self.breaker,
                budget: self.budget,
                limit: self.limit,
                observers: self.observers,
                clock: self.clock,
                dice: self.dice,
            },
            presets: self.presets,
        }))
    }
}

/// Reads a base URL; the error names neither it nor the credentials it may hold.
pub(crate) fn parse_base(url: &str) -> Result<Url, Error> {
    let url = Url::parse(url).map_err(|error| match error {
        ParseError::RelativeUrlWithoutBase => Error::request("`base_url` must begin with http:// or https://"),
        error => Error::request_because("`base_url` is not valid", error),
    })?;
    let plain = url.query().is_none() && url.fragment().is_none();
    if matches!(url.scheme(), "http" | "https") && plain {
        return Ok(url);
    }
    Err(Error::request(
        "`base_url` must be http or https, without query and fragment",
    ))
}

/// Builds reqwest's client with our settings on top of the caller's.
fn connected(http: reqwest::ClientBuilder, connect_timeout: Duration) -> Result<Wire, Error> {
    let client = keep_alive::apply(http)
        // None at all: for its own rule of no retry it would keep a copy of each request, headers included.
        .retry(reqwest::retry::never().max_retries_per_request(0))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(ClientBuilder::POOL_IDLE_TIMEOUT)
        .build()
        .map_err(|error| Error::request_because("the HTTP client could not be built", error.without_url()))?;
    Ok(Wire::Reqwest {
        client,
        armor: Armor::Needless,
    })
}
