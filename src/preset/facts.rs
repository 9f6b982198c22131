use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::pattern::Pattern;
use super::reset::ResetFormat;
use super::rule::Rule;
use super::stream_end::StreamEnd;
use crate::classify::Chain;
use crate::operation::KeySettings;

/// All that a preset holds.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) name: Arc<str>,
    pub(super) origins: Vec<Pattern>,
    pub(super) key: KeySettings,
    pub(super) request_id: Option<HeaderName>,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) total_timeout: Option<Duration>,
    pub(super) hint_header: Option<HeaderName>,
    pub(super) code_header: Option<HeaderName>,
    pub(super) codes_at: Vec<Box<str>>,
    pub(super) delay_at: Option<Box<str>>,
    pub(super) rate_limits: Vec<RateLimit>,
    pub(super) rules: Vec<Rule>,
    pub(super) classifiers: Chain,
    pub(super) stream_end: Option<StreamEnd>,
}

/// A rate limit as its headers tell it.
#[derive(Clone, Debug)]
pub(super) struct RateLimit {
    pub(super) remaining: HeaderName,
    pub(super) reset: HeaderName,
    pub(super) format: ResetFormat,
}
