use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use super::bound::Bound;

/// A setting lies outside the range that its builder accepts.
///
/// Returned by the `build()` of every builder in this crate. The message names the setting, the accepted range and the
/// rejected value; settings hold no secrets, so the value is shown. A base URL may hold one, and is not.
///
/// # Examples
///
/// ```
/// use steadfast::RetryPolicy;
///
/// let error = RetryPolicy::builder().max_attempts(0).build().unwrap_err();
/// assert_eq!(error.field(), "max_attempts");
/// assert_eq!(error.to_string(), "`max_attempts` must be 1 to 100, but was 0");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    field: Cow<'static, str>,
    accepted: Cow<'static, str>,
    fault: Fault,
    variable: Option<Box<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    /// The rejected value.
    Value(String),
    /// There is no such setting.
    #[cfg_attr(
        not(feature = "serde"),
        expect(dead_code, reason = "only texts can name what does not exist")
    )]
    Unknown,
}

impl ConfigError {
    /// The name of the builder's setter; with `steadfast::config` the whole path, as in `retry.backoff.base`.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The accepted range, in words; where there is no such setting, those that there are.
    #[must_use]
    pub fn accepted(&self) -> &str {
        &self.accepted
    }

    /// The environment variable that set it, if `steadfast::config` read it from one.
    #[must_use]
    pub fn variable(&self) -> Option<&str> {
        self.variable.as_deref()
    }

    /// Describes a rejected value.
    pub(crate) fn new(
        field: impl Into<Cow<'static, str>>,
        accepted: impl Into<Cow<'static, str>>,
        value: impl fmt::Display,
    ) -> Self {
        Self {
            field: field.into(),
            accepted: accepted.into(),
            fault: Fault::Value(value.to_string()),
            variable: None,
        }
    }

    /// Fails unless `accept` holds for the value.
    pub(crate) fn require(
        accept: impl FnOnce() -> bool,
        field: &'static str,
        accepted: &'static str,
        value: impl fmt::Display,
    ) -> Result<(), Self> {
        if accept() {
            Ok(())
        } else {
            Err(Self::new(field, accepted, value))
        }
    }

    /// Fails unless the value lies in the range; `NaN` lies in none.
    pub(crate) fn check<T: Bound>(field: &'static str, accepted: RangeInclusive<T>, value: T) -> Result<(), Self> {
        if accepted.contains(&value) {
            return Ok(());
        }
        let range = format!("{} to {}", accepted.start().shown(), accepted.end().shown());
        Err(Self::new(field, range, value.shown()))
    }
}

#[cfg(feature = "serde")]
impl ConfigError {
    /// Describes a setting that does not exist.
    pub(crate) fn unknown(field: impl Into<Cow<'static, str>>, accepted: String) -> Self {
        Self {
            field: field.into(),
            accepted: accepted.into(),
            fault: Fault::Unknown,
            variable: None,
        }
    }

    /// Adds the environment variable that set the field.
    pub(crate) fn set_by(self, variable: &str) -> Self {
        Self {
            variable: Some(variable.into()),
            ..self
        }
    }

    /// Gives the field another name.
    pub(crate) fn renamed(self, rename: impl FnOnce(&str) -> String) -> Self {
        Self {
            field: rename(&self.field).into(),
            ..self
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            accepted,
            fault,
            variable,
        } = self;
        match (fault, variable) {
            (Fault::Value(value), None) => write!(f, "`{field}` must be {accepted}, but was {value}"),
            (Fault::Value(value), Some(name)) => {
                write!(f, "`{name}` (`{field}`) must be {accepted}, but was {value}")
            }
            (Fault::Unknown, _) => write!(f, "there is no setting `{field}`, only {accepted}"),
        }
    }
}

impl std::error::Error for ConfigError {}
