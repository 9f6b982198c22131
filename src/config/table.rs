use std::borrow::Cow;
use std::fmt;

use super::Settings;
use super::path::Path;
use super::scalar::Scalar;
use super::value::Value;
use crate::error::ConfigError;

/// Settings that belong together: it names its fields once, and everything else walks over them.
pub(super) trait Table {
    fn entries(&mut self) -> Vec<Entry<'_>>;
}

/// One field of a table.
pub(super) enum Entry<'a> {
    Leaf(Leaf<'a>),
    Table(&'static str, &'a mut dyn Table),
}

/// One setting, and what it accepts beyond its form.
pub(super) struct Leaf<'a> {
    pub(super) name: &'static str,
    range: &'static str,
    pub(super) slot: &'a mut dyn Slot,
}

/// Where a setting's value is kept; empty while unset.
pub(super) trait Slot {
    fn form(&self) -> Cow<'static, str>;

    /// Takes a value, unless it has the wrong form.
    fn set(&mut self, scalar: &Scalar) -> bool;

    fn get(&self) -> Option<Scalar>;

    /// As [`get`](Self::get), without secrets.
    fn shown(&self) -> Option<Scalar>;

    /// True if no error may quote what stands in its place.
    fn is_secret(&self) -> bool;
}

impl<V: Value> Slot for Option<V> {
    fn form(&self) -> Cow<'static, str> {
        V::form()
    }

    fn set(&mut self, scalar: &Scalar) -> bool {
        let value = V::read(scalar);
        let fits = value.is_some();
        if fits {
            *self = value;
        }
        fits
    }

    fn get(&self) -> Option<Scalar> {
        self.as_ref().map(V::write)
    }

    fn shown(&self) -> Option<Scalar> {
        self.as_ref().map(V::show)
    }

    fn is_secret(&self) -> bool {
        V::IS_SECRET
    }
}

impl<'a> Entry<'a> {
    /// A setting; its range is worded as the builder words it, or empty if its form is all there is to say.
    pub(super) fn leaf(name: &'static str, range: &'static str, slot: &'a mut dyn Slot) -> Self {
        Self::Leaf(Leaf { name, range, slot })
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Leaf(leaf) => leaf.name,
            Self::Table(name, _) => name,
        }
    }
}

impl Leaf<'_> {
    pub(super) fn accepted(&self) -> String {
        match self.range {
            "" => self.slot.form().into_owned(),
            range => format!("{}: {range}", self.slot.form()),
        }
    }

    /// Refuses a value of the wrong form.
    pub(super) fn refusal(&self, path: String, value: &Scalar) -> ConfigError {
        let accepted = self.accepted();
        if self.slot.is_secret() {
            ConfigError::new(path, accepted, value.kind())
        } else {
            ConfigError::new(path, accepted, value)
        }
    }

    /// Refuses a list that holds something other than texts, for this reason.
    pub(super) fn mixed(&self, path: String, why: impl fmt::Display) -> ConfigError {
        let accepted = self.accepted();
        if self.slot.is_secret() {
            ConfigError::new(path, accepted, MIXED)
        } else {
            ConfigError::new(path, accepted, format_args!("{MIXED} ({why})"))
        }
    }
}

/// Sets what `over` has set, and keeps the rest.
pub(super) fn overlay(under: &mut dyn Table, over: &mut dyn Table) {
    for (under, over) in under.entries().into_iter().zip(over.entries()) {
        match (under, over) {
            (Entry::Leaf(under), Entry::Leaf(over)) => {
                if let Some(value) = over.slot.get() {
                    under.slot.set(&value);
                }
            }
            (Entry::Table(_, under), Entry::Table(_, over)) => overlay(under, over),
            // Both are the same table, so their entries are of the same kind.
            _ => {}
        }
    }
}

/// What is set at a path, as in `retry.backoff.base`.
pub(super) fn value_at(table: &mut dyn Table, path: &str) -> Option<Scalar> {
    let (head, rest) = match path.split_once('.') {
        Some((head, rest)) => (head, Some(rest)),
        None => (path, None),
    };
    let found = table.entries().into_iter().find(|entry| entry.name() == head)?;
    match (found, rest) {
        (Entry::Leaf(leaf), None) => leaf.slot.get(),
        (Entry::Table(_, inner), Some(rest)) => value_at(inner, rest),
        _ => None,
    }
}

/// The names in a table, for whoever used another one.
pub(super) fn names(entries: &[Entry<'_>]) -> String {
    let names: Vec<_> = entries.iter().map(|entry| format!("`{}`", entry.name())).collect();
    names.join(", ")
}

/// One field of [`Settings`]: for a reference, a check, a form.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// Its whole path, as in `retry.backoff.base`.
    pub path: String,
    /// What it accepts, in words.
    pub accepted: String,
}

/// Lists every field of [`Settings`], in the order in which they are printed.
///
/// # Examples
///
/// ```
/// let fields = steadfast::config::fields();
/// let base = fields.iter().find(|field| field.path == "retry.backoff.base").ok_or("is there")?;
/// assert_eq!(base.accepted, r#"a duration such as "250ms" or "1m 30s": 1ms to 1day"#);
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn fields() -> Vec<Field> {
    let mut fields = Vec::new();
    list(&mut Settings::default(), None, &mut fields);
    fields
}

fn list(table: &mut dyn Table, above: Option<&Path<'_>>, fields: &mut Vec<Field>) {
    for entry in table.entries() {
        let path = Path::below(above, entry.name());
        match entry {
            Entry::Leaf(leaf) => fields.push(Field {
                path: path.to_string(),
                accepted: leaf.accepted(),
            }),
            Entry::Table(_, inner) => list(inner, Some(&path), fields),
        }
    }
}

const MIXED: &str = "a list with another item";
