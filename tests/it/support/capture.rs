use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Everything that this thread traces, at every level, while it lives.
///
/// One subscriber serves the whole process: with one per thread, tests that run side by side would disturb each other's
/// cache of which spans are wanted. Where nobody captures, it wants none: an operation goes another way then, and that is
/// how most operations go.
pub(crate) struct Spans(());

/// A span, or an event, and its fields.
#[derive(Clone, Debug)]
pub(crate) struct Captured {
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) level: tracing::Level,
    pub(crate) parent: Option<&'static str>,
    pub(crate) fields: BTreeMap<&'static str, String>,
    /// The fields that were given as signed integers, which is what OpenTelemetry takes for numbers.
    pub(crate) integers: BTreeSet<&'static str>,
    id: Option<u64>,
}

impl Spans {
    pub(crate) fn capture() -> Self {
        INSTALL.call_once(|| {
            tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Recorder)).unwrap();
        });
        CAPTURED.replace(Some(Vec::new()));
        Self(())
    }

    /// What the crate itself traced.
    pub(crate) fn own(&self) -> Vec<Captured> {
        let Self(()) = self;
        let all = CAPTURED.with_borrow(|captured| captured.clone().unwrap_or_default());
        all.into_iter()
            .filter(|captured| captured.target.starts_with("steadfast"))
            .collect()
    }

    pub(crate) fn named(&self, name: &str) -> Vec<Captured> {
        self.own()
            .into_iter()
            .filter(|captured| captured.name == name)
            .collect()
    }
}

impl Captured {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

impl Drop for Spans {
    fn drop(&mut self) {
        CAPTURED.take();
    }
}

static INSTALL: Once = Once::new();

thread_local! {
    static CAPTURED: RefCell<Option<Vec<Captured>>> = const { RefCell::new(None) };
}

struct Recorder;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    /// It depends on the thread, each time.
    fn register_callsite(&self, _metadata: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        CAPTURED.with_borrow(Option::is_some)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let parent = context
            .span(id)
            .and_then(|span| span.parent())
            .map(|parent| parent.name());
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        Self::push(attributes.metadata(), parent, fields, Some(id.into_u64()));
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, _context: Context<'_, S>) {
        let mut fields = Fields::default();
        record.record(&mut fields);
        CAPTURED.with_borrow_mut(|captured| {
            // Ids are used again, so the newest span that has it is meant.
            let mut spans = captured.iter_mut().flatten().rev();
            if let Some(span) = spans.find(|captured| captured.id == Some(id.into_u64())) {
                span.fields.extend(fields.texts);
                span.integers.extend(fields.integers);
            }
        });
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let parent = context.event_span(event).map(|span| span.name());
        let mut fields = Fields::default();
        event.record(&mut fields);
        Self::push(event.metadata(), parent, fields, None);
    }
}

impl Recorder {
    fn push(of: &'static Metadata<'static>, parent: Option<&'static str>, fields: Fields, id: Option<u64>) {
        let captured = Captured {
            name: of.name(),
            target: of.target(),
            level: *of.level(),
            parent,
            fields: fields.texts,
            integers: fields.integers,
            id,
        };
        CAPTURED.with_borrow_mut(|all| all.iter_mut().for_each(|all| all.push(captured.clone())));
    }
}

#[derive(Default)]
struct Fields {
    texts: BTreeMap<&'static str, String>,
    integers: BTreeSet<&'static str>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.texts.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.texts.insert(field.name(), value.to_owned());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.texts.insert(field.name(), value.to_string());
        self.integers.insert(field.name());
    }
}
