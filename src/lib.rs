//! An operation happens once; attempts are how.
