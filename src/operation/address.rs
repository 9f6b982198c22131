use std::borrow::Cow;
use std::fmt;

use http::Uri;
use url::Url;

use super::receipt::origin_of;
use super::{Origin, Scope, Short};

/// Where a request goes: a URL, or a URI as a stack of services passes it on.
///
/// Read when asked, not before: most of it is for spans that nobody listens to.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(any(feature = "tower", test)),
    expect(dead_code, reason = "the client knows URLs alone")
)]
pub(crate) enum Address<'a> {
    /// In normal form.
    Url(&'a Url),
    /// As the caller wrote it; one without an authority names no origin.
    Uri(&'a Uri),
    /// A path at an origin that is known otherwise.
    At(&'a Origin, &'a Uri),
}

impl<'a> Address<'a> {
    /// The scheme in lower case, as both parsers give those they know.
    pub(crate) fn scheme(self) -> Option<&'a str> {
        match self {
            Self::Url(url) => Some(url.scheme()),
            Self::At(origin, _) => Some(origin.scheme()),
            Self::Uri(uri) => uri.scheme_str(),
        }
    }

    /// The host in lower case.
    pub(crate) fn host(self) -> Option<Cow<'a, str>> {
        let host = match self {
            Self::Url(url) => return url.host_str().map(Cow::Borrowed),
            Self::At(origin, _) => return Some(Cow::Borrowed(origin.host())),
            Self::Uri(uri) => uri.host().filter(|host| !host.is_empty())?,
        };
        let is_lower = !host.bytes().any(|byte| byte.is_ascii_uppercase());
        Some(if is_lower {
            Cow::Borrowed(host)
        } else {
            Cow::Owned(host.to_ascii_lowercase())
        })
    }

    /// The port, also where the scheme's default is meant.
    pub(crate) fn port(self) -> Option<u16> {
        match self {
            Self::Url(url) => url.port_or_known_default(),
            Self::At(origin, _) => Some(origin.port()),
            Self::Uri(uri) => uri.port_u16().or_else(|| default_port(self.scheme()?)),
        }
    }

    pub(crate) fn path(self) -> &'a str {
        match self {
            Self::Url(url) => url.path(),
            Self::Uri(uri) | Self::At(_, uri) => uri.path(),
        }
    }

    /// Under what the origin's breaker and budget are kept.
    pub(crate) fn scope(self) -> Option<Scope> {
        match self {
            Self::Url(url) => Scope::of_url(url),
            Self::At(origin, _) => Some(origin.into()),
            Self::Uri(_) => Some(Scope::of_parts(self.scheme()?, &self.host()?, self.port()?)),
        }
    }

    pub(crate) fn origin(self) -> Option<Origin> {
        match self {
            Self::Url(url) => Origin::of(url),
            Self::At(origin, _) => Some(origin.clone()),
            Self::Uri(_) => Some(Origin::of_parts(self.scheme()?, &self.host()?, self.port()?)),
        }
    }

    /// Scheme, host and port for a receipt, a default port left out; `-` where there is no origin.
    pub(crate) fn text(self) -> Short {
        let (scheme, host, port) = match self {
            Self::Url(url) => return origin_of(url),
            Self::At(origin, _) => (origin.scheme(), Cow::Borrowed(origin.host()), Some(origin.port())),
            Self::Uri(_) => match (self.scheme(), self.host()) {
                (Some(scheme), Some(host)) => (scheme, host, self.port()),
                _ => return "-".into(),
            },
        };
        match port.filter(|port| default_port(scheme) != Some(*port)) {
            Some(port) => (&*format!("{scheme}://{host}:{port}")).into(),
            None => (&*format!("{scheme}://{host}")).into(),
        }
    }
}

/// Neither path nor query: they may hold secrets.
impl fmt::Debug for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", &*self.text())
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A URI and the URL of the same text are one address to breaker, budget and receipt.
    #[test]
    fn a_uri_and_a_url_of_one_text_have_one_origin() {
        for text in [
            "https://api.example.com/v1?x=1",
            "HTTPS://API.Example.com:443/v1",
            "https://API.Example.com./v1",
            "http://127.0.0.1:8080/",
            "http://[::1]:80/x",
            "https://user:secret@api.example.com/",
        ] {
            let (url, uri) = (Url::parse(text).unwrap(), text.parse::<Uri>().unwrap());
            let (known, written) = (Address::Url(&url), Address::Uri(&uri));
            assert_eq!(written.scope(), known.scope(), "{text}");
            assert_eq!(written.origin(), known.origin(), "{text}");
            assert_eq!(&*written.text(), &*known.text(), "{text}");
            assert_eq!((written.host(), written.port()), (known.host(), known.port()), "{text}");
            assert_eq!(written.path(), known.path(), "{text}");
            assert!(!format!("{written:?}").contains("secret"));
        }
    }

    #[test]
    fn a_path_has_the_origin_that_is_named_or_none() {
        let (uri, origin) = (Uri::from_static("/v1"), "https://a.example:8443".parse().unwrap());
        let bare = Address::Uri(&uri);
        assert_eq!((bare.scope(), bare.origin(), &*bare.text()), (None, None, "-"));
        let at = Address::At(&origin, &uri);
        assert_eq!(at.scope(), Some(Scope::from(&origin)));
        assert_eq!((&*at.text(), at.path()), ("https://a.example:8443", "/v1"));
    }
}
