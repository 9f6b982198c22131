//! The only place where decisions meet I/O.
//!
//! [`Steps`] decides, [`Course`] writes down what was decided, and [`Run`] is the loop that sends and waits;
//! [`HttpExchange`] is the one attempt that sends HTTP and knows the wire through [`Transport`] alone. The first two do no
//! I/O: a driver that waits in another way brings its own loop and takes the same steps.

mod aside;
mod attempt;
mod body;
mod buffer;
mod course;
mod exchange;
pub(crate) mod fault;
mod fields;
mod guard;
mod hedging;
mod hook;
mod limits;
mod lookup;
#[cfg_attr(feature = "http2", path = "nack_h2.rs")]
#[cfg_attr(not(feature = "http2"), path = "nack_none.rs")]
mod nack;
pub(crate) mod peek;
mod plan;
mod prepare;
mod queue;
mod race;
mod redirect;
mod request;
mod run;
mod settings;
mod setup;
mod steps;
#[cfg_attr(feature = "native-tls", path = "tls_native.rs")]
#[cfg_attr(not(feature = "native-tls"), path = "tls_none.rs")]
mod tls;
mod trip;

pub(crate) use aside::{Aside, aside, boxed};
#[cfg(feature = "tower")]
pub(crate) use attempt::is_marked;
pub(crate) use attempt::{HttpExchange, Transport};
pub(crate) use body::Armor;
pub use body::Body;
pub(crate) use buffer::{BufferError, Whole};
pub(crate) use course::Course;
#[cfg(feature = "tower")]
pub(crate) use course::Ended;
pub(crate) use exchange::{Exchange, Sent};
pub(crate) use fields::Fields;
pub(crate) use guard::{Guards, Landing, Shields};
pub use hook::AttemptInfo;
pub(crate) use hook::{BeforeAttempt, FromFn};
pub(crate) use limits::{SHORTEST, check_attempt_timeout, check_key_lifetime, check_total_timeout};
pub use lookup::{Finding, InDoubt};
pub(crate) use lookup::{Lookup, Prospect};
pub(crate) use plan::Plan;
#[cfg(feature = "tower")]
pub(crate) use prepare::Payload;
pub(crate) use prepare::{KeyField, mint, prepare};
pub use redirect::Redirects;
pub(crate) use request::Template;
pub(crate) use run::{Finished, Followed, Last, Run};
pub(crate) use settings::{Overrides, Settings};
pub(crate) use setup::Setup;
pub(crate) use steps::{Refused, Settled, Spent, Steps};
use trip::Trip;
