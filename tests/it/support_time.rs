use std::future::Future;

/// Runs a future on one thread whose clock stands still, and jumps when nothing else can happen.
///
/// Only for tests in memory: with sockets it jumps while the kernel works.
pub(crate) fn paused<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing of the system")
        .block_on(future)
}
