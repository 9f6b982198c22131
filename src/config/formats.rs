//! `serde` for tables, and for the one part that is a value.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};

use super::read::read;
use super::write::Written;
use super::{
    BackoffSettings, BreakerSettings, BudgetSettings, ConcurrencySettings, CostSettings, HedgeSettings, KeySettings,
    RetrySettings, Settings, SlowCallSettings,
};
use crate::retry::builder::RetryPolicyBuilder;
use crate::retry::policy::RetryPolicy;

macro_rules! tables {
    ($($table:ty),+ $(,)?) => {$(
        impl<'de> Deserialize<'de> for $table {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut table = Self::default();
                read(deserializer, &mut table)?;
                Ok(table)
            }
        }

        impl Serialize for $table {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Written::of(&mut self.clone()).serialize(serializer)
            }
        }

        impl fmt::Display for $table {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Written::of(&mut self.clone()).fmt(f)
            }
        }
    )+};
}

tables!(
    Settings,
    RetrySettings,
    BackoffSettings,
    BreakerSettings,
    SlowCallSettings,
    BudgetSettings,
    CostSettings,
    ConcurrencySettings,
    HedgeSettings,
    KeySettings,
);

/// As [`RetrySettings`], checked.
impl<'de> Deserialize<'de> for RetryPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = RetrySettings::deserialize(deserializer)?;
        let policy = settings.builder().and_then(RetryPolicyBuilder::build);
        policy.map_err(D::Error::custom)
    }
}

/// As [`RetrySettings`], with every field; fails if the policy holds what no file can: a closure.
impl Serialize for RetryPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (settings, in_code) = RetrySettings::of(self);
        if let Some(what) = in_code.first() {
            return Err(S::Error::custom(format_args!(
                "`{what}` was set in code and cannot be written"
            )));
        }
        settings.serialize(serializer)
    }
}
