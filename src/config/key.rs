use std::time::Duration;

use http::{HeaderName, Method};

use super::limit::Limit;
use super::table::{Entry, Table};
use crate::client::ClientBuilder;
use crate::operation::{KeyFormat, KeySettings as InForce, KeySupport};

/// The idempotency key: `[key]`. For origins of a preset, the preset's facts come first.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct KeySettings {
    /// The header that carries it. Default `Idempotency-Key`.
    pub header: Option<HeaderName>,
    /// Its form there. Default the raw token.
    pub format: Option<KeyFormat>,
    /// The methods whose requests carry one unasked. Default POST and PATCH.
    pub methods: Option<Vec<Method>>,
    /// Whether the servers honour it. Default honoured.
    pub support: Option<KeySupport>,
    /// How long the servers remember it: 1 s or more. Default none: for ever.
    pub lifetime: Option<Limit<Duration>>,
}

impl KeySettings {
    pub(super) fn apply(&self, mut builder: ClientBuilder) -> ClientBuilder {
        if let Some(header) = &self.header {
            builder = builder.key_header(header.clone());
        }
        if let Some(format) = self.format {
            builder = builder.key_format(format);
        }
        if let Some(methods) = &self.methods {
            builder = builder.key_methods(methods.iter().cloned());
        }
        if let Some(support) = self.support {
            builder = builder.key_support(support);
        }
        match self.lifetime.and_then(Limit::at) {
            Some(lifetime) => builder.key_lifetime(lifetime),
            None => builder,
        }
    }

    /// Reads a client's key settings back.
    pub(super) fn of(in_force: &InForce) -> Self {
        Self {
            header: Some(in_force.header.name().clone()),
            format: Some(in_force.header.format),
            methods: Some(in_force.methods.clone()),
            support: Some(in_force.support),
            lifetime: Some(in_force.lifetime.into()),
        }
    }
}

impl Table for KeySettings {
    fn entries(&mut self) -> Vec<Entry<'_>> {
        vec![
            Entry::leaf("header", "a header of its own", &mut self.header),
            Entry::leaf("format", "", &mut self.format),
            Entry::leaf("methods", "", &mut self.methods),
            Entry::leaf("support", "", &mut self.support),
            Entry::leaf("lifetime", "at least 1s", &mut self.lifetime),
        ]
    }
}
