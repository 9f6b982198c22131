//! What the unit tests share.

use std::time::Instant;

use crate::operation::Scope;

/// The instant at which a test's virtual time starts.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests count from any fixed instant and never ask again"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}

/// The scope of one of any number of origins.
pub(crate) fn scope(number: usize) -> Scope {
    Scope::of_parts("https", &format!("host-{number}.example"), 443)
}
