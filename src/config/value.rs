use std::borrow::Cow;
use std::time::Duration;

use http::{HeaderName, Method};

use super::scalar::Scalar;
use crate::retry::jitter::Jitter;

/// What a single setting can be.
///
/// Only the form is judged here; the range is the builders' business.
pub(super) trait Value: Sized {
    /// True if it may hold credentials: no error quotes what stands in its place.
    const IS_SECRET: bool = false;

    /// What it looks like, in words.
    fn form() -> Cow<'static, str>;

    fn read(scalar: &Scalar) -> Option<Self>;

    fn write(&self) -> Scalar;

    /// As [`write`](Self::write), without secrets.
    fn show(&self) -> Scalar {
        self.write()
    }
}

impl Value for u32 {
    fn form() -> Cow<'static, str> {
        "a whole number".into()
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        scalar.whole()?.try_into().ok()
    }

    fn write(&self) -> Scalar {
        Scalar::Whole((*self).into())
    }
}

impl Value for usize {
    fn form() -> Cow<'static, str> {
        "a whole number".into()
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        scalar.whole()?.try_into().ok()
    }

    fn write(&self) -> Scalar {
        // A `usize` has at most 64 bits on every platform.
        Scalar::Whole(*self as i128)
    }
}

impl Value for f64 {
    fn form() -> Cow<'static, str> {
        "a number".into()
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        scalar.number()
    }

    fn write(&self) -> Scalar {
        Scalar::Number(*self)
    }
}

impl Value for bool {
    fn form() -> Cow<'static, str> {
        "true or false".into()
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        scalar.flag()
    }

    fn write(&self) -> Scalar {
        Scalar::Flag(*self)
    }
}

/// A number without a unit is refused: seconds to some are milliseconds to others.
impl Value for Duration {
    fn form() -> Cow<'static, str> {
        r#"a duration such as "250ms" or "1m 30s""#.into()
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        humantime::parse_duration(scalar.text()?).ok()
    }

    fn write(&self) -> Scalar {
        Scalar::Text(humantime::format_duration(*self).to_string())
    }
}

impl Value for HeaderName {
    fn form() -> Cow<'static, str> {
        "a header's name".into()
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        scalar.text()?.parse().ok()
    }

    fn write(&self) -> Scalar {
        Scalar::Text(self.to_string())
    }
}

impl Value for Vec<Method> {
    fn form() -> Cow<'static, str> {
        r#"a list of methods such as ["POST", "PATCH"]"#.into()
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        scalar.list()?.iter().map(|name| known_method(name)).collect()
    }

    fn write(&self) -> Scalar {
        Scalar::List(self.iter().map(Method::to_string).collect())
    }
}

/// An empty one is refused, as by the builder.
impl Value for Vec<Duration> {
    fn form() -> Cow<'static, str> {
        r#"a list of durations such as ["1s", "5s", "30s"]"#.into()
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        let waits = scalar.list().filter(|waits| !waits.is_empty())?;
        waits.iter().map(|wait| humantime::parse_duration(wait).ok()).collect()
    }

    fn write(&self) -> Scalar {
        let waits = self.iter().map(|wait| humantime::format_duration(*wait).to_string());
        Scalar::List(waits.collect())
    }
}

/// The fraction that is added, or a name.
impl Value for Jitter {
    fn form() -> Cow<'static, str> {
        r#"a fraction that is added, or "none", "full", "equal" or "decorrelated""#.into()
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        match scalar.text() {
            Some("none") => Some(Self::None),
            Some("full") => Some(Self::Full),
            Some("equal") => Some(Self::Equal),
            Some("decorrelated") => Some(Self::Decorrelated),
            _ => scalar.number().map(Self::Additive),
        }
    }

    fn write(&self) -> Scalar {
        let name = match self {
            Self::None => "none",
            Self::Additive(fraction) => return Scalar::Number(*fraction),
            Self::Full => "full",
            Self::Equal => "equal",
            Self::Decorrelated => "decorrelated",
        };
        Scalar::Text(name.to_owned())
    }
}

/// Any token is a method to HTTP; but methods are upper case, and `post` would silently give no POST a key.
fn known_method(name: &str) -> Option<Method> {
    let upper = !name.is_empty() && !name.chars().any(|c| c.is_ascii_lowercase());
    if upper { name.parse().ok() } else { None }
}
