use std::time::{Duration, SystemTime};

use http::header::DATE;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::facts::{Facts, RateLimit};
use super::json;
use super::reset::{self, ResetFormat};
use crate::classify::Verdict;
use crate::operation::{KeySupport, Outcome};

impl Facts {
    /// What an outcome means at this provider.
    ///
    /// Asked in this order: the preset's own classifiers; the rules, of which a known problem is final whatever a hint
    /// says; the provider's hint header, which wins over the status, but takes nothing away from what a rule knows of the
    /// effect. A wish to wait that the answer holds is added to any retry.
    pub(super) fn opinion(&self, outcome: &Outcome<'_>) -> Option<Verdict> {
        if let Some(opinion) = self.classifiers.opinion(outcome) {
            return Some(opinion);
        }
        let (status, headers) = (outcome.status()?, outcome.headers()?);
        if status.as_u16() < 400 {
            return None;
        }
        if outcome.is_replayed() && status.is_server_error() {
            // The engine ends it, whatever a hint says, and tells why.
            return None;
        }
        let ruled = self.rule(status, headers, outcome);
        let verdict = match (ruled, self.hint(headers)) {
            (Some(ruled), _) if ruled.problem().is_some() && !ruled.is_retry() => ruled,
            (Some(ruled), Some(Hint::Retry)) if ruled.is_retry() => ruled,
            (Some(ruled), Some(Hint::Stop)) if ruled.problem().is_some() => ruled.but_final(),
            (_, Some(Hint::Retry)) => Verdict::retry(),
            (_, Some(Hint::Stop)) if status.is_server_error() || ruled.is_some_and(|ruled| ruled.is_retry()) => {
                Verdict::fail()
            }
            (ruled, _) => ruled?,
        };
        Some(match self.wish(headers, outcome) {
            Some(wait) => verdict.not_before(wait),
            None => verdict,
        })
    }

    /// Whether a rule needs the body of answers with this status.
    pub(super) fn wants_body(&self, status: StatusCode) -> bool {
        let delayed = self.delay_at.is_some() && matches!(status.as_u16(), 429 | 503);
        delayed
            || self.rules.iter().any(|rule| rule.needs_body() && rule.covers(status))
            || self.classifiers.wants_body(status)
    }

    fn rule(&self, status: StatusCode, headers: &HeaderMap, outcome: &Outcome<'_>) -> Option<Verdict> {
        let body = outcome.body();
        let codes = self.codes(headers, body);
        let rule = self.rules.iter().find(|rule| {
            let present = rule
                .field_path()
                .is_none_or(|path| body.is_some_and(|body| !json::codes(body, &[path.into()]).is_empty()));
            let founded = !rule.presumes_a_key() || outcome.may_be_keyed();
            rule.covers(status) && founded && present && rule.matches(headers, &codes)
        })?;
        let verdict = rule.verdict();
        let asked = headers.contains_key(http::header::RETRY_AFTER);
        Some(match rule.wait().filter(|_| !asked) {
            Some(wait) => verdict.not_before(wait),
            None => verdict,
        })
    }

    /// False if the request was sent where keys are known not to be honoured.
    pub(super) fn may_honor_key(&self, outcome: &Outcome<'_>) -> bool {
        let honored = |path| self.key.support_on(|| path) == KeySupport::Honored;
        outcome.path().is_none_or(honored)
    }

    fn codes(&self, headers: &HeaderMap, body: Option<&[u8]>) -> Vec<String> {
        let mut codes = body.map_or_else(Vec::new, |body| json::codes(body, &self.codes_at));
        let header = self
            .code_header
            .as_ref()
            .and_then(|name| headers.get(name)?.to_str().ok());
        // AWS puts a URL after a colon, and a namespace before a number sign.
        codes.extend(header.and_then(|value| value.split(':').next()).map(str::to_owned));
        for code in &mut codes {
            if let Some((_, name)) = code.rsplit_once('#') {
                *code = name.to_owned();
            }
        }
        codes
    }

    fn hint(&self, headers: &HeaderMap) -> Option<Hint> {
        match headers.get(self.hint_header.as_ref()?)?.as_bytes() {
            b"true" => Some(Hint::Retry),
            b"false" => Some(Hint::Stop),
            _ => None,
        }
    }

    /// How long the provider wants us to wait, where it says so in its own way; `Retry-After` takes precedence
    /// (draft-ietf-httpapi-ratelimit-headers-10).
    fn wish(&self, headers: &HeaderMap, outcome: &Outcome<'_>) -> Option<Duration> {
        if outcome.retry_after().is_some() {
            return None;
        }
        let now = sent_at(headers).or(outcome.received());
        let limits = self.rate_limits.iter().filter_map(|limit| limit.wait(headers, now));
        let told = match (&self.delay_at, outcome.body()) {
            (Some(path), Some(body)) => {
                let texts = json::codes(body, std::slice::from_ref(path));
                texts
                    .iter()
                    .filter_map(|text| reset::wait(text, ResetFormat::Units, now))
                    .max()
            }
            _ => None,
        };
        limits.max().max(told)
    }
}

impl RateLimit {
    /// The wait, if this limit is the one that is used up.
    fn wait(&self, headers: &HeaderMap, now: Option<SystemTime>) -> Option<Duration> {
        let text = |value: &HeaderValue| value.to_str().ok().map(|text| text.trim().to_owned());
        let remaining = headers.get(&self.remaining).and_then(text)?;
        if remaining != "0" {
            return None;
        }
        reset::wait(&headers.get(&self.reset).and_then(text)?, self.format, now)
    }
}

#[derive(Clone, Copy)]
enum Hint {
    Retry,
    Stop,
}

fn sent_at(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}
