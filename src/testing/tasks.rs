//! The tasks of one server, ended together.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

/// A set of tasks that a server's handlers can add to, and that ends with the server.
///
/// Clones share the set. After [`abort`](Tasks::abort) nothing can be added any more, so that a connection accepted
/// while the server stops leaves nothing behind.
#[derive(Clone)]
pub(super) struct Tasks {
    set: Arc<Mutex<Option<JoinSet<()>>>>,
}

impl Tasks {
    pub(super) fn new() -> Self {
        Self {
            set: Arc::new(Mutex::new(Some(JoinSet::new()))),
        }
    }

    /// Runs `task` until it ends or the server stops; drops it when the server has stopped already.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(set) = set.as_mut() else { return };
        // Finished tasks are reaped here, so that the set does not grow with the number of requests.
        while set.try_join_next().is_some() {}
        set.spawn(task);
    }

    /// Ends all tasks at their next await, without waiting for it.
    pub(super) fn abort(&self) {
        drop(self.take());
    }

    /// Ends all tasks and waits until each is gone, and with it its sockets.
    pub(super) async fn shutdown(&self) {
        if let Some(mut set) = self.take() {
            set.shutdown().await;
        }
    }

    fn take(&self) -> Option<JoinSet<()>> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").finish_non_exhaustive()
    }
}

/// Lets hyper run an HTTP/2 connection's streams in the same set.
impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}
