use std::borrow::Cow;

use http::StatusCode;

use super::scalar::Scalar;
use super::value::Value;
use crate::classify::{Condition, on_timeout};
use crate::operation::FailureKind;

/// How many attempts may end in one way: `"503: 2"` in a file.
///
/// # Examples
///
/// ```
/// use http::StatusCode;
/// use steadfast::config::{AttemptsFor, EndsWith, Settings};
///
/// let settings: Settings = toml::from_str(r#"retry.max_attempts_for = ["503: 2", "timeout: 3"]"#)?;
/// let busy = AttemptsFor::new(EndsWith::Status(StatusCode::SERVICE_UNAVAILABLE), 2);
/// assert_eq!(settings.retry.max_attempts_for, Some(vec![busy, AttemptsFor::new(EndsWith::Timeout, 3)]));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptsFor {
    /// The way in which they end.
    pub which: EndsWith,
    /// How many of them at most: 1 to 100.
    pub attempts: u32,
}

/// A way in which an attempt ends, as far as a file can name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndsWith {
    /// An answer with this status: `503`.
    Status(StatusCode),
    /// A time limit of any kind: `timeout`.
    Timeout,
    /// A failure of this kind, by its name in a receipt's JSON: `connection_lost`.
    Failure(FailureKind),
}

impl AttemptsFor {
    /// So many attempts at most may end like this.
    #[must_use]
    pub fn new(which: EndsWith, attempts: u32) -> Self {
        Self { which, attempts }
    }

    /// Reads a limit back; `None` if its condition is more than a file can name.
    pub(super) fn of((which, attempts): &(Condition, u32)) -> Option<Self> {
        EndsWith::of(which).map(|which| Self::new(which, *attempts))
    }

    fn parse(text: &str) -> Option<Self> {
        let (which, attempts) = text.split_once(':')?;
        Some(Self::new(EndsWith::parse(which.trim())?, attempts.trim().parse().ok()?))
    }
}

impl EndsWith {
    pub(super) fn condition(self) -> Condition {
        match self {
            Self::Status(status) => status.into(),
            Self::Timeout => on_timeout(),
            Self::Failure(kind) => kind.into(),
        }
    }

    fn of(condition: &Condition) -> Option<Self> {
        if condition.is_timeout() {
            return Some(Self::Timeout);
        }
        let status = condition.only_status().and_then(|code| StatusCode::from_u16(code).ok());
        let failure = || condition.only_failure().map(Self::Failure);
        status.map(Self::Status).or_else(failure)
    }

    fn parse(word: &str) -> Option<Self> {
        if word == TIMEOUT {
            return Some(Self::Timeout);
        }
        let failure = || FailureKind::read(&Scalar::Text(word.to_owned())).map(Self::Failure);
        let status = word.parse().ok();
        status.map(Self::Status).or_else(failure)
    }

    fn word(self) -> String {
        match self {
            Self::Status(status) => status.as_str().to_owned(),
            Self::Timeout => TIMEOUT.to_owned(),
            Self::Failure(kind) => kind.write().text().unwrap_or_default().to_owned(),
        }
    }
}

impl Value for Vec<AttemptsFor> {
    fn form() -> Cow<'static, str> {
        r#"a list of statuses and failures with numbers, such as ["503: 2", "timeout: 3"]"#.into()
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        scalar.list()?.iter().map(|item| AttemptsFor::parse(item)).collect()
    }

    fn write(&self) -> Scalar {
        let items = self
            .iter()
            .map(|limit| format!("{}: {}", limit.which.word(), limit.attempts));
        Scalar::List(items.collect())
    }
}

const TIMEOUT: &str = "timeout";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::failure_kinds;

    #[test]
    fn every_kind_of_failure_has_the_name_that_receipts_give_it_and_reads_back() {
        for kind in failure_kinds() {
            let limits = vec![AttemptsFor::new(EndsWith::Failure(kind), 2)];
            let written = limits.write();
            assert_eq!(written, Scalar::List(vec![format!("{}: 2", kind.as_str())]));
            assert_eq!(Vec::read(&written), Some(limits), "{written}");
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
