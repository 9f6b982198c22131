use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{BeforeAttempt, Lookup, Redirects};
use crate::hedge::Hedge;
use crate::operation::{KeySettings, KeySupport};
use crate::retry::{Replay, RetryPolicy};

/// How operations of a client are made, unless the request says otherwise.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) policy: RetryPolicy,
    /// What the caller set; a preset's comes next, then the default.
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) replay: Replay,
    pub(crate) key: KeySettings,
    pub(crate) buffer: Option<usize>,
    pub(crate) redirects: Redirects,
    pub(crate) hook: Option<Arc<dyn BeforeAttempt>>,
    pub(crate) lookup: Option<Lookup>,
    pub(crate) hedge: Option<Hedge>,
}

/// What one request sets differently.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) policy: Option<RetryPolicy>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) key_support: Option<KeySupport>,
    pub(crate) replay: Option<Replay>,
    pub(crate) send_once: bool,
}

impl Settings {
    /// A hung call never ends by itself; AI completions that stream their head late stay below this.
    pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
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
            .field("lookup", &self.lookup)
            .field("hedge", &self.hedge)
            .finish_non_exhaustive()
    }
}
