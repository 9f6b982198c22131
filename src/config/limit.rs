use std::borrow::Cow;

use super::scalar::Scalar;
use super::value::Value;

/// A limit that can be off: `"none"` in a file, so that a later layer can lift what an earlier one set.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast::config::{Limit, Settings};
///
/// let mut settings = Settings::default();
/// settings.total_timeout = Some(Limit::At(Duration::from_secs(60)));
/// let env = Settings::from_env("APP", [("APP_TOTAL_TIMEOUT", "none")])?;
/// assert_eq!(settings.overlay(&env).total_timeout, Some(Limit::None));
/// # Ok::<(), steadfast::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a limit is there or it is not")]
pub enum Limit<T> {
    /// There is none.
    #[default]
    None,
    /// This much.
    At(T),
}

impl<T> Limit<T> {
    pub(super) fn at(self) -> Option<T> {
        match self {
            Self::None => None,
            Self::At(limit) => Some(limit),
        }
    }
}

impl<T> From<Option<T>> for Limit<T> {
    fn from(limit: Option<T>) -> Self {
        limit.map_or(Self::None, Self::At)
    }
}

impl<T: Value> Value for Limit<T> {
    const IS_SECRET: bool = T::IS_SECRET;

    fn form() -> Cow<'static, str> {
        format!("{} or \"none\"", T::form()).into()
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        if scalar.text() == Some(NONE) {
            return Some(Self::None);
        }
        T::read(scalar).map(Self::At)
    }

    fn write(&self) -> Scalar {
        match self {
            Self::None => Scalar::Text(NONE.to_owned()),
            Self::At(limit) => limit.write(),
        }
    }

    fn show(&self) -> Scalar {
        match self {
            Self::None => self.write(),
            Self::At(limit) => limit.show(),
        }
    }
}

const NONE: &str = "none";
