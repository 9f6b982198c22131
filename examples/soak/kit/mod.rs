//! The soak: many operations at once through seeded faults, and a checker over what both sides saw.
//!
//! [`run`](run::run) starts a payment API, a fault proxy before it and an origin elsewhere, lets a [`Driver`] do all
//! orders, and returns the [`History`]: each operation as its caller saw it, and as the servers saw it.
//! [`check`](check::check) is a pure function over that history. The tests give it drivers with planted bugs.

mod check;
mod drill;
mod driver;
mod ears;
mod elsewhere;
mod faults;
mod history;
mod order;
mod plan;
mod rules;
mod run;
mod summary;
mod time;
mod turns;
mod world;

pub(crate) use check::check;
pub(crate) use driver::Steadfast;
pub(crate) use plan::{Guards, Plan, Server};
pub(crate) use run::run;
pub(crate) use summary::Summary;
pub(crate) use time::now;

/// What only the tests look at, to plant bugs.
#[cfg(test)]
pub(crate) mod inside {
    pub(crate) use super::driver::Driver;
    pub(crate) use super::history::{AttemptRecord, End, Record};
    pub(crate) use super::order::{Errand, Order};
    pub(crate) use super::rules::Rule;
    pub(crate) use super::time::pause;
    pub(crate) use super::world::{ATTEMPT_TIMEOUT, HINT, MAX_ATTEMPTS, SECRET, World};
}
