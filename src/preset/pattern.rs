use std::borrow::Cow;
use std::fmt;

use url::{Host, Url};

use crate::error::ConfigError;
use crate::operation::{Address, is_below};

/// The addresses that a preset is bound to: scheme, host pattern, port, and the beginning of the path.
///
/// A `*` stands for whole labels of a host, never for a part of one, so that `*.openai.azure.com` matches neither
/// `openai.azure.com.evil.example` nor `evilopenai.azure.com`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    scheme: Box<str>,
    host: HostPattern,
    port: u16,
    path: Box<str>,
}

#[derive(Clone, PartialEq, Eq)]
enum HostPattern {
    Exact(Box<str>),
    /// One label or more before this suffix, which begins with a dot.
    Under(Box<str>),
    /// Exactly one label between a prefix that ends and a suffix that begins with a dot.
    Between(Box<str>, Box<str>),
}

/// An address that patterns are held against, one after the other: its host is read once.
pub(crate) struct Located<'a> {
    address: Address<'a>,
    host: Cow<'a, str>,
}

impl<'a> Located<'a> {
    /// `None` without a host, which no pattern matches.
    pub(crate) fn of(address: Address<'a>) -> Option<Self> {
        let host = address.host()?;
        Some(Self { address, host })
    }

    /// A trailing dot names the same host (RFC 1034 §3.1).
    fn host(&self) -> &str {
        self.host.strip_suffix('.').unwrap_or(&self.host)
    }
}

impl Pattern {
    /// Reads `https://api.example.com`, `https://*.example.com`, `https://api.*.example.com`, with port and path if any.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::read(text).ok_or_else(|| {
            ConfigError::new(
                "origin",
                "scheme://host[:port][/path], in which one `*` may stand for the host's first label or labels, or for one label in its middle, before at least two others",
                format_args!("{text:?}"),
            )
        })
    }

    /// How exactly it names an address; of several that match, the most exact one counts.
    pub(crate) fn exactness(&self) -> usize {
        let host = match self.host {
            HostPattern::Exact(_) => 2,
            HostPattern::Between(..) => 1,
            HostPattern::Under(_) => 0,
        };
        self.path.len() * 3 + host
    }

    pub(crate) fn matches(&self, located: &Located<'_>) -> bool {
        self.is_near(located) && (self.path.is_empty() || is_below(located.address.path(), &self.path))
    }

    /// True if scheme, host and port match, whatever the path.
    pub(crate) fn is_near(&self, located: &Located<'_>) -> bool {
        // The host first: it tells nearly all addresses apart, most of them by its length alone.
        self.host.matches(located.host())
            && located.address.scheme() == Some(&*self.scheme)
            && located.address.port() == Some(self.port)
    }

    fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let star = match rest.matches('*').count() {
            0 => false,
            1 => true,
            _ => return None,
        };
        // With a letter in the place of the star it is a URL like any other, to be put into normal form.
        let url = Url::parse(&format!("{scheme}://{}", rest.replace('*', "x"))).ok()?;
        let plain = url.username().is_empty() && url.password().is_none();
        if !plain || url.query().is_some() || url.fragment().is_some() {
            return None;
        }
        let host = url.host_str()?.trim_end_matches('.');
        let is_name = matches!(url.host()?, Host::Domain(_)) || !star;
        let end = rest.find(['/', ':']).unwrap_or(rest.len());
        let host = if star {
            HostPattern::starred(&rest[..end], host)?
        } else {
            HostPattern::Exact(host.into())
        };
        is_name.then_some(())?;
        Some(Self {
            scheme: url.scheme().into(),
            host,
            port: url.port_or_known_default()?,
            path: url.path().trim_end_matches('/').into(),
        })
    }
}

impl HostPattern {
    /// Takes the star's place from the text, and the labels from the normal form.
    fn starred(text: &str, normal: &str) -> Option<Self> {
        let place = text.split('.').position(|label| label == "*")?;
        let labels: Vec<_> = normal.split('.').collect();
        let after = labels.get(place + 1..)?;
        if after.len() < 2 || after.iter().any(|label| label.is_empty()) {
            return None;
        }
        let suffix = format!(".{}", after.join(".")).into();
        Some(match place {
            0 => Self::Under(suffix),
            _ => Self::Between(format!("{}.", labels[..place].join(".")).into(), suffix),
        })
    }

    fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => host == &**name,
            Self::Under(suffix) => host.strip_suffix(&**suffix).is_some_and(|label| !label.is_empty()),
            Self::Between(prefix, suffix) => host
                .strip_prefix(&**prefix)
                .and_then(|rest| rest.strip_suffix(&**suffix))
                .is_some_and(|label| !label.is_empty() && !label.contains('.')),
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, port, path, .. } = self;
        match &self.host {
            HostPattern::Exact(name) => write!(f, "{scheme}://{name}:{port}{path}"),
            HostPattern::Under(suffix) => write!(f, "{scheme}://*{suffix}:{port}{path}"),
            HostPattern::Between(prefix, suffix) => write!(f, "{scheme}://{prefix}*{suffix}:{port}{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, url: &str) -> bool {
        let url = Url::parse(url).unwrap();
        Pattern::parse(pattern)
            .unwrap()
            .matches(&Located::of(Address::Url(&url)).unwrap())
    }

    #[test]
    fn a_host_is_matched_whole_and_in_any_case() {
        let pattern = "https://api.stripe.com";
        for url in [
            "https://api.stripe.com/v1/charges?x",
            "https://API.STRIPE.COM:443/",
            "https://api.stripe.com./v1",
            "https://user:pass@api.stripe.com/",
        ] {
            assert!(matches(pattern, url), "{url}");
        }
        for url in [
            "http://api.stripe.com/",
            "https://api.stripe.com:8443/",
            "https://api.stripe.com.evil.example/",
            "https://evil-api.stripe.com/",
            "https://x.api.stripe.com/",
            "https://api.stripe.com@evil.example/",
            "https://evil.example/api.stripe.com",
            "https://evil.example/#https://api.stripe.com",
        ] {
            assert!(!matches(pattern, url), "{url}");
        }
    }

    #[test]
    fn a_star_stands_for_whole_labels() {
        for (pattern, url, expected) in [
            ("https://*.openai.azure.com", "https://me.openai.azure.com/x", true),
            ("https://*.openai.azure.com", "https://a.b.openai.azure.com/x", true),
            ("https://*.openai.azure.com", "https://openai.azure.com/", false),
            ("https://*.openai.azure.com", "https://evilopenai.azure.com/", false),
            (
                "https://*.openai.azure.com",
                "https://me.openai.azure.com.evil.example/",
                false,
            ),
            (
                "https://bedrock-runtime.*.amazonaws.com",
                "https://bedrock-runtime.us-east-1.amazonaws.com/",
                true,
            ),
            (
                "https://bedrock-runtime.*.amazonaws.com",
                "https://bedrock-runtime.a.b.amazonaws.com/",
                false,
            ),
            (
                "https://bedrock-runtime.*.amazonaws.com",
                "https://bedrock-runtime.amazonaws.com/",
                false,
            ),
            (
                "https://bedrock-runtime.*.amazonaws.com",
                "https://x.bedrock-runtime.us.amazonaws.com/",
                false,
            ),
            ("https://a.example/v2/", "https://a.example/v2/x", true),
            ("https://a.example/v2/", "https://a.example/v2", true),
            ("https://a.example/v2/", "https://a.example/v21", false),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/x", true),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8081/x", false),
        ] {
            assert_eq!(matches(pattern, url), expected, "{pattern} {url}");
        }
    }

    #[test]
    fn what_would_match_too_much_is_refused() {
        for text in [
            "*",
            "https://*",
            "https://*.com",
            "https://a.*.com",
            "https://a*.example.com",
            "https://a.b.*",
            "https://*.*.example.com",
            "https://u:p@a.example",
            "https://a.example?x",
            "https://a.example/*",
            "api.stripe.com",
            "",
            "https://",
            "mailto:x@y.example",
            "https://*.127.0.0.1",
            "https://*.example.com.",
        ] {
            let parsed = Pattern::parse(text);
            let harmless = text == "https://*.example.com.";
            assert_eq!(parsed.is_ok(), harmless, "{text}: {parsed:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_pattern_or_an_error(text in "\\PC{0,60}", host in "[a-z.*:/]{0,30}") {
            let _ = Pattern::parse(&text);
            let _ = Pattern::parse(&format!("https://{host}"));
        }
    }
}
