use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// What is going to happen, earliest first; what was scheduled first goes first among equals.
#[derive(Debug, Default)]
pub(crate) struct Events {
    due: BinaryHeap<Reverse<(Duration, u64, usize)>>,
    scheduled: u64,
}

impl Events {
    /// Schedules the next step of an operation.
    pub(crate) fn schedule(&mut self, at: Duration, operation: usize) {
        self.due.push(Reverse((at, self.scheduled, operation)));
        self.scheduled += 1;
    }

    /// Takes the next step that is due before a time; the last steps when there is no such time.
    pub(crate) fn next_before(&mut self, time: Option<Duration>) -> Option<(Duration, usize)> {
        let Reverse((at, _, _)) = self.due.peek()?;
        if time.is_some_and(|time| *at >= time) {
            return None;
        }
        let Reverse((at, _, operation)) = self.due.pop()?;
        Some((at, operation))
    }
}
