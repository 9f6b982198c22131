use http::StatusCode;

use crate::classify::Verdict;
use crate::operation::{Failure, FailureKind, Outcome};

/// The table that answers when no classifier has an opinion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Baseline {
    /// 5xx but the permanent ones, time limits, connections that failed or died.
    Standard,
    /// 5xx and time limits, nothing else.
    Strict,
}

impl Baseline {
    pub(crate) fn judge(self, outcome: &Outcome<'_>) -> Verdict {
        match (outcome.status(), outcome.error()) {
            (Some(status), _) => self.judge_status(status),
            (None, Some(failure)) => self.judge_failure(failure),
            (None, None) => Verdict::fail(),
        }
    }

    fn judge_status(self, status: StatusCode) -> Verdict {
        match (status.as_u16(), self) {
            (501 | 505, Self::Standard) => Verdict::fail(),
            (500..=599, _) => Verdict::retry(),
            (100..=499, _) => Verdict::accept(),
            _ => Verdict::fail(),
        }
    }

    fn judge_failure(self, failure: &Failure) -> Verdict {
        match failure.status() {
            Some(status) if status.is_client_error() => return Verdict::fail(),
            // Its body would not have changed what a 5xx means.
            Some(status) if status.is_server_error() => return self.judge_status(status),
            _ => {}
        }
        match (failure.kind(), self) {
            (FailureKind::ConnectTimeout | FailureKind::HeadTimeout | FailureKind::BodyTimeout, _)
            | (
                FailureKind::Dns
                | FailureKind::Connect
                | FailureKind::Nack
                | FailureKind::ConnectionLost
                | FailureKind::Protocol
                | FailureKind::Body
                | FailureKind::Other,
                Self::Standard,
            ) => Verdict::retry(),
            _ => Verdict::fail(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::operation::Delivery;

    fn status(baseline: Baseline, code: u16) -> Verdict {
        baseline.judge(&Outcome::response(
            StatusCode::from_u16(code).unwrap(),
            &HeaderMap::new(),
        ))
    }

    #[test]
    fn only_what_can_heal_is_retried() {
        for code in 100..=499 {
            assert!(status(Baseline::Standard, code).is_accept(), "{code}");
            assert!(status(Baseline::Strict, code).is_accept(), "{code}");
        }
        for code in 500..=599 {
            assert_eq!(
                status(Baseline::Standard, code).is_retry(),
                ![501, 505].contains(&code),
                "{code}"
            );
            assert!(status(Baseline::Strict, code).is_retry(), "{code}");
        }
        for code in [600, 999] {
            assert_eq!(status(Baseline::Standard, code), Verdict::fail(), "{code}");
        }
    }

    #[test]
    fn strict_retries_no_lost_connection() {
        for (kind, standard, strict) in [
            (FailureKind::ConnectionLost, true, false),
            (FailureKind::Connect, true, false),
            (FailureKind::HeadTimeout, true, true),
            (FailureKind::ConnectTimeout, true, true),
            (FailureKind::BodyTimeout, true, true),
            (FailureKind::Tls, false, false),
            (FailureKind::Request, false, false),
            (FailureKind::BodyTooLarge, false, false),
        ] {
            let failure = Failure::new(kind, Delivery::Unknown);
            let outcome = Outcome::failure(&failure);
            assert_eq!(Baseline::Standard.judge(&outcome).is_retry(), standard, "{kind:?}");
            assert_eq!(Baseline::Strict.judge(&outcome).is_retry(), strict, "{kind:?}");
        }
    }

    #[test]
    fn a_client_error_stays_final_when_its_body_is_cut() {
        let failure = Failure::new(FailureKind::Body, Delivery::ResponseStarted).after_status(StatusCode::NOT_FOUND);
        assert_eq!(Baseline::Standard.judge(&Outcome::failure(&failure)), Verdict::fail());
    }

    #[test]
    fn a_server_error_is_judged_by_its_status_when_its_body_is_cut() {
        for (code, heals) in [(500, true), (501, false), (503, true), (505, false)] {
            let status = StatusCode::from_u16(code).unwrap();
            let failure = Failure::new(FailureKind::BodyTooLarge, Delivery::ResponseStarted).after_status(status);
            assert_eq!(
                Baseline::Standard.judge(&Outcome::failure(&failure)).is_retry(),
                heals,
                "{code}"
            );
        }
    }
}
