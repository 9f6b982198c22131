use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::order::Order;
use crate::scenario::Scenario;
use crate::server::Server;

/// What the server really did: its arrivals, and its charges per order.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<HashMap<u32, Account>>);

#[derive(Clone, Copy, Default)]
struct Account {
    arrivals: usize,
    charges: usize,
}

impl Ledger {
    /// Notes a request for an order, and says how many came before it.
    pub(crate) fn arrive(&self, order: u32) -> usize {
        self.with(order, |account| {
            account.arrivals += 1;
            account.arrivals - 1
        })
    }

    /// Takes the money. It does so each time it is told to; to be told once is the caller's business.
    pub(crate) fn charge(&self, order: u32) {
        self.with(order, |account| account.charges += 1);
    }

    fn with<T>(&self, order: u32, act: impl FnOnce(&mut Account) -> T) -> T {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(accounts.entry(order).or_default())
    }
}

/// The ledger, added up and held against what was owed.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) orders: usize,
    pub(crate) answered: usize,
    pub(crate) requests: usize,
    pub(crate) charges: usize,
    pub(crate) charged_again: usize,
    pub(crate) not_charged: usize,
    pub(crate) owed: u64,
    pub(crate) taken: u64,
    pub(crate) charges_by_scenario: [usize; Scenario::ALL.len()],
}

impl Tally {
    pub(crate) fn new(orders: &[Order], server: &Server, answered: usize) -> Self {
        let mut tally = Self {
            orders: orders.len(),
            answered,
            ..Self::default()
        };
        for order in orders {
            let Account { arrivals, charges } = server.ledger().with(order.id, |account| *account);
            tally.requests += arrivals;
            tally.charges += charges;
            tally.charged_again += usize::from(charges > 1);
            tally.not_charged += usize::from(charges == 0);
            tally.owed += order.cents;
            tally.taken += order.cents * charges as u64;
            tally.charges_by_scenario[Scenario::index_of(order.id)] += charges;
        }
        tally
    }

    /// True if every order was answered and charged exactly once.
    pub(crate) fn is_exact(&self) -> bool {
        self.answered == self.orders && self.charged_again == 0 && self.not_charged == 0 && self.taken == self.owed
    }
}
