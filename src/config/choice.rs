use std::borrow::Cow;

use super::scalar::Scalar;
use super::value::Value;
use crate::breaker::Mode;
use crate::classify::Baseline;
use crate::engine::Redirects;
use crate::operation::{FailureKind, KeyFormat, KeySupport};
use crate::retry::Replay;

/// Which table says what an outcome means where no classifier has an opinion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Classification {
    /// The standard table: 5xx but 501 and 505, time limits, lost connections.
    #[default]
    Standard,
    /// 5xx and time limits alone, as [`RetryPolicy::strict`](crate::RetryPolicy::strict).
    Strict,
}

impl From<Baseline> for Classification {
    fn from(baseline: Baseline) -> Self {
        match baseline {
            Baseline::Standard => Self::Standard,
            Baseline::Strict => Self::Strict,
        }
    }
}

/// A setting that is one of a few words.
trait Choice: Copy + PartialEq + 'static {
    const WORDS: &'static [(&'static str, Self)];
}

impl<T: Choice> Value for T {
    fn form() -> Cow<'static, str> {
        let words: Vec<_> = T::WORDS.iter().map(|(word, _)| format!("{word:?}")).collect();
        words.join(" or ").into()
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        let text = scalar.text()?;
        let found = T::WORDS.iter().find(|(word, _)| *word == text)?;
        Some(found.1)
    }

    fn write(&self) -> Scalar {
        let found = T::WORDS.iter().find(|(_, value)| value == self);
        found.map_or(Scalar::Other("unknown"), |(word, _)| Scalar::Text((*word).to_owned()))
    }
}

impl Choice for Classification {
    const WORDS: &'static [(&'static str, Self)] = &[("standard", Self::Standard), ("strict", Self::Strict)];
}

impl Choice for Mode {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("normal", Self::Normal),
        ("observe_only", Self::ObserveOnly),
        ("retries_only", Self::RetriesOnly),
    ];
}

impl Choice for Redirects {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("any_origin", Self::AnyOrigin),
        ("same_origin", Self::SameOrigin),
        ("never", Self::Never),
    ];
}

impl Choice for Replay {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("when_untouched", Self::WhenUntouched),
        ("at_least_once", Self::AtLeastOnce),
    ];
}

/// As receipts write them.
impl Choice for FailureKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("request", Self::Request),
        ("hook", Self::Hook),
        ("unready", Self::Unready),
        ("dns", Self::Dns),
        ("connect", Self::Connect),
        ("connect_timeout", Self::ConnectTimeout),
        ("tls", Self::Tls),
        ("proxy_auth", Self::ProxyAuth),
        ("nack", Self::Nack),
        ("connection_lost", Self::ConnectionLost),
        ("protocol", Self::Protocol),
        ("head_timeout", Self::HeadTimeout),
        ("body_timeout", Self::BodyTimeout),
        ("body", Self::Body),
        ("body_too_large", Self::BodyTooLarge),
        ("other", Self::Other),
    ];
}

impl Choice for KeyFormat {
    const WORDS: &'static [(&'static str, Self)] = &[("raw", Self::Raw), ("quoted", Self::Quoted)];
}

impl Choice for KeySupport {
    const WORDS: &'static [(&'static str, Self)] = &[("honored", Self::Honored), ("ignored", Self::Ignored)];
}
