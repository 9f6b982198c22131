use std::sync::OnceLock;

/// A few values by key, made when first asked for and kept for ever.
///
/// A list that only grows: finding a value reads it from the front without a lock, and whoever asks first makes the next
/// link. For keys of low cardinality; what is used most is asked for early, and so stands in front.
#[derive(Debug)]
pub(super) struct Chain<K, V>(OnceLock<Box<Link<K, V>>>);

#[derive(Debug)]
struct Link<K, V> {
    key: K,
    value: V,
    rest: Chain<K, V>,
}

impl<K: Copy + PartialEq, V> Chain<K, V> {
    pub(super) const fn new() -> Self {
        Self(OnceLock::new())
    }

    pub(super) fn get(&self, key: K, make: impl Fn() -> V) -> &V {
        let mut chain = self;
        loop {
            // Another thread may have made this link for another key: then ours comes after it.
            let link = chain.0.get_or_init(|| {
                Box::new(Link {
                    key,
                    value: make(),
                    rest: Self::new(),
                })
            });
            if link.key == key {
                return &link.value;
            }
            chain = &link.rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn threads_that_ask_at_once_get_one_value_per_key() {
        let (chain, links) = (Chain::new(), AtomicUsize::new(0));
        let make = || links.fetch_add(1, Ordering::Relaxed);
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| (0..40).for_each(|key: u32| assert_eq!(chain.get(key, make), chain.get(key, make))));
            }
        });
        assert_eq!(links.into_inner(), 40);
    }
}
