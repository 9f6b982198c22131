use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Event;

/// Is told what happens during operations.
///
/// Called in the task that runs the operation, between its steps: return quickly, do not block. A panic is caught and
/// changes nothing.
pub trait Observer: Send + Sync + 'static {
    /// Something happened.
    fn on_event(&self, event: &Event<'_>);
}

/// All observers of a client; telling nobody costs a length check.
#[derive(Clone, Default)]
pub(crate) struct Observers(Vec<Arc<dyn Observer>>);

impl Observers {
    pub(crate) fn push(&mut self, observer: Arc<dyn Observer>) {
        self.0.push(observer);
    }

    /// Tells all; the event is made only if there is anybody.
    #[inline]
    pub(crate) fn tell<'e>(&self, event: impl FnOnce() -> Event<'e>) {
        if !self.0.is_empty() {
            self.tell_all(event);
        }
    }

    /// Cold, so that it lies out of the way of what all operations run through.
    #[cold]
    fn tell_all<'e>(&self, event: impl FnOnce() -> Event<'e>) {
        let event = &event();
        for observer in &self.0 {
            let _ = catch_unwind(AssertUnwindSafe(|| observer.on_event(event)));
        }
    }
}

#[cfg(feature = "serde")]
impl Observers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} observers]", self.0.len())
    }
}

/// A closure as an observer; built by `on_event`, so that the closure's types are inferred.
pub(crate) struct FromFn<F>(pub(crate) F);

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> Observer for FromFn<F> {
    fn on_event(&self, event: &Event<'_>) {
        (self.0)(event);
    }
}
