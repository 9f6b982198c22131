use std::fmt;

use super::table::{Table, value_at};
use crate::error::ConfigError;

/// Which environment variable set what: an error of a range comes later, and must name what the operator wrote.
#[derive(Clone, Default)]
pub(super) struct Variables(Vec<Variable>);

#[derive(Clone)]
struct Variable {
    path: String,
    name: String,
    /// What it set, as text, since a number may be none: code may have set something else since.
    value: Option<String>,
}

impl Variables {
    /// Takes note of a variable that has just set what is at this path.
    pub(super) fn note(&mut self, table: &mut dyn Table, path: String, name: &str) {
        let value = shown_at(table, &path);
        let name = name.to_owned();
        self.0.push(Variable { path, name, value });
    }

    /// Lays others over these, with the table that they set.
    pub(super) fn overlay(&mut self, over: &Self, table: &mut dyn Table) {
        self.0.retain(|variable| value_at(table, &variable.path).is_none());
        self.0.extend_from_slice(&over.0);
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|variable| variable.name.as_str())
    }

    /// Adds to an error the variable that set what is refused.
    pub(super) fn explain(&self, error: ConfigError, table: &mut dyn Table) -> ConfigError {
        let set = self.0.iter().find(|variable| variable.path == error.field());
        match set.filter(|variable| shown_at(table, &variable.path) == variable.value) {
            Some(variable) => error.set_by(&variable.name),
            None => error,
        }
    }
}

fn shown_at(table: &mut dyn Table, path: &str) -> Option<String> {
    value_at(table, path).map(|value| value.to_string())
}

/// Where a setting came from is no part of it: what a file says is equal to what a variable says.
impl PartialEq for Variables {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// The names alone: a value may hold credentials.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
