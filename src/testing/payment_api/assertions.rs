//! What must hold after a test, said so that a failure can be read.

use std::collections::HashSet;

use super::PaymentApi;
use super::history::History;

impl PaymentApi {
    /// Asserts that no key took effect twice.
    ///
    /// Keys are told apart by account. A key that was used again after its retention counts: that is a second charge.
    ///
    /// # Panics
    ///
    /// When a key has more than one effect; the message lists each with its counts.
    #[track_caller]
    pub fn assert_each_key_executed_at_most_once(&self) {
        let offenders = {
            let books = self.pipeline.books();
            offenders(
                books
                    .keys
                    .iter()
                    .map(|(account, history)| (account.key.as_str(), history)),
            )
        };
        fail_if_any("keys that took effect more than once", &offenders);
    }

    /// Asserts that no operation took effect twice, by the operation header; for servers that ignore keys.
    ///
    /// # Panics
    ///
    /// When an operation has more than one effect; the message lists each with its counts.
    #[track_caller]
    pub fn assert_each_operation_executed_at_most_once(&self) {
        let offenders = {
            let books = self.pipeline.books();
            offenders(books.operations.iter().map(|(id, history)| (id.as_str(), history)))
        };
        fail_if_any("operations that took effect more than once", &offenders);
    }

    /// Asserts that every operation the client saw succeed took effect; `acknowledged` holds keys or operation ids.
    ///
    /// # Panics
    ///
    /// When one of them has no effect; the message lists each with its counts.
    #[track_caller]
    pub fn assert_no_effect_lost<T: AsRef<str>>(&self, acknowledged: impl IntoIterator<Item = T>) {
        let effective = self.effective_names();
        let mut lost: Vec<String> = acknowledged
            .into_iter()
            .filter(|name| !effective.contains(name.as_ref()))
            .map(|name| line(name.as_ref(), &self.key(name.as_ref())))
            .collect();
        lost.sort();
        fail_if_any("acknowledged operations without an effect", &lost);
    }

    /// Returns the keys and operation ids that have an effect.
    fn effective_names(&self) -> HashSet<String> {
        let books = self.pipeline.books();
        let keys = books.keys.iter().filter(|(_, history)| history.effects() > 0);
        let operations = books.operations.iter().filter(|(_, history)| history.effects() > 0);
        keys.map(|(account, _)| account.key.clone())
            .chain(operations.map(|(id, _)| id.clone()))
            .collect()
    }
}

fn offenders<'a>(histories: impl Iterator<Item = (&'a str, &'a History)>) -> Vec<String> {
    let mut lines: Vec<String> = histories
        .filter(|(_, history)| history.effects() > 1)
        .map(|(name, history)| line(name, history))
        .collect();
    // A map's order would make two runs of one failure look different.
    lines.sort();
    lines
}

fn line(name: &str, history: &History) -> String {
    format!(
        "  {name}: {} arrivals, {} executions, {} effects, {} replays, {} conflicts, {} distinct requests",
        history.arrivals(),
        history.executions(),
        history.effects(),
        history.replays(),
        history.conflicts(),
        history.distinct_fingerprints(),
    )
}

#[track_caller]
fn fail_if_any(what: &str, lines: &[String]) {
    assert!(lines.is_empty(), "{} {what}:\n{}", lines.len(), lines.join("\n"));
}
