use std::time::Duration;

use http::{HeaderName, Method};

use super::ClientBuilder;
use crate::operation::{KeyFormat, KeySupport};

impl ClientBuilder {
    /// Sets the header that carries the key. Default `Idempotency-Key`.
    pub fn key_header(mut self, name: HeaderName) -> Self {
        let header = std::mem::take(&mut self.settings.key.header);
        self.settings.key.header = header.name_as(name);
        self
    }

    /// Sets the key's form in its header. Default the raw token.
    pub fn key_format(mut self, format: KeyFormat) -> Self {
        let header = std::mem::take(&mut self.settings.key.header);
        self.settings.key.header = header.format(format);
        self
    }

    /// Sets the methods whose requests carry a key unasked. Default POST and PATCH.
    pub fn key_methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.settings.key.methods = methods.into_iter().collect();
        self
    }

    /// Says whether the servers behind this client honour keys. Default [`KeySupport::Honored`].
    pub fn key_support(mut self, support: KeySupport) -> Self {
        self.settings.key.support = support;
        self
    }

    /// Says how long the servers remember a key, from the first attempt; after it, an attempt that may have been
    /// processed is not repeated. 1 s or more. Default: for ever.
    ///
    /// It is looked at when an attempt begins, and counted from the operation's start: a form that is read into memory first
    /// is part of it. What a hook, connecting or a redirect takes before the request is written comes on top, so take an
    /// attempt's time limit off where the servers forget within minutes.
    pub fn key_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.key.lifetime = Some(lifetime);
        self
    }
}
