//! Model-checks `src/breaker/tally.rs` as it is, with loom's atomics in place of std's.
#![cfg(test)]

mod sync {
    pub(super) use loom::sync::atomic::{AtomicU64, Ordering};
}

#[path = "../../../src/breaker/tally.rs"]
mod tally;

use std::sync::Arc;

use loom::sync::Mutex;
use loom::thread;

use tally::{Counted, Tally};

const WIDTH: u64 = 10;

/// What the lock guards: the state that is being counted for, and what was counted in which.
struct Book {
    mark: u64,
    from: u64,
    counted: [u64; 2],
}

struct Breaker {
    tally: Tally,
    book: Mutex<Book>,
}

impl Breaker {
    fn new() -> Self {
        let tally = Tally::new(1);
        tally.open();
        Self { tally, book: Mutex::new(Book { mark: 1, from: 0, counted: [0; 2] }) }
    }

    /// One step under the lock, as the breaker's cell does it.
    fn locked(&self, step: impl FnOnce(&mut Book)) {
        let mut book = self.book.lock().unwrap();
        let bucket = usize::try_from(book.from / WIDTH).unwrap();
        book.counted[bucket] += self.tally.seal();
        step(&mut book);
        self.tally.point(book.mark, book.from);
        if book.mark & 1 == 1 {
            self.tally.open();
        }
    }

    /// Settles a success as the breaker's cell does; says whether it counted.
    fn success(&self, mark: u64, at: u64) -> bool {
        match self.tally.count(mark, at, WIDTH) {
            Counted::Yes => true,
            Counted::Stale => false,
            Counted::Locked => {
                let mut counted = false;
                self.locked(|book| {
                    if book.mark == mark {
                        book.from = book.from.max(at / WIDTH * WIDTH);
                        let bucket = usize::try_from(book.from / WIDTH).unwrap();
                        book.counted[bucket] += 1;
                        counted = true;
                    }
                });
                counted
            }
        }
    }

    fn total(&self) -> [u64; 2] {
        self.locked(|_| ());
        self.book.lock().unwrap().counted
    }
}

/// Tries all interleavings with at most five preemptions; unbounded, one test runs for more than ten minutes.
fn check(scenario: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(5);
    model.check(scenario);
}

#[test]
fn every_success_is_counted_once_while_another_thread_takes_the_lock() {
    check(|| {
        let breaker = Arc::new(Breaker::new());
        let other = Arc::clone(&breaker);
        let counting = thread::spawn(move || other.success(1, 0));
        breaker.locked(|_| ());
        assert!(breaker.success(1, 0));
        assert!(counting.join().unwrap());
        assert_eq!(breaker.total(), [2, 0]);
    });
}

#[test]
fn a_success_is_counted_in_the_stretch_of_time_it_belongs_to() {
    check(|| {
        let breaker = Arc::new(Breaker::new());
        let other = Arc::clone(&breaker);
        // The lock moves time on; a success of the later stretch must not be folded into the earlier one.
        let counting = thread::spawn(move || assert!(other.success(1, WIDTH)));
        breaker.locked(|book| book.from = WIDTH);
        counting.join().unwrap();
        assert_eq!(breaker.total(), [0, 1]);
    });
}

#[test]
fn a_stale_success_is_never_counted_and_one_counted_came_before_the_change() {
    check(|| {
        let breaker = Arc::new(Breaker::new());
        let other = Arc::clone(&breaker);
        let counting = thread::spawn(move || other.success(1, 0));
        let mut before = [0; 2];
        // Opens, then closes again under a new mark; the count is started anew.
        breaker.locked(|book| {
            before = book.counted;
            book.counted = [0; 2];
            book.mark = 2;
        });
        breaker.locked(|book| book.mark = 5);
        let counted = counting.join().unwrap();
        assert_eq!(before, [u64::from(counted), 0]);
        assert_eq!(breaker.total(), [0, 0]);
    });
}
