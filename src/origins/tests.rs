use std::collections::HashSet;
use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::fixture::scope;

/// A cell that can be pinned and counts how often it changed hands.
#[derive(Debug, Default)]
struct Probe {
    pinned: AtomicBool,
    memory: AtomicBool,
    evictions: AtomicU64,
}

impl Cell for Probe {
    type Now = ();

    fn evict(&self, spares: Spares, (): ()) -> bool {
        let pinned = self.pinned.load(Ordering::Relaxed);
        let memory = self.memory.load(Ordering::Relaxed) && spares == Spares::Nothing;
        if pinned || memory {
            return false;
        }
        self.evictions.fetch_add(1, Ordering::Relaxed);
        self.memory.store(false, Ordering::Relaxed);
        true
    }
}

fn get(origins: &Origins<Probe>, number: usize) -> &Probe {
    origins.get(scope(number), (), Probe::default)
}

fn addresses(origins: &Origins<Probe>, numbers: impl IntoIterator<Item = usize>) -> HashSet<*const Probe> {
    numbers
        .into_iter()
        .map(|number| std::ptr::from_ref(get(origins, number)))
        .collect()
}

#[test]
fn up_to_its_capacity_every_scope_has_its_own_cell_and_keeps_it() {
    let origins = Origins::new(1024);
    assert_eq!(addresses(&origins, 0..1024).len(), 1024);
    for number in 0..1024 {
        assert!(std::ptr::eq(
            get(&origins, number),
            origins.peek(scope(number)).unwrap()
        ));
    }
    assert_eq!(origins.len(), 1024);
}

#[test]
fn memory_stays_bounded_for_a_million_scopes() {
    let origins = Origins::new(DEFAULT_CAPACITY);
    addresses(&origins, 0..DEFAULT_CAPACITY);
    let mut name = String::with_capacity(32);
    let allocations = allocation_counter::measure(|| {
        for number in 0..1_000_000 {
            name.clear();
            write!(name, "host-{number}.example").unwrap();
            origins.get(Scope::of_parts("https", &name, 443), (), Probe::default);
        }
    });
    assert!(origins.len() <= DEFAULT_CAPACITY + 1);
    assert!(allocations.count_total <= 1, "{allocations:?}");
}

#[test]
fn a_cell_in_use_outlives_a_flood_of_newcomers() {
    let origins = Origins::new(16);
    let precious = std::ptr::from_ref(get(&origins, 0));
    for number in 1..1000 {
        get(&origins, number);
        assert!(std::ptr::eq(precious, get(&origins, 0)));
    }
    assert_eq!(get(&origins, 0).evictions.load(Ordering::Relaxed), 0);
}

#[test]
fn an_idle_cell_makes_room_though_the_hand_meets_one_in_use_first() {
    let origins = Origins::new(4);
    for number in 0..4 {
        let cell = get(&origins, number);
        cell.memory.store(true, Ordering::Relaxed);
        cell.pinned.store(number == 0, Ordering::Relaxed);
    }
    get(&origins, 9);
    assert_eq!(origins.len(), 4, "nobody had to share");
}

#[test]
fn a_full_registry_of_pinned_cells_shares_one_cell_among_the_overflow() {
    let origins = Origins::new(8);
    for number in 0..8 {
        get(&origins, number).pinned.store(true, Ordering::Relaxed);
    }
    assert_eq!(addresses(&origins, 100..1100).len(), 1);
    assert!(origins.own(scope(99), (), Probe::default).is_none());
    assert_eq!(addresses(&origins, 0..8).len(), 8);

    get(&origins, 3).pinned.store(false, Ordering::Relaxed);
    addresses(&origins, 100..108);
    assert!(std::ptr::eq(
        get(&origins, 107),
        origins.own(scope(107), (), Probe::default).unwrap()
    ));
}

#[test]
fn a_cell_with_nothing_to_lose_goes_before_one_that_remembers() {
    let origins = Origins::new(4);
    for number in 0..4 {
        get(&origins, number).memory.store(number != 2, Ordering::Relaxed);
    }
    get(&origins, 10);
    assert_eq!(origins.slots[2].owner.load(Ordering::Relaxed), scope(10).bits());
}

#[test]
fn finding_a_cell_allocates_nothing() {
    let origins = Origins::new(64);
    let scope = scope(1);
    origins.get(scope, (), Probe::default);
    let allocations = allocation_counter::measure(|| {
        origins.get(scope, (), Probe::default);
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn threads_that_evict_each_other_always_end_up_with_a_cell_and_one_entry_per_owner() {
    let origins = Origins::new(32);
    std::thread::scope(|threads| {
        for thread in 0..4_usize {
            let origins = &origins;
            threads.spawn(move || {
                for step in 0..20_000_usize {
                    get(origins, (step * (thread + 1)) % 97);
                }
            });
        }
    });
    assert_consistent(&origins);
}

#[test]
fn two_callers_that_both_missed_a_new_scope_get_the_same_cell() {
    let origins = Origins::new(16);
    let missed = || origins.admit(scope(1), SCAN, (), &Probe::default).unwrap();
    assert!(std::ptr::eq(missed(), missed()));
    assert_consistent(&origins);
}

fn assert_consistent(origins: &Origins<Probe>) {
    let owners: Vec<u64> = origins
        .slots
        .iter()
        .map(|slot| slot.owner.load(Ordering::Relaxed))
        .collect();
    let entries: Vec<u64> = origins
        .index
        .iter()
        .map(|entry| entry.load(Ordering::Relaxed))
        .filter(|&entry| entry != EMPTY)
        .collect();
    let owned: Vec<u64> = owners.iter().copied().filter(|&owner| owner != EMPTY).collect();
    assert_eq!(owned.len(), owned.iter().collect::<HashSet<_>>().len());
    assert_eq!(entries.len(), owned.len());
    for owner in owned {
        let number = owners.iter().position(|&other| other == owner).unwrap();
        let entry = entry(owner, number);
        let position = origins.probe(owner).find(|&p| {
            let found = origins.index[p].load(Ordering::Relaxed);
            found == entry || found == EMPTY
        });
        assert_eq!(origins.index[position.unwrap()].load(Ordering::Relaxed), entry);
    }
}

proptest! {
    #[test]
    fn every_owner_stays_findable_whatever_comes_and_goes(
        capacity in 1_usize..20,
        steps in proptest::collection::vec((0_usize..40, any::<bool>()), 0..300),
    ) {
        let origins = Origins::new(capacity);
        for (number, pinned) in steps {
            if let Some(cell) = origins.own(scope(number), (), Probe::default) {
                cell.pinned.store(pinned, Ordering::Relaxed);
                prop_assert!(std::ptr::eq(cell, origins.peek(scope(number)).unwrap()));
            }
            assert_consistent(&origins);
        }
    }
}
