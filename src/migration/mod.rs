//! How to come from somewhere else: before and after, each compiled, and what changes in behaviour.
//!
//! - [From reqwest-middleware and reqwest-retry](reqwest_retry)

pub mod reqwest_retry;
