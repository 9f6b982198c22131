//! A bounded registry of cells, one per scope.
//!
//! * Never more than its capacity of cells, plus one that the overflow shares. Cells are boxed when first needed and
//!   reused, never freed, so memory has a fixed bound and a cell can be borrowed for as long as the registry.
//! * A full registry makes room with the clock algorithm: a hand goes round, gives each cell looked up since its last
//!   visit a second chance, and takes the first that is not in use. What can't be evicted makes the newcomers overflow.
//! * Finding a cell takes no lock and writes nothing that two threads would fight for. Hostile names can't make it slow:
//!   positions come from a hash whose key is drawn at random.
//!
//! # Protocol
//!
//! `index` is a hash table with open addressing and linear probing, at most half full; an entry holds the upper bits of
//! the hash and a slot's number. `slots[n].owner` holds the whole hash. Both are written under the `directory` lock
//! only. Readers probe without it: a hit counts only if the slot's owner matches, so an entry that is out of date can't
//! mislead; a miss is looked up again under the lock, so an entry that is just being moved is found.
//!
//! A reader that has found its cell at the very moment it is evicted uses it for that one call together with the next
//! owner, as the overflow does all the time. Making that exact would cost a write per lookup and gain nothing.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::operation::Scope;

/// How many scopes a registry keeps apart unless told otherwise. A cell is about half a kibibyte.
pub(crate) const DEFAULT_CAPACITY: usize = 1024;

/// The largest capacity: a slot's number has to fit an index entry beside the tag.
pub(crate) const MAX_CAPACITY: usize = 1 << 15;

/// How many slots a newcomer looks at before it overflows: bounds the work a flood of names can cause. Never more than
/// one round, or the second visit would take the chance that the first one gave.
const SCAN: usize = 64;

/// What a registry asks of its cells.
pub(crate) trait Cell {
    /// What an eviction needs to know of the time.
    type Now: Copy;

    /// Makes the cell as good as new for another owner if it `spares` what it holds; otherwise leaves it alone.
    ///
    /// After `true` nothing that was handed out for the former owner may change the cell.
    fn evict(&self, spares: Spares, now: Self::Now) -> bool;

    /// Tells a cell that is being made where it will stand, for as long as the registry.
    fn stands_at(&mut self, _place: Place) {}
}

/// Where a cell stands, whoever owns it; for those who cannot borrow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u16);

impl Place {
    /// Where the shared cell stands; slots are fewer than that.
    pub(crate) const OVERFLOW: Self = Self(u16::MAX);

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a registry has at most `MAX_CAPACITY` slots"
    )]
    fn slot(number: usize) -> Self {
        Self(number as u16)
    }
}

/// What an eviction may throw away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spares {
    /// Only what a new cell would hold as well.
    Nothing,
    /// Also what is remembered of an owner that has not been seen for a round of the hand.
    Memory,
}

/// A bounded set of cells, found by scope.
pub(crate) struct Origins<T> {
    index: Box<[AtomicU64]>,
    slots: Box<[Slot<T>]>,
    overflow: OnceLock<Box<T>>,
    directory: Mutex<Directory>,
}

struct Slot<T> {
    /// The hash of the scope that owns the cell; zero while nobody does.
    owner: AtomicU64,
    /// Whether the cell was looked up since the hand went by.
    seen: AtomicBool,
    cell: OnceLock<Box<T>>,
}

/// What only newcomers touch.
struct Directory {
    used: usize,
    hand: usize,
}

