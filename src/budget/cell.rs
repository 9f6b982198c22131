use std::sync::atomic::{AtomicU64, Ordering};

use crate::origins::{Cell, Spares};

/// One origin's balance.
///
/// # Protocol
///
/// One word holds everything: the tenancy (how often the account changed hands) in its upper half, the balance in
/// thousandths in its lower half. Every change is one compare-and-swap of the whole word, so the balance never leaves
/// 0 to the capacity, and what was taken under an earlier tenancy can't be given back to the next owner. The orderings
/// are relaxed because the word guards nothing but itself.
///
/// The word has a cache line of its own, or neighbours would slow each other down.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Account {
    word: AtomicU64,
    initial: u32,
}

impl Account {
    pub(super) fn new(initial: u32) -> Self {
        Self {
            word: AtomicU64::new(u64::from(initial)),
            initial,
        }
    }

    pub(super) fn balance(&self) -> u32 {
        balance(self.word.load(Ordering::Relaxed))
    }

    /// Takes the amount and returns the tenancy to give it back under; `None` if the balance is lower.
    pub(super) fn withdraw(&self, amount: u32) -> Option<u32> {
        self.word
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
                (balance(word) >= amount).then(|| word - u64::from(amount))
            })
            .ok()
            .map(tenancy)
    }

    pub(super) fn deposit(&self, amount: u32, capacity: u32) {
        self.add(None, amount, capacity);
    }

    pub(super) fn give_back(&self, tenancy: u32, amount: u32, capacity: u32) {
        self.add(Some(tenancy), amount, capacity);
    }

    fn add(&self, under: Option<u32>, amount: u32, capacity: u32) {
        // A failed update means that there is nothing to add: a full account is only read, so that the successes of a
        // healthy client don't fight for its cache line.
        let _unchanged = self.word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            let before = balance(word);
            let after = before.saturating_add(amount).min(capacity);
            let owner_left = under.is_some_and(|tenancy_then| tenancy_then != tenancy(word));
            (after > before && !owner_left).then(|| join(tenancy(word), after))
        });
    }
}

impl Cell for Account {
    type Now = ();

    fn evict(&self, spares: Spares, (): ()) -> bool {
        self.word
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
                // A drained account must not come back full too easily, hence only after a round without use.
                let evicted = balance(word) >= self.initial || spares == Spares::Memory;
                evicted.then(|| join(tenancy(word).wrapping_add(1), self.initial))
            })
            .is_ok()
    }
}

fn join(tenancy: u32, balance: u32) -> u64 {
    u64::from(tenancy) << 32 | u64::from(balance)
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half")]
fn balance(word: u64) -> u32 {
    word as u32
}

fn tenancy(word: u64) -> u32 {
    (word >> 32) as u32
}
