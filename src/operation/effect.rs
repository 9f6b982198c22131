use std::fmt;

use http::StatusCode;

/// What the far side may have done.
///
/// `NotApplied` is claimed only where it is certain: the request never left, the server refused it by protocol, or it
/// answered with a status that RFC 9110 defines as a rejection. Everything else short of a success is `Unknown`.
///
/// Doubt is sticky over an operation: see [`Effect::then`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Effect {
    /// The far side certainly did nothing.
    NotApplied,
    /// The far side may have done it, or may not.
    Unknown,
    /// The far side said that it is done.
    Applied,
}

impl Effect {
    /// Tells what an answer with this status says about its own attempt.
    ///
    /// 2xx is `Applied`. The 4xx by which a server says that it did not act are `NotApplied`: RFC 9110 §15.5 (400, 401,
    /// 403–406, 410, 411, 413–417, 421, 422, 426), RFC 6585 (428, 431), RFC 7725 (451) and RFC 8470 §5.2 (425). All
    /// others are `Unknown`: 402, 409 and 429 mean different things at different vendors, and a 5xx may come after the
    /// effect.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            200..=299 => Self::Applied,
            400 | 401 | 403..=406 | 410 | 411 | 413..=417 | 421 | 422 | 425 | 426 | 428 | 431 | 451 => Self::NotApplied,
            _ => Self::Unknown,
        }
    }

    /// Folds the effect of a later attempt into that of the operation so far.
    ///
    /// Once `Unknown`, it stays so: a rejection of attempt 2 proves nothing about attempt 1. Only `Applied` settles it.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        match (self, later) {
            (_, Self::Applied) => Self::Applied,
            (Self::NotApplied, later) => later,
            (earlier, _) => earlier,
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotApplied => "not applied",
            Self::Unknown => "unknown",
            Self::Applied => "applied",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_is_sticky_until_a_success_settles_it() {
        let after_a_lost_response = Effect::NotApplied.then(Effect::Unknown);
        assert_eq!(after_a_lost_response.then(Effect::NotApplied), Effect::Unknown);
        assert_eq!(after_a_lost_response.then(Effect::Applied), Effect::Applied);
        assert_eq!(Effect::NotApplied.then(Effect::NotApplied), Effect::NotApplied);
    }

    #[test]
    fn a_conflict_and_a_server_error_prove_nothing() {
        for status in [402, 404 + 4, 409, 429, 500, 501, 503, 302] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(Effect::of_status(status), Effect::Unknown, "{status}");
        }
    }
}
