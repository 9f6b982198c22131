use std::time::Duration;

use http::{HeaderName, Method};

use super::{KeyHeader, KeySupport};

/// Which requests carry a key, where, and what that is worth.
#[derive(Clone, Debug)]
pub(crate) struct KeySettings {
    pub(crate) header: KeyHeader,
    /// The member of a JSON body that carries the key instead of the header.
    pub(crate) body_member: Option<Box<str>>,
    pub(crate) max_length: Option<usize>,
    pub(crate) methods: Vec<Method>,
    pub(crate) support: KeySupport,
    /// Below these paths the server honours keys, elsewhere it does not; empty if paths do not matter.
    pub(crate) paths: Vec<Box<str>>,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) replay_marker: Option<HeaderName>,
}

impl KeySettings {
    /// What a key is worth on this path.
    #[inline]
    pub(crate) fn support_on<'p>(&self, path: impl FnOnce() -> &'p str) -> KeySupport {
        if self.paths.is_empty() || self.holds(path()) {
            self.support
        } else {
            KeySupport::Ignored
        }
    }

    fn holds(&self, path: &str) -> bool {
        self.paths.iter().any(|prefix| is_below(path, prefix))
    }
}

/// True if a path is the prefix, or below it: `/v1` holds `/v1` and `/v1/x`, not `/v10`.
pub(crate) fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Default for KeySettings {
    fn default() -> Self {
        Self {
            header: KeyHeader::default(),
            body_member: None,
            max_length: None,
            methods: vec![Method::POST, Method::PATCH],
            support: KeySupport::default(),
            paths: Vec::new(),
            lifetime: None,
            replay_marker: Some(HeaderName::from_static("idempotent-replayed")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_a_slash() {
        for (path, prefix, below) in [
            ("/payments", "/payments", true),
            ("/payments/pay_1/refunds", "/payments", true),
            ("/payments/", "/payments/", true),
            ("/payments-x", "/payments", false),
            ("/", "/payments", false),
            ("/anything", "/", true),
        ] {
            assert_eq!(is_below(path, prefix), below, "{path} below {prefix}");
        }
    }
}
