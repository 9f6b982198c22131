//! What can go wrong, and what to do about it.

mod bound;
mod config;
mod kind;
mod operation;

pub(crate) use bound::Span;
pub use config::ConfigError;
pub use operation::Error;
