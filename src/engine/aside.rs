use std::pin::Pin;

/// Makes a future that few operations need, on the heap and out of line.
///
/// Inlined, it would widen the stack frame and the code that every operation runs through, and what all operations touch
/// is what they wait for: a cache line that is not at hand costs more than any decision. Its type is forgotten so that
/// its polling stays out of line too.
#[cold]
#[inline(never)]
pub(crate) fn aside<'a, F>(make: impl FnOnce() -> F) -> Aside<'a, F::Output>
where
    F: Future + Send + 'a,
{
    boxed(make)
}

/// Makes a future where it stays: the place comes first, so that only what it begins with is written, and nothing copied.
#[inline]
pub(crate) fn boxed<F>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    let place = Box::new_uninit();
    Box::into_pin(Box::write(place, make()))
}

/// A boxed future whose type is forgotten, as [`aside`] makes one.
pub(crate) type Aside<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
