use std::time::Duration;

use http::{HeaderName, header};

use super::ClientBuilder;
use crate::concurrency::ConcurrencyLimit;
use crate::engine::{SHORTEST, Settings, check_attempt_timeout, check_key_lifetime, check_total_timeout};
use crate::error::{ConfigError, Span};
use crate::hedge::Hedge;
use crate::preset::Presets;

impl ClientBuilder {
    /// Checks the ranges, and gives the connect timeout that holds.
    pub(crate) fn validate(&self) -> Result<Duration, ConfigError> {
        let attempt_timeout = self.settings.attempt_timeout.unwrap_or(Settings::ATTEMPT_TIMEOUT);
        check_settings(&self.settings, &self.presets)?;
        self.limit.as_ref().map_or(Ok(()), ConcurrencyLimit::validate)?;
        self.settings.hedge.as_ref().map_or(Ok(()), Hedge::validate)?;
        let key = self.settings.key.header.name();
        if self.headers.contains_key(key) {
            // Every operation would carry the same one, and the server would take the second for a repeat of the first.
            return Err(ConfigError::new("default_headers", "without the key's header", key));
        }
        let Some(connect_timeout) = self.connect_timeout else {
            return Ok(Self::DEFAULT_CONNECT_TIMEOUT.min(attempt_timeout / 2));
        };
        if !(SHORTEST..attempt_timeout).contains(&connect_timeout) {
            let accepted = format!(
                "at least 1ms and less than the attempt timeout of {}",
                Span(attempt_timeout)
            );
            return Err(ConfigError::new("connect_timeout", accepted, Span(connect_timeout)));
        }
        Ok(connect_timeout)
    }
}

/// Checks what every way to run operations is given: time limits, presets, the key's header and lifetime.
pub(crate) fn check_settings(settings: &Settings, presets: &Presets) -> Result<(), ConfigError> {
    settings.attempt_timeout.map_or(Ok(()), check_attempt_timeout)?;
    presets.validate()?;
    settings.total_timeout.map_or(Ok(()), check_total_timeout)?;
    let key = settings.key.header.name();
    if NOT_FOR_KEYS.contains(key) {
        return Err(ConfigError::new("key_header", "a header of its own", key));
    }
    settings.key.lifetime.map_or(Ok(()), check_key_lifetime)
}

/// Headers that mean something already: a key there would break the request, or replace the caller's credentials.
const NOT_FOR_KEYS: [HeaderName; 11] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
];
