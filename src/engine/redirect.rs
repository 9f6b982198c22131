use http::header::LOCATION;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

/// Which redirects are followed; all others are the answer, `Ok` with a 3xx.
///
/// reqwest follows none: its policy sees neither method nor headers, re-sends bodies and lets the key, API keys and the
/// query leak to other origins. The engine follows at most 10 per attempt, and every hop is in the receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Redirects {
    /// To the same origin; to another one only GET and HEAD, without key, `Referer` or any header the caller set.
    #[default]
    AnyOrigin,
    /// To the same origin only: 307 and 308 keep method, body and key; 301, 302 and 303 after a POST become a GET
    /// without body and key (RFC 9110 §15.4).
    SameOrigin,
    /// None.
    Never,
}

impl Redirects {
    /// As browsers and reqwest: a loop ends after ten.
    pub(super) const MOST: usize = 10;
}

/// The request that follows a redirect.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) carry: Carry,
}

/// What travels with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carry {
    /// Headers, key and body.
    Everything,
    /// Headers, without key and body.
    Headers,
    /// Nothing that the caller set.
    Nothing,
}

impl Carry {
    /// What travels on when both of two hops have a say.
    pub(super) fn weaker(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) => Self::Nothing,
            (Self::Headers, _) | (_, Self::Headers) => Self::Headers,
            (Self::Everything, Self::Everything) => Self::Everything,
        }
    }
}

/// Decides what follows a 3xx; `None` makes it the answer.
pub(super) fn next(
    rule: Redirects,
    (method, url): (&Method, &Url),
    (status, headers): (StatusCode, &HeaderMap),
) -> Option<Next> {
    let became_get = match status.as_u16() {
        303 => *method != Method::HEAD && *method != Method::GET,
        301 | 302 => *method == Method::POST,
        307 | 308 => false,
        _ => return None,
    };
    let target = resolve(url, headers)?;
    let method = if became_get { Method::GET } else { method.clone() };
    let carry = match (rule, same_origin(url, &target)) {
        (Redirects::Never, _) | (Redirects::SameOrigin, false) => return None,
        (Redirects::AnyOrigin, false) if method != Method::GET && method != Method::HEAD => return None,
        (Redirects::AnyOrigin, false) => Carry::Nothing,
        (_, true) if became_get => Carry::Headers,
        (_, true) => Carry::Everything,
    };
    Some(Next {
        method,
        url: target,
        carry,
    })
}

/// Resolves `Location`; credentials in it are dropped, the fragment is inherited (RFC 9110 §10.2.2).
fn resolve(url: &Url, headers: &HeaderMap) -> Option<Url> {
    let location = std::str::from_utf8(headers.get(LOCATION)?.as_bytes()).ok()?;
    let mut target = url.join(location).ok()?;
    if !matches!(target.scheme(), "http" | "https") || target.host().is_none() {
        return None;
    }
    target.set_username("").ok()?;
    target.set_password(None).ok()?;
    if target.fragment().is_none() {
        target.set_fragment(url.fragment());
    }
    Some(target)
}

pub(super) fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && a.host() == b.host() && a.port_or_known_default() == b.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn follow(rule: Redirects, method: &Method, status: u16, location: &str) -> Option<(String, String, Carry)> {
        let url = Url::parse("https://api.example.com/v1/charges?token=s#frag").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, HeaderValue::from_str(location).unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        let next = next(rule, (method, &url), (status, &headers))?;
        Some((next.method.to_string(), next.url.to_string(), next.carry))
    }

    fn hop(method: &str, url: impl Into<String>, carry: Carry) -> (String, String, Carry) {
        (method.into(), url.into(), carry)
    }

    #[test]
    fn to_the_same_origin_307_and_308_keep_everything() {
        for status in [307, 308] {
            let next = follow(Redirects::AnyOrigin, &Method::POST, status, "/v2/charges");
            assert_eq!(
                next,
                Some(hop(
                    "POST",
                    "https://api.example.com/v2/charges#frag",
                    Carry::Everything
                ))
            );
        }
    }

    #[test]
    fn a_post_becomes_a_get_without_body_and_key() {
        for status in [301, 302, 303] {
            let next = follow(Redirects::SameOrigin, &Method::POST, status, "done#x");
            assert_eq!(
                next,
                Some(hop("GET", "https://api.example.com/v1/done#x", Carry::Headers)),
                "{status}"
            );
        }
        let put = follow(Redirects::AnyOrigin, &Method::PUT, 301, "/x");
        assert_eq!(
            put,
            Some(hop("PUT", "https://api.example.com/x#frag", Carry::Everything))
        );
        let put = follow(Redirects::AnyOrigin, &Method::PUT, 303, "/x");
        assert_eq!(put, Some(hop("GET", "https://api.example.com/x#frag", Carry::Headers)));
    }

    #[test]
    fn to_another_origin_only_get_and_head_and_nothing_of_the_callers() {
        for other in [
            "https://evil.example/x",
            "http://api.example.com/x",
            "https://api.example.com:444/x",
        ] {
            for status in [307, 308] {
                assert_eq!(
                    follow(Redirects::AnyOrigin, &Method::POST, status, other),
                    None,
                    "{status} {other}"
                );
            }
            assert_eq!(follow(Redirects::AnyOrigin, &Method::DELETE, 302, other), None);
            let next = follow(Redirects::AnyOrigin, &Method::GET, 307, other);
            assert_eq!(next, Some(hop("GET", format!("{other}#frag"), Carry::Nothing)));
            assert_eq!(follow(Redirects::SameOrigin, &Method::GET, 307, other), None);
        }
    }

    #[test]
    fn what_cannot_be_followed_is_the_answer() {
        for location in [
            "ftp://api.example.com/",
            "javascript:alert(1)",
            "https://",
            "mailto:a@b",
            "data:,x",
        ] {
            assert_eq!(
                follow(Redirects::AnyOrigin, &Method::GET, 302, location),
                None,
                "{location}"
            );
        }
        for status in [300, 304, 305, 306] {
            assert_eq!(
                follow(Redirects::AnyOrigin, &Method::GET, status, "/x"),
                None,
                "{status}"
            );
        }
        assert_eq!(follow(Redirects::Never, &Method::GET, 302, "/x"), None);
    }

    #[test]
    fn credentials_in_a_location_are_dropped() {
        let next = follow(
            Redirects::AnyOrigin,
            &Method::GET,
            302,
            "https://user:pass@evil.example/",
        );
        assert_eq!(next, Some(hop("GET", "https://evil.example/#frag", Carry::Nothing)));
    }
}
