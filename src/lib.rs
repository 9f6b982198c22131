//! An operation happens once; attempts are how.

pub mod breaker;
pub mod budget;
pub mod operation;

mod config_error;
#[cfg(test)]
mod fixture;
mod origins;

pub use self::config_error::ConfigError;
