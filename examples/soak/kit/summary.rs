//! The figures of a soak.

use std::collections::BTreeMap;
use std::fmt;

use steadfast::testing::fault_proxy::{Fault, Passage};
use steadfast::{Effect, StopReason};

use super::history::{End, History, Record};
use super::rules::{Rule, Violation};

/// The figures of a soak, as a table.
pub(crate) struct Summary<'a> {
    pub(crate) history: &'a History,
    pub(crate) violations: &'a [Violation],
}

/// Figures that say whether anything happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) faults: usize,
    pub(crate) lost: usize,
    pub(crate) successes: usize,
}

impl Summary<'_> {
    pub(crate) fn figures(&self) -> Figures {
        Figures {
            faults: self.passages(|passage| *passage.fault() != Fault::Pass),
            lost: self.passages(was_lost),
            successes: self.records(Record::is_success),
        }
    }

    fn records(&self, which: impl Fn(&Record) -> bool) -> usize {
        self.history.records.iter().filter(|record| which(record)).count()
    }

    fn passages(&self, which: impl Fn(&Passage) -> bool) -> usize {
        self.history.passages.iter().filter(|passage| which(passage)).count()
    }

    fn stopped(&self, which: impl Fn(StopReason) -> bool) -> usize {
        self.records(|record| record.stop.is_some_and(&which))
    }

    /// By the word with which each fault begins in a script.
    fn kinds(&self) -> BTreeMap<String, usize> {
        let mut kinds = BTreeMap::new();
        for passage in self
            .history
            .passages
            .iter()
            .filter(|passage| *passage.fault() != Fault::Pass)
        {
            let text = passage.fault().to_string();
            let kind = text.split('"').nth(1).unwrap_or_default().to_owned();
            *kinds.entry(kind).or_default() += 1;
        }
        kinds
    }
}

/// Whether the server acted and the client was not told.
fn was_lost(passage: &Passage) -> bool {
    let hides = matches!(
        passage.fault(),
        Fault::End { .. }
            | Fault::Stall { .. }
            | Fault::Garbage { .. }
            | Fault::ResetStream { .. }
            | Fault::GoAway { .. }
    );
    hides && passage.was_forwarded()
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, count: impl fmt::Display) -> fmt::Result {
    writeln!(f, "  {name:<44} {count:>9}")
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let History {
            plan, records, took, ..
        } = self.history;
        writeln!(
            f,
            "seed {}: {:?}, {:?}, {} operations, {} at once, {:.1} s",
            plan.seed,
            plan.server,
            plan.guards,
            records.len(),
            plan.concurrency,
            took.as_secs_f64()
        )?;
        let attempts: usize = records
            .iter()
            .filter_map(|record| Some(record.attempts.as_ref()?.len()))
            .sum();
        row(f, "attempts of those with a receipt", attempts)?;
        row(f, "requests and connections at the proxy", self.passages(|_| true))?;
        let figures = self.figures();
        row(f, "faults injected", figures.faults)?;
        for (kind, count) in self.kinds() {
            row(f, &format!("  {kind}"), count)?;
        }
        row(f, "processed, then lost", figures.lost)?;
        row(f, "answered 2xx", figures.successes)?;
        row(
            f,
            "  after a retry",
            self.records(|record| record.is_success() && record.requests() > Some(1)),
        )?;
        row(
            f,
            "answered otherwise",
            self.records(|record| matches!(record.end, End::Answer(_)) && !record.is_success()),
        )?;
        row(f, "failed", self.records(|record| record.end == End::Failure))?;
        row(
            f,
            "  effect unknown",
            self.records(|record| record.end == End::Failure && record.effect == Effect::Unknown),
        )?;
        row(
            f,
            "  effect applied",
            self.records(|record| record.end == End::Failure && record.effect == Effect::Applied),
        )?;
        row(
            f,
            "  not repeatable",
            self.stopped(|stop| matches!(stop, StopReason::NotReplayable(_))),
        )?;
        row(
            f,
            "  no attempts left",
            self.stopped(|stop| stop == StopReason::AttemptsExhausted),
        )?;
        row(
            f,
            "  no budget left",
            self.stopped(|stop| stop == StopReason::BudgetExhausted),
        )?;
        row(
            f,
            "  circuit open",
            self.stopped(|stop| stop == StopReason::CircuitOpen),
        )?;
        row(
            f,
            "left by their caller",
            self.records(|record| record.end == End::Left),
        )?;
        row(f, "texts searched for the secret", self.history.texts)?;
        row(f, "requests at the other origin", self.history.elsewhere.len())?;
        writeln!(f, "violations")?;
        for rule in Rule::ALL {
            let count = self
                .violations
                .iter()
                .filter(|violation| violation.rule == rule)
                .count();
            writeln!(f, "  {:<64} {count:>5}", rule.to_string())?;
        }
        Ok(())
    }
}
