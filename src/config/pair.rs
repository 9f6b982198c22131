//! Settings of one table that need or exclude one another.

use std::fmt;

use crate::error::ConfigError;

/// A setting that is missing, though another says nothing without it.
pub(super) fn needed(field: &'static str, by: &str) -> ConfigError {
    ConfigError::new(field, format!("set together with `{by}`"), "not")
}

/// A setting whose place another one takes.
pub(super) fn excluded(field: &'static str, by: &str, value: impl fmt::Display) -> ConfigError {
    ConfigError::new(field, format!("left out where `{by}` is set"), value)
}
