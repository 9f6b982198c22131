use std::fmt;

/// What the server does to one order, request by request; after the last fault it answers.
pub(crate) struct Scenario(&'static [Fault]);

/// What the server does to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Charges and answers, as it should.
    None,
    /// Answers 503 before charging.
    Unavailable,
    /// Charges, then closes the connection instead of answering.
    LostAnswer,
    /// Charges, then stays silent for longer than an attempt may take.
    Stall,
}

use Fault::{LostAnswer, Stall, Unavailable};

impl Scenario {
    /// All of them; each is met by as many orders.
    pub(crate) const ALL: [Self; 8] = [
        Self(&[]),
        Self(&[Unavailable]),
        Self(&[LostAnswer]),
        Self(&[Stall]),
        Self(&[Unavailable, LostAnswer]),
        Self(&[LostAnswer, LostAnswer]),
        Self(&[LostAnswer, Unavailable, Stall]),
        Self(&[Unavailable, Unavailable, Unavailable]),
    ];

    /// The number of the scenario that an order meets.
    pub(crate) fn index_of(order: u32) -> usize {
        order as usize % Self::ALL.len()
    }

    /// What happens to a request for an order; the first one is number 0.
    pub(crate) fn fault(order: u32, arrival: usize) -> Fault {
        let Self(faults) = Self::ALL[Self::index_of(order)];
        faults.get(arrival).copied().unwrap_or(Fault::None)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in self.0 {
            write!(f, "{fault}, then ")?;
        }
        Fault::None.fmt(f)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "201",
            Self::Unavailable => "503",
            Self::LostAnswer => "lost",
            Self::Stall => "stall",
        })
    }
}