impl<T: Cell> Origins<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, MAX_CAPACITY);
        Self {
            index: (0..(2 * capacity).next_power_of_two())
                .map(|_| AtomicU64::new(EMPTY))
                .collect(),
            slots: (0..capacity).map(|_| Slot::vacant()).collect(),
            overflow: OnceLock::new(),
            directory: Mutex::new(Directory { used: 0, hand: 0 }),
        }
    }

    /// Finds the scope's cell, or makes it; the shared cell when there is no room.
    pub(crate) fn get(&self, scope: Scope, now: T::Now, make: impl Fn() -> T) -> &T {
        match self.find(scope) {
            Some(cell) => cell,
            None => match self.admit(scope, SCAN.min(self.slots.len()), now, &make) {
                Some(cell) => cell,
                None => self.overflow.get_or_init(|| Box::new(placed(make(), Place::OVERFLOW))),
            },
        }
    }

    /// Finds the scope's own cell, or makes it; `None` when every other cell is in use.
    pub(crate) fn own(&self, scope: Scope, now: T::Now, make: impl Fn() -> T) -> Option<&T> {
        self.find(scope)
            .or_else(|| self.admit(scope, 2 * self.slots.len(), now, &make))
    }

    /// Finds the scope's cell, its own or else the shared one, without making any and without a sign of use.
    pub(crate) fn peek(&self, scope: Scope) -> Option<&T> {
        match self.locate(scope).or_else(|| {
            let _directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
            self.locate(scope)
        }) {
            Some(slot) => slot.cell.get().map(|cell| &**cell),
            None => self.overflow.get().map(|cell| &**cell),
        }
    }

    /// The cell at a place, whoever owns it now.
    #[cfg_attr(
        not(feature = "tower"),
        expect(dead_code, reason = "only a hand-written future cannot borrow its cell")
    )]
    pub(crate) fn at(&self, place: Place) -> Option<&T> {
        let cell = match place {
            Place::OVERFLOW => self.overflow.get(),
            Place(number) => self.slots.get(usize::from(number))?.cell.get(),
        };
        cell.map(|cell| &**cell)
    }

    fn find(&self, scope: Scope) -> Option<&T> {
        let slot = self.locate(scope)?;
        // Read before write: the flag is nearly always set already, and a plain store would make two threads that use
        // the same origin pull its cache line back and forth.
        if !slot.seen.load(Ordering::Relaxed) {
            slot.seen.store(true, Ordering::Relaxed);
        }
        slot.cell.get().map(|cell| &**cell)
    }

    fn locate(&self, scope: Scope) -> Option<&Slot<T>> {
        let hash = scope.bits();
        // The first two owners stand beside each other, and most clients have no others: the index need not be read.
        if let Some(slot) = self.slots.iter().take(2).find(|slot| slot.is_of(hash)) {
            return Some(slot);
        }
        for position in self.probe(hash) {
            let entry = self.index[position].load(Ordering::Acquire);
            if entry == EMPTY {
                return None;
            }
            if entry & TAG == hash & TAG {
                let slot = &self.slots[slot_number(entry)];
                if slot.is_of(hash) {
                    return Some(slot);
                }
            }
        }
        None
    }

    #[cold]
    fn admit(&self, scope: Scope, scan: usize, now: T::Now, make: &impl Fn() -> T) -> Option<&T> {
        let mut directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = self.find(scope) {
            return Some(cell);
        }
        let number = if directory.used < self.slots.len() {
            directory.used += 1;
            directory.used - 1
        } else {
            let number = self.vacate(&mut directory, scan, now)?;
            self.forget(self.slots[number].owner.load(Ordering::Relaxed));
            number
        };
        let slot = &self.slots[number];
        let cell = slot.cell.get_or_init(|| Box::new(placed(make(), Place::slot(number))));
        // Not seen yet: a name that never comes back goes first, so a flood of them pushes out nobody who is at home.
        slot.seen.store(false, Ordering::Relaxed);
        slot.owner.store(scope.bits(), Ordering::Release);
        self.insert(scope.bits(), number);
        Some(cell)
    }

    /// Evicts a cell: the first the hand finds that has nothing to lose, or else the first that was not in use.
    fn vacate(&self, directory: &mut Directory, scan: usize, now: T::Now) -> Option<usize> {
        let mut unused = Vec::new();
        for _ in 0..scan {
            let number = directory.hand;
            directory.hand = (number + 1) % self.slots.len();
            let slot = &self.slots[number];
            if slot.seen.swap(false, Ordering::Relaxed) {
                continue;
            }
            if slot.evict(Spares::Nothing, now) {
                return Some(number);
            }
            unused.push(number);
        }
        // Not the first of them alone: that may be one that is open, and the next one idle.
        unused
            .into_iter()
            .find(|&number| self.slots[number].evict(Spares::Memory, now))
    }

    fn insert(&self, hash: u64, number: usize) {
        let vacant = self
            .probe(hash)
            .find(|&position| self.index[position].load(Ordering::Relaxed) == EMPTY);
        if let Some(position) = vacant {
            self.index[position].store(entry(hash, number), Ordering::Release);
        }
    }

    /// Takes a hash out of the index and closes the gap, so that no tombstones pile up.
    fn forget(&self, hash: u64) {
        let mask = self.index.len() - 1;
        let Some(mut hole) = self.probe(hash).find(|&position| {
            let entry = self.index[position].load(Ordering::Relaxed);
            entry != EMPTY && self.slots[slot_number(entry)].owner.load(Ordering::Relaxed) == hash
        }) else {
            return;
        };
        let mut position = hole;
        loop {
            position = (position + 1) & mask;
            let entry = self.index[position].load(Ordering::Relaxed);
            if entry == EMPTY {
                break;
            }
            let owner = self.slots[slot_number(entry)].owner.load(Ordering::Relaxed);
            // The entry may fill the hole unless its home lies behind the hole, where a probe would no longer pass.
            if position.wrapping_sub(home(owner, mask)) & mask >= position.wrapping_sub(hole) & mask {
                self.index[hole].store(entry, Ordering::Release);
                hole = position;
            }
        }
        self.index[hole].store(EMPTY, Ordering::Release);
    }

    fn probe(&self, hash: u64) -> impl Iterator<Item = usize> + use<T> {
        let mask = self.index.len() - 1;
        let home = home(hash, mask);
        (0..=mask).map(move |step| (home + step) & mask)
    }

    /// How many cells exist, the shared one included.
    pub(crate) fn len(&self) -> usize {
        let own = self.slots.iter().filter(|slot| slot.cell.get().is_some()).count();
        own + usize::from(self.overflow.get().is_some())
    }
}

