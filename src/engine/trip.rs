use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, StatusCode};

use super::{Landing, Sent};
use crate::operation::{Delivery, Failure, FailureKind, Hop, Outcome, Seldom};

/// How one attempt goes: what is known of it while it is under way, and no longer than that.
#[derive(Default)]
pub(crate) struct Trip {
    pub(super) progress: Progress,
    /// When its time is up.
    pub(super) until: Option<Instant>,
    /// True while the caller's hook is asked.
    pub(super) asks: bool,
    detour: Seldom<Detour>,
}

/// What happens on the way of few attempts.
#[derive(Default)]
pub(super) struct Detour {
    pub(super) hops: Vec<Hop>,
    pub(super) landing: Option<Landing>,
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
        self.detour.get().map_or(&[], |detour| &detour.hops)
    }

    /// For noting what few attempts meet.
    pub(super) fn detour(&mut self) -> &mut Detour {
        self.detour.get_or_default()
    }

    /// Who answers for the attempt, if redirects led away from the first origin and not back to it.
    pub(super) fn landing(&self) -> Option<&Landing> {
        self.detour.get()?.landing.as_ref()
    }

    /// Adds to an outcome what happened on the way to it.
    #[inline]
    pub(super) fn tells<'a>(&'a self, outcome: &mut Outcome<'a>, method: &Method) {
        if let Some(detour) = self.detour.get() {
            detour.tells(outcome, method);
        }
    }

    /// Says how far the attempt had come when its time ran out.
    #[cold]
    pub(super) fn timed_out(&self) -> Failure {
        let failure = match self.progress {
            Progress::NothingSent => Failure::new(FailureKind::HeadTimeout, Delivery::NeverSent),
            Progress::Sent => Failure::new(FailureKind::HeadTimeout, Delivery::Unknown),
            Progress::Head(head) => head.without_body(FailureKind::BodyTimeout),
        };
        if self.asks { failure.at_home() } else { failure }
    }

    /// Ends it with a failure, to which it adds where that happened.
    #[cold]
    pub(super) fn fails<T>(&self, failure: Box<Failure>) -> Sent<T> {
        Err(if self.hops().is_empty() {
            failure
        } else {
            failure.after_redirect().into()
        })
    }
}

impl Detour {
    #[cold]
    fn tells<'a>(&'a self, outcome: &mut Outcome<'a>, method: &Method) {
        let asked = std::iter::once(method).chain(self.hops.iter().map(Hop::method));
        let diverts =
            |(hop, asked): (&Hop, &Method)| matches!(hop.status().as_u16(), 301 | 302) && hop.method() != asked;
        if let Some(seen) = &self.seen {
            *outcome = outcome.with_body(seen);
        }
        if self.moved {
            *outcome = outcome.after_unseen_redirect();
        }
        if self.hops.iter().zip(asked).any(diverts) {
            *outcome = outcome.after_diversion();
        } else if !self.hops.is_empty() {
            *outcome = outcome.after_redirect();
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
