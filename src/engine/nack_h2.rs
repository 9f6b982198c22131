use std::error::Error as StdError;

use crate::operation::{Delivery, FailureKind};

/// Tells a refusal by the HTTP/2 protocol from a stream or connection that was lost (RFC 9113 §8.7, §6.8).
///
/// `REFUSED_STREAM`, and a `GOAWAY` from the server below our stream, say that the request was not processed. h2 reports
/// a `GOAWAY` only for streams above its last id; those at or below it fail as a lost connection.
pub(super) fn place<'a>(chain: impl Iterator<Item = &'a (dyn StdError + 'static)>) -> Option<(FailureKind, Delivery)> {
    let mut chain = chain;
    let error = chain.find_map(|cause| cause.downcast_ref::<h2::Error>())?;
    if error.is_remote() {
        let refused = error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM);
        return Some(if refused {
            (FailureKind::Nack, Delivery::Refused)
        } else {
            (FailureKind::ConnectionLost, Delivery::Unknown)
        });
    }
    if error.is_library() {
        return Some((FailureKind::Protocol, Delivery::Unknown));
    }
    // hyper resets the stream of a request whose own body failed, and reports nothing but that.
    error.is_reset().then_some((FailureKind::Request, Delivery::Unknown))
}
