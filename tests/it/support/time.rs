use std::time::Duration;

/// Runs a future that must end soon; a test that hangs fails here and says so.
#[expect(clippy::disallowed_methods, reason = "a test's own watchdog, not the library's time")]
pub(crate) async fn limit<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .expect("the test hangs")
}

/// Lets real time pass, for a server that answers late.
#[expect(clippy::disallowed_methods, reason = "a server's slowness, not the library's time")]
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
