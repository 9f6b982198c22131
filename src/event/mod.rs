//! What happens during an operation, told to observers and to `tracing`.
//!
//! Spans need no code: `steadfast.operation` holds one `steadfast.attempt` (kind CLIENT) per attempt, with the field
//! names of OpenTelemetry's HTTP conventions, and `otel.name`, `otel.kind` and `otel.status_code` for
//! `tracing-opentelemetry`. Events are for code that wants to act: count, alert, print.

mod method;
mod observer;
mod span;

use std::fmt;
use std::time::Duration;

pub(crate) use method::{OTHER_METHOD, standard_method};
pub use observer::Observer;
pub(crate) use observer::{FromFn, Observers};
pub(crate) use span::{AttemptSpan, operation_ended, operation_span};

use crate::breaker::Transition;
use crate::operation::{Effect, Receipt, Seconds};

/// One thing that happened; the receipt tells the operation's story so far.
///
/// `Display` is one line without secrets.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// An attempt is about to be sent.
    #[non_exhaustive]
    AttemptStarted {
        /// The operation so far.
        receipt: &'a Receipt,
        /// The attempt's number; the first is 1.
        number: u32,
    },
    /// An attempt ended: it is the last one in the receipt.
    #[non_exhaustive]
    AttemptEnded {
        /// The operation so far.
        receipt: &'a Receipt,
    },
    /// The attempt that is about to be sent may repeat one that was processed, and nothing protects from that.
    ///
    /// Only with [`Replay::AtLeastOnce`](crate::Replay::AtLeastOnce).
    #[non_exhaustive]
    DuplicatePossible {
        /// The operation so far.
        receipt: &'a Receipt,
        /// The attempt's number.
        number: u32,
    },
    /// The attempt that is about to be sent is a [hedge](crate::Hedge): an earlier one has not answered yet.
    #[non_exhaustive]
    Hedged {
        /// The operation so far.
        receipt: &'a Receipt,
        /// The attempt's number.
        number: u32,
    },
    /// Another attempt follows after a wait, which begins now.
    #[non_exhaustive]
    RetryScheduled {
        /// The operation so far.
        receipt: &'a Receipt,
        /// The wait.
        wait: Duration,
    },
    /// A [lookup](crate::ClientBuilder::on_unknown) of the operation in doubt ended.
    #[non_exhaustive]
    LookedUp {
        /// The operation so far; its effect is what is known now.
        receipt: &'a Receipt,
        /// What was found.
        effect: Effect,
    },
    /// The circuit breaker of the operation's origin changed its state because of it.
    #[non_exhaustive]
    CircuitChanged {
        /// The operation so far.
        receipt: &'a Receipt,
        /// The change.
        transition: &'a Transition,
    },
    /// The operation is over.
    #[non_exhaustive]
    Stopped {
        /// The whole operation.
        receipt: &'a Receipt,
    },
}

impl Event<'_> {
    /// The operation so far.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        match self {
            Self::AttemptStarted { receipt, .. }
            | Self::DuplicatePossible { receipt, .. }
            | Self::Hedged { receipt, .. }
            | Self::AttemptEnded { receipt }
            | Self::RetryScheduled { receipt, .. }
            | Self::LookedUp { receipt, .. }
            | Self::CircuitChanged { receipt, .. }
            | Self::Stopped { receipt } => receipt,
        }
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let receipt = self.receipt();
        write!(f, "{} {}", receipt.method(), receipt.origin())?;
        if let Some(key) = receipt.key() {
            write!(f, " key #{}", key.fingerprint())?;
        }
        match self {
            Self::AttemptStarted { number, .. } => write!(f, ": attempt #{number} starts"),
            Self::AttemptEnded { .. } => match receipt.attempts().last() {
                Some(attempt) => write!(f, ": attempt {attempt}"),
                None => Ok(()),
            },
            Self::DuplicatePossible { number, .. } => write!(f, ": attempt #{number} may be a duplicate"),
            Self::Hedged { number, .. } => write!(f, ": attempt #{number} is a hedge"),
            Self::RetryScheduled { wait, .. } => write!(f, ": retries in {}", Seconds(*wait)),
            Self::LookedUp { effect, .. } => write!(f, ": looked up: effect {effect}"),
            Self::CircuitChanged { transition, .. } => write!(f, ": the circuit {transition}"),
            Self::Stopped { .. } => {
                write!(
                    f,
                    ": stopped after {}: {}",
                    Attempts(receipt.attempts().len()),
                    receipt.stop()
                )
            }
        }
    }
}

/// A number of attempts, in words.
struct Attempts(usize);

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "attempt" } else { "attempts" })
    }
}
