use std::fmt::Debug;
use std::ops::RangeInclusive;

/// A setting that is out of its range; names the field and the accepted range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` must be {accepted}, not {given}")]
pub struct ConfigError {
    field: &'static str,
    accepted: String,
    given: String,
}

impl ConfigError {
    /// The setting's name.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    pub(crate) fn new(field: &'static str, accepted: impl Into<String>, given: impl Debug) -> Self {
        Self {
            field,
            accepted: accepted.into(),
            given: format!("{given:?}"),
        }
    }

    /// Checks that a value lies in a range; `NaN` lies in none.
    pub(crate) fn check<T: PartialOrd + Debug>(
        field: &'static str,
        accepted: RangeInclusive<T>,
        given: T,
    ) -> Result<(), Self> {
        if accepted.contains(&given) {
            return Ok(());
        }
        Err(Self::new(
            field,
            format!("{:?} to {:?}", accepted.start(), accepted.end()),
            given,
        ))
    }
}
