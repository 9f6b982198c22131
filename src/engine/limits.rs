use std::time::Duration;

use crate::error::{ConfigError, Span};

/// Checks how long one attempt may take.
pub(crate) fn check_attempt_timeout(timeout: Duration) -> Result<(), ConfigError> {
    ConfigError::check("attempt_timeout", SHORTEST..=Duration::from_secs(86_400), timeout)
}

/// Checks how long an operation may take.
pub(crate) fn check_total_timeout(timeout: Duration) -> Result<(), ConfigError> {
    ConfigError::check("total_timeout", SHORTEST..=Duration::from_secs(30 * 86_400), timeout)
}

/// Checks how long the far side is believed to remember a key.
pub(crate) fn check_key_lifetime(lifetime: Duration) -> Result<(), ConfigError> {
    let long_enough = || lifetime >= Duration::from_secs(1);
    ConfigError::require(long_enough, "key_lifetime", "at least 1s", Span(lifetime))
}

/// The grain of tokio's timers.
pub(crate) const SHORTEST: Duration = Duration::from_millis(1);
