use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Method};

use super::{BeforeAttempt, Redirects};
use crate::operation::{KeyHeader, KeySupport};
use crate::retry::RetryPolicy;

/// How operations of a client are made, unless the request says otherwise.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) policy: RetryPolicy,
    pub(crate) attempt_timeout: Duration,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) key: KeySettings,
    pub(crate) buffer: Option<usize>,
    pub(crate) redirects: Redirects,
    pub(crate) hook: Option<Arc<dyn BeforeAttempt>>,
}

/// Which requests carry a key, in which header, and what that is worth.
#[derive(Clone, Debug)]
pub(crate) struct KeySettings {
    pub(crate) header: KeyHeader,
    pub(crate) methods: Vec<Method>,
    pub(crate) support: KeySupport,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) replay_marker: HeaderName,
}

/// What one request sets differently.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) policy: Option<RetryPolicy>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) key_support: Option<KeySupport>,
    pub(crate) buffer: Option<usize>,
    pub(crate) send_once: bool,
}

impl Settings {
    /// A hung call never ends by itself; AI completions that stream their head late stay below this.
    pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            policy: RetryPolicy::default(),
            attempt_timeout: Self::ATTEMPT_TIMEOUT,
            total_timeout: None,
            key: KeySettings::default(),
            buffer: None,
            redirects: Redirects::default(),
            hook: None,
        }
    }
}

impl Default for KeySettings {
    fn default() -> Self {
        Self {
            header: KeyHeader::default(),
            methods: vec![Method::POST, Method::PATCH],
            support: KeySupport::default(),
            lifetime: None,
            replay_marker: HeaderName::from_static("idempotent-replayed"),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("policy", &self.policy)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("total_timeout", &self.total_timeout)
            .field("key", &self.key)
            .field("buffer", &self.buffer)
            .field("redirects", &self.redirects)
            .finish_non_exhaustive()
    }
}
