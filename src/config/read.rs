//! From any self-describing format into a table. Every error is made where the fault lies, so that the format can say
//! line and column.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::path::Path;
use super::scalar::Scalar;
use super::table::{Entry, Leaf, Table, names};
use crate::error::ConfigError;

/// Reads a table, and everything below it.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D, table: &mut dyn Table) -> Result<(), D::Error> {
    TableSeed { table, path: None }.deserialize(deserializer)
}

struct TableSeed<'a> {
    table: &'a mut dyn Table,
    path: Option<&'a Path<'a>>,
}

impl<'de> DeserializeSeed<'de> for TableSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TableSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path {
            Some(path) => write!(f, "a table for `{path}`"),
            None => f.write_str("a table of settings"),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let path = self.path;
        let mut entries = self.table.entries();
        let mut seen = vec![false; entries.len()];
        while let Some(index) = map.next_key_seed(NameSeed {
            entries: &entries,
            seen: &seen,
            path,
        })? {
            seen[index] = true;
            let path = Path::below(path, entries[index].name());
            match &mut entries[index] {
                Entry::Leaf(leaf) => map.next_value_seed(LeafSeed { leaf, path })?,
                Entry::Table(_, table) => map.next_value_seed(TableSeed {
                    table: &mut **table,
                    path: Some(&path),
                })?,
            }
        }
        Ok(())
    }
}

/// Finds a field by its name.
struct NameSeed<'a, 'b> {
    entries: &'a [Entry<'b>],
    seen: &'a [bool],
    path: Option<&'a Path<'a>>,
}

impl<'de> DeserializeSeed<'de> for NameSeed<'_, '_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_, '_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one of {}", names(self.entries))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        let path = Path::below(self.path, name);
        match self.entries.iter().position(|entry| entry.name() == name) {
            Some(index) if self.seen[index] => Err(E::custom(format_args!("`{path}` is set twice"))),
            Some(index) => Ok(index),
            None => Err(E::custom(ConfigError::unknown(path.to_string(), names(self.entries)))),
        }
    }
}

struct LeafSeed<'a, 'b> {
    leaf: &'a mut Leaf<'b>,
    path: Path<'a>,
}

impl LeafSeed<'_, '_> {
    fn set<E: Error>(self, scalar: &Scalar) -> Result<(), E> {
        if self.leaf.slot.set(scalar) {
            return Ok(());
        }
        Err(E::custom(self.leaf.refusal(self.path.to_string(), scalar)))
    }
}

impl<'de> DeserializeSeed<'de> for LeafSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for LeafSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for `{}`", self.leaf.accepted(), self.path)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.set(&Scalar::Text(value.to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.set(&Scalar::Flag(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.set(&Scalar::Whole(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.set(&Scalar::Whole(value.into()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<(), E> {
        self.set(&Scalar::Whole(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.set(&Scalar::Number(value))
    }

    /// Null is neither "none" nor "the default", but both to somebody.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.set(&Scalar::Other("null"))
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_map<A: MapAccess<'de>>(self, _map: A) -> Result<(), A::Error> {
        self.set(&Scalar::Other("a table"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut items = Vec::new();
        loop {
            match list.next_element::<String>() {
                Ok(Some(item)) => items.push(item),
                Ok(None) => return self.set(&Scalar::List(items)),
                Err(error) => return Err(A::Error::custom(self.leaf.mixed(self.path.to_string(), error))),
            }
        }
    }
}
