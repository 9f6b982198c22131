//! From a table into any format, and into text.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::path::Path;
use super::scalar::Scalar;
use super::table::{Entry, Table};

/// What is set, without secrets, in the order of the fields.
pub(super) struct Written(Vec<(&'static str, Node)>);

enum Node {
    Leaf(Scalar),
    Table(Written),
}

impl Written {
    pub(super) fn of(table: &mut dyn Table) -> Self {
        let mut nodes = Vec::new();
        for entry in table.entries() {
            match entry {
                Entry::Leaf(leaf) => nodes.extend(leaf.slot.shown().map(|value| (leaf.name, Node::Leaf(value)))),
                Entry::Table(name, inner) => {
                    let inner = Self::of(inner);
                    if !inner.0.is_empty() {
                        nodes.push((name, Node::Table(inner)));
                    }
                }
            }
        }
        Self(nodes)
    }

    /// Adds a list that is no setting.
    pub(super) fn with_list(mut self, name: &'static str, items: &[String]) -> Self {
        if !items.is_empty() {
            self.0.push((name, Node::Leaf(Scalar::List(items.to_vec()))));
        }
        self
    }

    fn write(&self, above: Option<&Path<'_>>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, node) in &self.0 {
            if let Node::Leaf(value) = node {
                writeln!(f, "{name} = {value}")?;
            }
        }
        for (name, node) in &self.0 {
            if let Node::Table(table) = node {
                let path = Path::below(above, name);
                if table.has_leaf() {
                    writeln!(f, "\n[{path}]")?;
                }
                table.write(Some(&path), f)?;
            }
        }
        Ok(())
    }

    fn has_leaf(&self) -> bool {
        self.0.iter().any(|(_, node)| matches!(node, Node::Leaf(_)))
    }
}

/// As TOML.
impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(None, f)
    }
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, node) in &self.0 {
            match node {
                Node::Leaf(value) => map.serialize_entry(name, value)?,
                Node::Table(table) => map.serialize_entry(name, table)?,
            }
        }
        map.end()
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) | Self::Variable(text) => serializer.serialize_str(text),
            // Not every format has 128 bits.
            Self::Whole(whole) => match i64::try_from(*whole) {
                Ok(whole) => serializer.serialize_i64(whole),
                Err(_) => serializer.serialize_i128(*whole),
            },
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::List(items) => items.serialize(serializer),
            Self::Other(what) => serializer.serialize_str(what),
        }
    }
}
