use std::fmt;
use std::time::Duration;

use super::Record;

/// A retry that is about to be waited for: how the attempt before it ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Retry<'a, T, E> {
    /// The attempt that ended.
    pub attempt: &'a Record,
    /// What it brought; `None` if it was out of time.
    pub result: Option<&'a Result<T, E>>,
    /// The wait that begins now.
    pub wait: Duration,
}

/// Is told of retries; sealed.
pub trait Notice<T, E>: sealed::Notified<T, E> {}

impl<T, E, N: sealed::Notified<T, E>> Notice<T, E> for N {}

pub(super) mod sealed {
    use super::Retry;

    #[expect(unnameable_types, reason = "this is what seals the trait above")]
    pub trait Notified<T, E> {
        /// A wait begins.
        fn retry(&mut self, retry: &Retry<'_, T, E>);
    }
}

/// Nobody is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

/// A closure is told: [`Run::on_retry`](super::Run::on_retry).
#[derive(Clone, Copy)]
pub struct Told<C>(pub(super) C);

impl<T, E> sealed::Notified<T, E> for Quiet {
    fn retry(&mut self, _: &Retry<'_, T, E>) {}
}

impl<T, E, C: FnMut(&Retry<'_, T, E>)> sealed::Notified<T, E> for Told<C> {
    fn retry(&mut self, retry: &Retry<'_, T, E>) {
        (self.0)(retry);
    }
}

impl<C> fmt::Debug for Told<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Told(..)")
    }
}
