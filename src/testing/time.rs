//! The one place in the test kit where real time enters.

use std::time::{Duration, Instant};

/// Reads the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "servers on real sockets live in real time")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Waits for `duration` of real time.
#[expect(clippy::disallowed_methods, reason = "servers on real sockets live in real time")]
pub(super) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
