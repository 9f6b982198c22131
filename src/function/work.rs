use std::fmt;

use super::Attempt;

/// What an operation does at each attempt: a closure of either kind; sealed.
pub trait Work: sealed::Sealed {
    /// What it brings.
    type Value;
    /// How it fails.
    type Error;
}

/// Work that is awaited; sealed.
pub trait AsyncWork: Work {
    /// One attempt.
    type Future: Future<Output = Result<Self::Value, Self::Error>>;

    #[doc(hidden)]
    fn begin(&mut self, attempt: Attempt) -> Self::Future;
}

/// Work that blocks the thread; sealed.
pub trait BlockingWork: Work {
    #[doc(hidden)]
    fn call(&mut self, attempt: Attempt) -> Result<Self::Value, Self::Error>;
}

/// A closure that returns a future: what [`RetryPolicy::run`](crate::RetryPolicy::run) takes.
#[derive(Clone, Copy)]
pub struct Asynchronous<F>(pub(super) F);

/// A closure that blocks: what [`RetryPolicy::run_blocking`](crate::RetryPolicy::run_blocking) takes.
#[derive(Clone, Copy)]
pub struct Blocking<F>(pub(super) F);

impl<F> sealed::Sealed for Asynchronous<F> {}

impl<F> sealed::Sealed for Blocking<F> {}

impl<F, Fut, T, E> Work for Asynchronous<F>
where
    F: FnMut(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Value = T;
    type Error = E;
}

impl<F, Fut, T, E> AsyncWork for Asynchronous<F>
where
    F: FnMut(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Future = Fut;

    fn begin(&mut self, attempt: Attempt) -> Fut {
        (self.0)(attempt)
    }
}

impl<F, T, E> Work for Blocking<F>
where
    F: FnMut(Attempt) -> Result<T, E>,
{
    type Value = T;
    type Error = E;
}

impl<F, T, E> BlockingWork for Blocking<F>
where
    F: FnMut(Attempt) -> Result<T, E>,
{
    fn call(&mut self, attempt: Attempt) -> Result<T, E> {
        (self.0)(attempt)
    }
}

impl<F> fmt::Debug for Asynchronous<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asynchronous(..)")
    }
}

impl<F> fmt::Debug for Blocking<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocking(..)")
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "this is what seals the traits above")]
    pub trait Sealed {}
}
