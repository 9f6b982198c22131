use std::time::Duration;

use http::{HeaderValue, StatusCode};

use super::Setup;
use crate::classify::Verdict;
use crate::hedge::Hedge;
use crate::operation::{Attempt, Effect, Hop, KeySettings, Outcome};
use crate::preset::Preset;
use crate::retry::RetryPolicy;

/// What an operation is given to go by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) setup: &'a Setup,
    /// The request's own, or the client's.
    pub(crate) policy: &'a RetryPolicy,
    pub(crate) preset: Option<&'a Preset>,
    pub(crate) attempt_timeout: Duration,
}

impl<'a> Plan<'a> {
    /// Where the key goes, and what an answer says of it: as the preset has it, else the client.
    pub(crate) fn key(&self) -> &'a KeySettings {
        self.preset.map_or(&self.setup.settings.key, Preset::key_settings)
    }

    pub(super) fn hedge(&self) -> Option<&'a Hedge> {
        self.setup.settings.hedge.as_ref()
    }

    /// What an outcome means; when it arrived is added to it, where a classifier may ask for that.
    pub(super) fn judge(&self, outcome: &mut Outcome<'_>) -> Verdict {
        let is_success = outcome.status().is_some_and(|status| status.is_success());
        if !is_success {
            // For dates in headers, which a success is not asked for.
            outcome.has_arrived(self.setup.clock.wall());
        }
        let verdict = self.verdict(outcome);
        if is_success && !verdict.is_accept() {
            outcome.has_arrived(self.setup.clock.wall());
        }
        verdict
    }

    /// An attempt as the receipt keeps it.
    #[inline]
    pub(super) fn attempt(
        &self,
        outcome: &Outcome<'_>,
        verdict: &Verdict,
        (effect, started, took): (Effect, Duration, Duration),
        hops: &[Hop],
    ) -> Attempt {
        let told = (verdict.problem(), self.request_id(outcome));
        Attempt::new(outcome, effect, (started, took), hops, told)
    }

    fn request_id<'o>(&self, outcome: &Outcome<'o>) -> Option<&'o HeaderValue> {
        outcome.headers()?.get(self.preset?.request_id_header()?)
    }

    /// The request's classifiers are asked first, then the client's and the preset's; the first one's table answers last.
    fn verdict(&self, outcome: &Outcome<'_>) -> Verdict {
        let own = self.policy.opinion(outcome);
        let opinion = own.or_else(|| {
            if self.policy.is(self.client()) {
                None
            } else {
                self.client().opinion(outcome)
            }
        });
        let opinion = opinion.or_else(|| self.preset?.opinion(outcome));
        opinion.unwrap_or_else(|| self.policy.by_table(outcome))
    }

    /// Whether anyone who is asked wants to see the body of an error with this status.
    pub(super) fn wants_body(&self, status: StatusCode) -> bool {
        self.policy.wants_body(status)
            || self.client().wants_body(status)
            || self.preset.is_some_and(|preset| preset.asks_for_body(status))
    }

    fn client(&self) -> &'a RetryPolicy {
        &self.setup.settings.policy
    }
}
