use std::error::Error as StdError;

use crate::operation::{Delivery, FailureKind};

/// Without HTTP/2 no protocol refuses a request unprocessed.
pub(super) fn place<'a>(_chain: impl Iterator<Item = &'a (dyn StdError + 'static)>) -> Option<(FailureKind, Delivery)> {
    None
}
