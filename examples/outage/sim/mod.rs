//! A fleet of clients against one server, in virtual time.
//!
//! The clients run the crate's own policy, budget and breaker; only the wire, the server and the clock are made up. All
//! randomness comes from seeded streams, one per purpose, so two strategies with the same seed meet the same arrivals,
//! and a run gives the same figures on every machine.

mod clients;
mod driver;
mod events;
mod random;
mod report;
mod scenario;
mod server;
mod strategy;

pub(crate) use report::{Report, Second, Spread};
pub(crate) use scenario::{Dip, SEED, Traffic};
pub(crate) use strategy::{Funding, Strategy};
