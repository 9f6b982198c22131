use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use super::Landing;
use crate::operation::{Delivery, Failure, FailureKind, Hop};

/// How one attempt goes: what is known of it while it is under way, and no longer than that.
#[derive(Default)]
pub(crate) struct Trip {
    pub(super) hops: Vec<Hop>,
    /// Boxed: few attempts leave their origin.
    pub(super) landing: Option<Box<Landing>>,
    pub(super) progress: Progress,
    /// True if the client underneath followed redirects on its own account.
    pub(super) moved: bool,
    /// The beginning of an error's body, where a classifier asked for it.
    pub(super) seen: Option<Bytes>,
}

/// How far an attempt has come.
#[derive(Clone, Copy, Default)]
pub(super) enum Progress {
    #[default]
    NothingSent,
    Sent,
    Head(Head),
}

/// What a response head said, for the case that its body fails.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<Duration>,
}

impl Trip {
    /// The redirects that were followed.
    pub(super) fn hops(&self) -> &[Hop] {
        &self.hops
    }

    /// Who answers for the attempt, if redirects led away from the first origin and not back to it.
    pub(super) fn landing(&self) -> Option<&Landing> {
        self.landing.as_deref()
    }

    /// Says how far the attempt had come when its time ran out.
    pub(super) fn timed_out(&self) -> Failure {
        match self.progress {
            Progress::NothingSent => Failure::new(FailureKind::HeadTimeout, Delivery::NeverSent),
            Progress::Sent => Failure::new(FailureKind::HeadTimeout, Delivery::Unknown),
            Progress::Head(head) => head.without_body(FailureKind::BodyTimeout),
        }
    }

    /// Adds to a failure where it happened.
    pub(super) fn placed(&self, failure: Failure) -> Failure {
        if self.hops.is_empty() {
            failure
        } else {
            failure.after_redirect()
        }
    }
}

impl Head {
    pub(super) fn without_body(self, kind: FailureKind) -> Failure {
        Failure::new(kind, Delivery::ResponseStarted)
            .after_status(self.status)
            .asking_to_wait(self.retry_after)
    }
}
