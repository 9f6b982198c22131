//! The vocabulary: what every other module talks about, and nothing that acts.
//!
//! An *operation* is one thing the caller wants done once; an *attempt* is one request on the wire for it; an
//! [`Outcome`] is how an attempt ended; an [`Effect`] is what the far side may have done; a [`Receipt`] is the report.

mod address;
mod attempt;
mod effect;
mod ending;
mod failure;
mod few;
mod hop;
mod key;
mod key_header;
mod key_settings;
mod nanos;
mod origin;
mod outcome;
mod problem;
mod receipt;
mod receipt_table;
mod retry_after;
mod seldom;
#[cfg(feature = "serde")]
mod serialise;
mod short;
mod stop;

pub(crate) use address::Address;
pub use attempt::Attempt;
pub use effect::Effect;
pub use ending::Ending;
pub use failure::{Delivery, Failure, FailureKind};
pub(crate) use few::Few;
pub use hop::Hop;
pub use key::{Fingerprint, IdempotencyKey, KeyError};
pub use key_header::{KeyFormat, KeyHeader, KeySupport};
pub(crate) use key_settings::{KeySettings, is_below};
use nanos::Nanos;
pub use origin::{Origin, ParseOriginError, Scope};
pub use outcome::Outcome;
pub(crate) use outcome::Told;
pub use problem::Problem;
pub use receipt::Receipt;
pub(crate) use receipt::origin_of;
pub(crate) use receipt_table::Seconds;
pub(crate) use seldom::{Seldom, discard};
pub(crate) use short::Short;
pub use stop::{NotReplayable, StopReason};
