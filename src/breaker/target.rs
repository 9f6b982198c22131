use std::fmt;

use http::{HeaderMap, Method};

use crate::operation::Origin;

/// What an attempt is about to ask for; decides which breaker it belongs to.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    origin: &'a Origin,
    method: &'a Method,
    path: &'a str,
    headers: &'a HeaderMap,
}

impl<'a> Target<'a> {
    /// Describes a request.
    #[must_use]
    pub fn new(origin: &'a Origin, method: &'a Method, path: &'a str, headers: &'a HeaderMap) -> Self {
        Self {
            origin,
            method,
            path,
            headers,
        }
    }

    /// Where it goes.
    #[must_use]
    pub fn origin(&self) -> &'a Origin {
        self.origin
    }

    /// Its method.
    #[must_use]
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// Its path, without the query.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// Its headers, such as one that names a tenant.
    #[must_use]
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }
}

impl fmt::Debug for Target<'_> {
    /// Shows no header: they hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("origin", self.origin)
            .field("method", self.method)
            .finish_non_exhaustive()
    }
}
