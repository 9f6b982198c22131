use http::{Method, StatusCode};
use url::Url;

use super::Short;
use super::receipt::origin_of;

/// One redirect that was followed within an attempt.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Hop {
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialise::as_number"))]
    status: StatusCode,
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialise::as_text"))]
    method: Method,
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialise::as_str"))]
    origin: Short,
}

impl Hop {
    pub(crate) fn new(status: StatusCode, method: Method, to: &Url) -> Self {
        Self {
            status,
            method,
            origin: origin_of(to),
        }
    }

    /// The redirect's status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The method of the request that followed.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Scheme, host and port it led to, without path or query.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}
