use std::fmt;

/// A setting lies outside the range that its builder accepts.
///
/// Returned by the `build()` of every builder in this crate. The message names the setting, the accepted range and the
/// rejected value; settings hold no secrets, so the value is shown.
///
/// # Examples
///
/// ```
/// use steadfast::budget::RetryBudget;
///
/// let error = RetryBudget::builder().capacity(0.0).build().unwrap_err();
/// assert_eq!(error.field(), "capacity");
/// assert_eq!(error.to_string(), "`capacity` must be 1 to 1,000,000 tokens, but was 0");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    field: &'static str,
    accepted: &'static str,
    value: String,
}

impl ConfigError {
    /// Describes a rejected value.
    pub(crate) fn new(field: &'static str, accepted: &'static str, value: impl fmt::Display) -> Self {
        Self {
            field,
            accepted,
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

    /// The name of the builder's setter.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The accepted range, in words.
    #[must_use]
    pub fn accepted(&self) -> &'static str {
        self.accepted
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` must be {}, but was {}", self.field, self.accepted, self.value)
    }
}

impl std::error::Error for ConfigError {}
