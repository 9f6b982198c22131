//! An observer that remembers.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::entry::Entry;
use super::recording::{Recorded, Recording};
use crate::event::{Event, Observer};
use crate::operation::{Effect, Receipt, StopReason};

/// Remembers what happened during operations, with assertions that print it when they fail.
///
/// Give a clone to [`ClientBuilder::observe`](crate::ClientBuilder::observe) and keep the other; clones share. The
/// questions and assertions here are about the operation that began last; [`recordings`](Self::recordings) has all of
/// them, each with the same questions. `Display` and `Debug` are the transcript, without secrets.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use http::StatusCode;
/// use steadfast::testing::{Recorder, Script, Step};
/// use steadfast::{Client, Effect, Jitter, RetryPolicy, StopReason};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
/// # runtime.block_on(async {
/// let script = Script::new([Step::lost_response(), Step::status(StatusCode::SERVICE_UNAVAILABLE)]);
/// let recorder = Recorder::new();
/// let client = Client::builder()
///     .script(&script)
///     .retry(RetryPolicy::builder().jitter(Jitter::None).build()?)
///     .observe(recorder.clone())
///     .build()?;
///
/// client.post("https://api.example.com/charges").send().await?;
///
/// recorder.assert_attempts(3);
/// recorder.assert_waits([Duration::from_secs(1), Duration::from_secs(2)]);
/// recorder.assert_stopped(StopReason::Accepted);
/// recorder.assert_effect(Effect::Applied);
/// assert!(recorder.to_string().contains("attempt #1 at  0.000 s took  0.000 s  connection lost before a response"));
/// # Ok::<(), steadfast::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Entry>>>);

impl Recorder {
    /// Makes a recorder that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns all operations, in the order in which they began.
    #[must_use]
    pub fn recordings(&self) -> Vec<Recording> {
        self.lock().iter().map(|entry| entry.recording().clone()).collect()
    }

    /// Returns the operation that began last.
    #[must_use]
    pub fn last(&self) -> Option<Recording> {
        self.lock().last().map(|entry| entry.recording().clone())
    }

    /// Returns what happened, in order; empty when there was no operation.
    #[must_use]
    pub fn events(&self) -> Vec<Recorded> {
        self.last()
            .map(|recording| recording.events().to_vec())
            .unwrap_or_default()
    }

    /// Returns how many attempts were started.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.last().map_or(0, |recording| recording.attempts())
    }

    /// Returns the waits that were begun, in order.
    #[must_use]
    pub fn waits(&self) -> Vec<Duration> {
        self.last().map(|recording| recording.waits()).unwrap_or_default()
    }

    /// Returns why the operation stopped; `None` while it runs, or when it was dropped.
    #[must_use]
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.last()?.stop_reason()
    }

    /// Returns the report as it was when the last event came.
    #[must_use]
    pub fn receipt(&self) -> Option<Receipt> {
        Some(self.last()?.receipt().clone())
    }

    /// Returns what the far side may have done; `Unknown` while an attempt is under way, or when it was dropped.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        self.last().map(|recording| recording.effect())
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Asserts how many operations there were.
    ///
    /// # Panics
    ///
    /// When it were others; the message holds the transcript.
    #[track_caller]
    pub fn assert_operations(&self, expected: usize) {
        let operations = self.lock().len();
        assert!(
            operations == expected,
            "{operations} operations, not {expected}:\n{self}"
        );
    }

    /// Asserts how many attempts were started.
    ///
    /// # Panics
    ///
    /// When it were others; the message holds the transcript.
    #[track_caller]
    pub fn assert_attempts(&self, expected: usize) {
        let attempts = self.attempts();
        assert!(attempts == expected, "{attempts} attempts, not {expected}:\n{self}");
    }

    /// Asserts the waits, to the nanosecond: set [`Jitter::None`](crate::Jitter::None), or a server's `Retry-After`
    /// decides.
    ///
    /// # Panics
    ///
    /// When they were others; the message holds the transcript.
    #[track_caller]
    pub fn assert_waits(&self, expected: impl IntoIterator<Item = Duration>) {
        let (waits, expected) = (self.waits(), Vec::from_iter(expected));
        assert!(waits == expected, "waits of {waits:?}, not {expected:?}:\n{self}");
    }

    /// Asserts that there were as many waits, each at least as long, and at most by a quarter longer: what the default
    /// jitter makes of them.
    ///
    /// # Panics
    ///
    /// When they were not; the message holds the transcript.
    #[track_caller]
    pub fn assert_waits_about(&self, expected: impl IntoIterator<Item = Duration>) {
        let (waits, expected) = (self.waits(), Vec::from_iter(expected));
        let fits = |(wait, least): (&Duration, &Duration)| (*least..=*least + *least / 4).contains(wait);
        let all_fit = waits.len() == expected.len() && waits.iter().zip(&expected).all(fits);
        assert!(all_fit, "waits of {waits:?}, not about {expected:?}:\n{self}");
    }

    /// Asserts why the operation stopped.
    ///
    /// # Panics
    ///
    /// When it was for another reason, or is not over; the message holds the transcript.
    #[track_caller]
    pub fn assert_stopped(&self, expected: StopReason) {
        match self.stop_reason() {
            Some(stop) => assert!(
                stop == expected,
                "stopped because of {stop:?}, not {expected:?}:\n{self}"
            ),
            None => assert!(self.stop_reason().is_some(), "not stopped:\n{self}"),
        }
    }

    /// Asserts what the far side may have done, as [`effect`](Self::effect) tells it.
    ///
    /// # Panics
    ///
    /// When it is something else, or there was no operation; the message holds the transcript.
    #[track_caller]
    pub fn assert_effect(&self, expected: Effect) {
        let effect = self.effect();
        assert!(effect == Some(expected), "effect {effect:?}, not {expected:?}:\n{self}");
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Recorder {
    fn on_event(&self, event: &Event<'_>) {
        let mut entries = self.lock();
        // Of all that lay in one place, only the last may still be under way.
        let there = entries.iter_mut().rfind(|entry| entry.lies_where(event.receipt()));
        let begins = match there {
            Some(entry) => entry.add(event),
            None => Some(Entry::new(event)),
        };
        entries.extend(begins);
    }
}

/// All operations, one line per event.
impl fmt::Display for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.lock();
        if entries.is_empty() {
            return f.write_str("no operation");
        }
        for (number, entry) in entries.iter().enumerate() {
            let line = if number > 0 { "\n" } else { "" };
            write!(f, "{line}operation {}: {}", number + 1, entry.recording())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recorder {{ {self} }}")
    }
}
