use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Everything that this thread traces, at every level, while it lives.
pub(crate) struct Spans {
    captured: Arc<Mutex<Vec<Captured>>>,
    _guard: DefaultGuard,
}

/// A span, or an event, and its fields.
#[derive(Clone, Debug)]
pub(crate) struct Captured {
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) level: tracing::Level,
    pub(crate) parent: Option<&'static str>,
    pub(crate) fields: BTreeMap<&'static str, String>,
    id: Option<u64>,
}

impl Spans {
    pub(crate) fn capture() -> Self {
        let captured = Arc::<Mutex<Vec<Captured>>>::default();
        let recorder = Recorder(Arc::clone(&captured));
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(recorder));
        Self {
            captured,
            _guard: guard,
        }
    }

    /// What the crate itself traced.
    pub(crate) fn own(&self) -> Vec<Captured> {
        let all = self.captured.lock().unwrap().clone();
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

struct Recorder(Arc<Mutex<Vec<Captured>>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let parent = context
            .span(id)
            .and_then(|span| span.parent())
            .map(|parent| parent.name());
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        self.push(attributes.metadata(), parent, fields, Some(id.into_u64()));
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, _context: Context<'_, S>) {
        let mut fields = Fields::default();
        record.record(&mut fields);
        let mut captured = self.0.lock().unwrap();
        // Ids are used again, so the newest span that has it is meant.
        let span = captured
            .iter_mut()
            .rev()
            .find(|captured| captured.id == Some(id.into_u64()));
        span.unwrap().fields.extend(fields.0);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let parent = context.event_span(event).map(|span| span.name());
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.push(event.metadata(), parent, fields, None);
    }
}

impl Recorder {
    fn push(
        &self,
        of: &'static tracing::Metadata<'static>,
        parent: Option<&'static str>,
        fields: Fields,
        id: Option<u64>,
    ) {
        self.0.lock().unwrap().push(Captured {
            name: of.name(),
            target: of.target(),
            level: *of.level(),
            parent,
            fields: fields.0,
            id,
        });
    }
}

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}