impl<T> fmt::Debug for Origins<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origins")
            .field("capacity", &self.slots.len())
            .finish_non_exhaustive()
    }
}

impl<T: Cell> Slot<T> {
    fn vacant() -> Self {
        Self {
            owner: AtomicU64::new(EMPTY),
            seen: AtomicBool::new(false),
            cell: OnceLock::new(),
        }
    }

    fn is_of(&self, hash: u64) -> bool {
        self.owner.load(Ordering::Acquire) == hash
    }

    fn evict(&self, spares: Spares, now: T::Now) -> bool {
        self.cell.get().is_some_and(|cell| cell.evict(spares, now))
    }
}

fn placed<T: Cell>(mut cell: T, place: Place) -> T {
    cell.stands_at(place);
    cell
}

/// An index entry, and an owner, that stands for nobody.
const EMPTY: u64 = 0;

/// The part of an index entry that holds the hash; the rest is the slot's number plus one.
const TAG: u64 = !0xFFFF;

fn entry(hash: u64, number: usize) -> u64 {
    hash & TAG | (number as u64 + 1)
}

#[expect(clippy::cast_possible_truncation, reason = "sixteen bits remain")]
fn slot_number(entry: u64) -> usize {
    ((entry & !TAG) - 1) as usize
}

/// Where the probe for a hash begins: its low bits, which the tag does not hold.
#[expect(clippy::cast_possible_truncation, reason = "masked to the length of the index")]
fn home(hash: u64, mask: usize) -> usize {
    hash as usize & mask
}

#[cfg(test)]
mod tests;
