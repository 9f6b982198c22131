//! Everything that is told about operations, listened to for secrets.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use steadfast::testing::Recorder;
use steadfast::{Event, Observer};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

use super::world::SECRET;

/// Listens to texts; keeps those that hold the secret, and counts all.
#[derive(Clone, Default)]
pub(crate) struct Ears(Arc<Heard>);

#[derive(Default)]
struct Heard {
    texts: AtomicUsize,
    leaks: Mutex<Vec<String>>,
    spans: AtomicU64,
}

impl Ears {
    pub(crate) fn hear(&self, source: &str, text: &str) {
        self.0.texts.fetch_add(1, Ordering::Relaxed);
        if text.contains(SECRET) {
            let mut leaks = self.0.leaks.lock().unwrap_or_else(PoisonError::into_inner);
            leaks.push(format!("{source}: {text}"));
        }
    }

    /// Listens to both forms of a thing.
    pub(crate) fn hear_forms(&self, source: &str, thing: &(impl fmt::Display + fmt::Debug)) {
        self.hear(source, &format!("{thing}"));
        self.hear(source, &format!("{thing:?}"));
        self.hear(source, &format!("{thing:#?}"));
    }

    pub(super) fn leaks(&self) -> Vec<String> {
        self.0.leaks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn texts(&self) -> usize {
        self.0.texts.load(Ordering::Relaxed)
    }
}

impl Observer for Ears {
    fn on_event(&self, event: &Event<'_>) {
        self.hear("an event", &event.to_string());
        // The last one's receipt holds all that was in those before it.
        if matches!(event, Event::Stopped { .. }) {
            self.hear("an event", &format!("{event:?}"));
        }
    }
}

/// Hears what a recorder would print.
pub(super) fn hear_recorder(ears: &Ears, recorder: &Recorder) {
    ears.hear_forms("a recorder", recorder);
}

/// Every span and event of `tracing`, with its fields.
impl Subscriber for Ears {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        self.hear("a span", &fields.0);
        Id::from_u64(self.0.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        self.hear("a span", &fields.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.hear("a log line", &fields.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}
