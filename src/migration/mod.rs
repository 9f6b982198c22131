//! How to come from somewhere else: before and after, each compiled, and what changes in behaviour.
//!
//! - [From plain reqwest](plain_reqwest)
//! - [From reqwest-middleware and reqwest-retry](reqwest_retry)
//! - [From backon](backon)
//! - [From a loop by hand](hand_written_loop)
//!
//! Each page ends with when to stay.

pub mod backon;
pub mod hand_written_loop;
pub mod plain_reqwest;
pub mod reqwest_retry;
