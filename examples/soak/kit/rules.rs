//! What must hold, by name.

use std::fmt;

/// What must hold of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    OneEffectPerKey,
    OneEffectPerOperation,
    SuccessHasItsEffect,
    NotAppliedHasNone,
    OneKey,
    OneBody,
    EveryRequestIsAdmitted,
    AttemptsAreBounded,
    RetryAfterIsHeeded,
    DeadlineIsKept,
    NothingIsSentWhileOpen,
    RetriesArePaidFor,
    SecretsStayIn,
    BreakerHeals,
    NothingIsLeft,
}

impl Rule {
    pub(super) const ALL: [Self; 15] = [
        Self::OneEffectPerKey,
        Self::OneEffectPerOperation,
        Self::SuccessHasItsEffect,
        Self::NotAppliedHasNone,
        Self::OneKey,
        Self::OneBody,
        Self::EveryRequestIsAdmitted,
        Self::AttemptsAreBounded,
        Self::RetryAfterIsHeeded,
        Self::DeadlineIsKept,
        Self::NothingIsSentWhileOpen,
        Self::RetriesArePaidFor,
        Self::SecretsStayIn,
        Self::BreakerHeals,
        Self::NothingIsLeft,
    ];
}

/// Invariants by their usual numbers, I5 (the outbox) aside.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneEffectPerKey => "I1: a key takes effect at most once",
            Self::OneEffectPerOperation => "I2: an operation takes effect at most once",
            Self::SuccessHasItsEffect => "I3: a success has exactly one effect",
            Self::NotAppliedHasNone => "I4: what is called not applied has no effect",
            Self::OneKey => "I6: an operation has one key, and no other has it",
            Self::OneBody => "I7: all attempts have the same body",
            Self::EveryRequestIsAdmitted => "I8: no more requests arrive than the receipt has attempts and hops",
            Self::AttemptsAreBounded => "I8: no more attempts than the policy allows",
            Self::DeadlineIsKept => "I9: an operation ends by its deadline",
            Self::RetryAfterIsHeeded => "I10: no attempt before the time that the server asked for",
            Self::NothingIsSentWhileOpen => "I11: nothing is sent while the circuit is open",
            Self::RetriesArePaidFor => "I12: retries are paid for",
            Self::SecretsStayIn => "I13: no secret is told or sent elsewhere",
            Self::BreakerHeals => "I14: no permit is lost, the breaker closes again",
            Self::NothingIsLeft => "I14: no task and no connection is left",
        })
    }
}

/// A rule that was broken, and where.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) rule: Rule,
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}
