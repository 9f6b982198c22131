use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

/// A setting lies outside the range that its builder accepts.
///
/// Returned by the `build()` of every builder in this crate. The message names the setting, the accepted range and the
/// rejected value; settings hold no secrets, so the value is shown.
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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` must be {accepted}, but was {value}")]
pub struct ConfigError {
    field: &'static str,
    accepted: Cow<'static, str>,
    value: String,
}

impl ConfigError {
    /// The name of the builder's setter.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The accepted range, in words.
    #[must_use]
    pub fn accepted(&self) -> &str {
        &self.accepted
    }

    /// Describes a rejected value.
    pub(crate) fn new(field: &'static str, accepted: impl Into<Cow<'static, str>>, value: impl fmt::Display) -> Self {
        Self {
            field,
            accepted: accepted.into(),
            value: value.to_string(),
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
    pub(crate) fn check<T: PartialOrd + fmt::Debug + Copy>(
        field: &'static str,
        accepted: RangeInclusive<T>,
        value: T,
    ) -> Result<(), Self> {
        if accepted.contains(&value) {
            return Ok(());
        }
        let range = format!("{:?} to {:?}", accepted.start(), accepted.end());
        Err(Self::new(field, range, format_args!("{value:?}")))
    }
}
