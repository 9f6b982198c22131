//! The only place where decisions meet I/O.
//!
//! [`Run`] is the loop over attempts; [`HttpExchange`] is the one attempt that sends HTTP. They know the wire
//! through [`Transport`] alone, so the same loop runs over sockets, in memory, and around any async function.

mod attempt;
mod body;
mod buffer;
mod exchange;
mod guard;
mod hook;
pub(crate) mod peek;
mod prepare;
mod redirect;
mod run;
mod settings;

pub(crate) use attempt::{HttpExchange, Rules, Template, Transport};
pub(crate) use body::Armor;
pub use body::Body;
pub(crate) use buffer::{BufferError, read_up_to};
pub(crate) use exchange::Exchange;
pub(crate) use guard::{Guards, Landing};
pub use hook::AttemptInfo;
pub(crate) use hook::{BeforeAttempt, FromFn};
pub(crate) use prepare::{KeyField, prepare};
pub use redirect::Redirects;
pub(crate) use run::{Finished, Judge, Plan, Run};
pub(crate) use settings::{Overrides, Settings};
