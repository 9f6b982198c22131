//! What can go wrong, and what to do about it.

mod config;
mod kind;
mod operation;

pub use config::ConfigError;
pub use operation::Error;
