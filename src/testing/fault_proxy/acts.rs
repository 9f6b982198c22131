//! What an HTTP/2 connection has forwarded, so that its goodbye tells the truth.

use std::sync::{Arc, Mutex, PoisonError};

/// The streams of one connection that were forwarded.
///
/// A `GOAWAY` disowns every stream above the one that it names (RFC 9113 §6.8). Streams run side by side, so one above
/// ours may have been forwarded already, or may be about to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Acts(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    highest: u32,
    has_left: bool,
}

impl Acts {
    /// Asks for leave to forward a stream; there is none once the connection has said goodbye.
    pub(super) fn admit(&self, stream: u32) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.has_left {
            state.highest = state.highest.max(stream);
        }
        !state.has_left
    }

    /// Says goodbye, and names `last` or the highest stream that was forwarded, if that is above it.
    pub(super) fn leave(&self, last: u32) -> u32 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.has_left = true;
        state.highest.max(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goodbye_disowns_nothing_that_was_forwarded_before_or_after_it() {
        let acts = Acts::default();
        assert!(acts.admit(1) && acts.admit(7));
        assert_eq!(acts.leave(3), 7, "not 3: the server has stream 7");
        assert!(!acts.admit(9));
        assert_eq!(Acts::default().leave(0), 0);
    }
}
