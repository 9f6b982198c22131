//! Which requests a fault is for.

use serde::{Deserialize, Serialize};

use super::head::RequestHead;

/// Which requests a fault is for; an empty one matches all.
///
/// # Examples
///
/// ```
/// use steadfast::testing::fault_proxy::Matcher;
///
/// let second_charge = Matcher::new().method("POST").path("/v1/charges").nth(2);
/// let order = Matcher::new().header("Idempotency-Key", "order-1");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[must_use]
pub struct Matcher {
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nth: Option<u64>,
}

impl Matcher {
    /// Matches every request.
    pub fn new() -> Self {
        Self::default()
    }

    /// Matches only this method.
    pub fn method(self, method: impl Into<String>) -> Self {
        Self {
            method: Some(method.into()),
            ..self
        }
    }

    /// Matches only this path, without the query.
    pub fn path(self, path: impl Into<String>) -> Self {
        Self {
            path: Some(path.into()),
            ..self
        }
    }

    /// Matches only requests that carry a header with this value.
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            header: Some((name.into(), value.into())),
            ..self
        }
    }

    /// Matches only the nth of the requests that the rest matches, from 1.
    pub fn nth(self, nth: u64) -> Self {
        Self { nth: Some(nth), ..self }
    }

    /// Tells whether a request matches, `nth` aside.
    pub(super) fn matches(&self, head: &RequestHead) -> bool {
        self.method.as_ref().is_none_or(|method| *method == head.method)
            && self.path.as_ref().is_none_or(|path| path == head.path())
            && self
                .header
                .as_ref()
                .is_none_or(|(name, value)| head.values(name).any(|present| present == value))
    }

    pub(super) fn wants(&self, occurrence: u64) -> bool {
        self.nth.is_none_or(|nth| nth == occurrence)
    }
}
