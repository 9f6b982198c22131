//! Counts successes in the closed state without the lock.
//!
//! # Protocol
//!
//! `word` holds a sequence number, a seal and a count. `mark` and `from` say what is being counted: in which state of
//! the breaker, and from when on. Only the holder of the breaker's lock calls `seal` and `open`:
//!
//! 1. `seal` swaps the sealed word in and takes the count.
//! 2. Between the two the holder may change anything, `mark` and `from` included.
//! 3. `open` publishes them and then a word with a new sequence number.
//!
//! `count` reads the word, then `mark` and `from`, and adds one by compare-and-swap. If that succeeds, no seal came
//! between, so what it read was what is being counted: a success is counted exactly once, in the state it belongs to.
//! Reading `mark` or `from` from *after* a later seal is ruled out too: the swap's release pairs with the acquire of
//! that seal, so such a read would happen before the write it saw. Where the word is sealed or does not fit, `count`
//! says so, and the caller takes the lock.
//!
//! A sequence number repeats after 2³⁹ seals, which would have to happen between two instructions of one `count`.

use super::sync::{AtomicU64, Ordering};

/// The successes since the lock was last held.
#[derive(Debug)]
pub(super) struct Tally {
    mark: Line<AtomicU64>,
    hot: Line<Hot>,
}

/// Keeps what every admission reads out of the cache line that every success writes.
#[derive(Debug)]
#[repr(align(64))]
struct Line<T>(T);

#[derive(Debug)]
struct Hot {
    word: AtomicU64,
    from: AtomicU64,
}

/// What became of a success offered to the tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// It is counted.
    Yes,
    /// It belongs to a state that is over.
    Stale,
    /// The holder of the lock has to count it.
    Locked,
}

impl Tally {
    /// Starts sealed.
    pub(super) fn new(mark: u64) -> Self {
        let hot = Hot {
            word: AtomicU64::new(SEALED),
            from: AtomicU64::new(0),
        };
        Self {
            mark: Line(AtomicU64::new(mark)),
            hot: Line(hot),
        }
    }

    /// What is being counted.
    pub(super) fn mark(&self) -> u64 {
        self.mark.0.load(Ordering::Acquire)
    }

    /// Counts a success of the state `mark` at the time `at`, if `at` is less than `width` after the start.
    pub(super) fn count(&self, mark: u64, at: u64, width: u64) -> Counted {
        let Hot { word, from } = &self.hot.0;
        let mut seen = word.load(Ordering::Acquire);
        loop {
            // Marks never come back, so a stale one needs no lock.
            if self.mark.0.load(Ordering::Relaxed) != mark {
                return Counted::Stale;
            }
            let fits = at.wrapping_sub(from.load(Ordering::Relaxed)) < width;
            if seen & SEALED != 0 || seen & COUNT == COUNT || !fits {
                return Counted::Locked;
            }
            match word.compare_exchange_weak(seen, seen + 1, Ordering::Release, Ordering::Acquire) {
                Ok(_) => return Counted::Yes,
                Err(now) => seen = now,
            }
        }
    }

    /// Stops the counting and takes the count. Only under the lock.
    pub(super) fn seal(&self) -> u64 {
        let word = &self.hot.0.word;
        let sequence = word.load(Ordering::Relaxed) & SEQUENCE;
        word.swap(sequence | SEALED, Ordering::AcqRel) & COUNT
    }

    /// Changes what is being counted, while sealed. Only under the lock.
    pub(super) fn point(&self, mark: u64, from: u64) {
        self.hot.0.from.store(from, Ordering::Relaxed);
        self.mark.0.store(mark, Ordering::Release);
    }

    /// Lets the counting go on. Only under the lock, after `seal`.
    pub(super) fn open(&self) {
        let word = &self.hot.0.word;
        let sequence = word.load(Ordering::Relaxed) & SEQUENCE;
        word.store(sequence.wrapping_add(STEP), Ordering::Release);
    }
}

const COUNT: u64 = (1 << 24) - 1;
const SEALED: u64 = 1 << 24;
const STEP: u64 = 1 << 25;
const SEQUENCE: u64 = !(STEP - 1);
