//! The vocabulary of operations.

mod origin;

pub use self::origin::{Origin, ParseOriginError, Scope};
