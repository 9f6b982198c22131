use std::fmt;

/// What few operations have: on the heap, so that all others carry one word for it, and look whether it is there.
///
/// Dropped out of line. The compiler would put what frees it into everything that may hold it, and code that most
/// operations jump over still takes the room of code that they need.
pub(crate) struct Seldom<T>(Option<Box<T>>);

impl<T> Seldom<T> {
    pub(crate) const NONE: Self = Self(None);

    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }

    #[inline]
    pub(crate) fn is_none(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn of(value: T) -> Self {
        Self(Some(Box::new(value)))
    }

    #[inline]
    pub(crate) fn take(&mut self) -> Option<Box<T>> {
        self.0.take()
    }

    pub(crate) fn get_or_default(&mut self) -> &mut T
    where
        T: Default,
    {
        self.0.get_or_insert_default()
    }
}

impl<T> From<Box<T>> for Seldom<T> {
    #[inline]
    fn from(value: Box<T>) -> Self {
        Self(Some(value))
    }
}

impl<T> Drop for Seldom<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            discard(value);
        }
    }
}

impl<T> Default for Seldom<T> {
    #[inline]
    fn default() -> Self {
        Self::NONE
    }
}

impl<T: fmt::Debug> fmt::Debug for Seldom<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Drops what is rarely there.
#[cold]
#[inline(never)]
pub(crate) fn discard<T>(value: T) {
    drop(value);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn it_is_one_word_and_frees_what_it_holds_once() {
        assert_eq!(size_of::<Seldom<[u64; 40]>>(), size_of::<usize>());
        let counted = Arc::new(());
        let mut seldom = Seldom::of(Arc::clone(&counted));
        assert_eq!(Arc::strong_count(&counted), 2);
        seldom = Seldom::of(Arc::clone(seldom.get().unwrap()));
        assert_eq!(Arc::strong_count(&counted), 2, "the former one is freed");
        let taken = seldom.take();
        assert!(seldom.is_none());
        drop(seldom);
        assert_eq!(Arc::strong_count(&counted), 2, "it is the taker's");
        drop(taken);
        drop(Seldom::of(Arc::clone(&counted)));
        assert_eq!(Arc::strong_count(&counted), 1);
    }
}
