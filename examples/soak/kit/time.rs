//! The one place in the soak where real time enters.

use std::future::Future;
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "real sockets take real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "real sockets take real time")]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Lets a future run for so long; `None` if it was dropped then.
#[expect(clippy::disallowed_methods, reason = "real sockets take real time")]
pub(super) async fn limit<F: Future>(duration: Duration, future: F) -> Option<F::Output> {
    tokio::time::timeout(duration, future).await.ok()
}
