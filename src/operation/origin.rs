use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::num::NonZeroU64;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use url::Url;

/// Where a request goes: scheme, host and port.
///
/// Circuit breakers and retry budgets are kept per origin, because that is what fails together. Two URLs are of one
/// origin when these three are equal, the scheme's default port filled in (RFC 6454 §4). Cloning copies a pointer.
///
/// # Examples
///
/// ```
/// use steadfast::Origin;
///
/// let origin: Origin = "https://api.example.com/v1/charges?page=2".parse()?;
/// assert_eq!(origin.to_string(), "https://api.example.com:443");
/// assert_eq!(origin, "https://API.example.com:443".parse()?);
/// # Ok::<(), steadfast::ParseOriginError>(())
/// ```
#[derive(Clone)]
pub struct Origin {
    /// The displayed form; scheme and host are ranges of it.
    text: Arc<str>,
    scheme_end: usize,
    host_end: usize,
    port: u16,
    scope: Scope,
}

impl Origin {
    /// Takes the origin of a URL; `None` when it has no host, or no port is known for its scheme.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let (scheme, host, port) = parts(url)?;
        Some(Self::of_parts(scheme, host, port))
    }

    /// Puts one together; scheme and host are in normal form.
    pub(crate) fn of_parts(scheme: &str, host: &str, port: u16) -> Self {
        Self {
            text: format!("{scheme}://{host}:{port}").into(),
            scheme_end: scheme.len(),
            host_end: scheme.len() + "://".len() + host.len(),
            port,
            scope: Scope::of_parts(scheme, host, port),
        }
    }

    /// The scheme in lower case, such as `https`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.text[..self.scheme_end]
    }

    /// The host in lower case, in ASCII form; an IPv6 address keeps its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.text[self.scheme_end + "://".len()..self.host_end]
    }

    /// The port, also where the URL left it to the scheme's default.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Origin {
    type Err = ParseOriginError;

    /// Reads the origin of an absolute URL; anything after the port is ignored.
    fn from_str(text: &str) -> Result<Self, ParseOriginError> {
        // The source would quote nothing of the URL, but it would put another crate's type into the public API.
        let url = Url::parse(text).ok().ok_or(ParseOriginError(()))?;
        Self::of(&url).ok_or(ParseOriginError(()))
    }
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        // The scope first: it tells nearly all unequal origins apart without reading their text.
        self.scope == other.scope && self.text == other.text
    }
}

impl Eq for Origin {}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.scope.hash(state);
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({})", self.text)
    }
}

/// Text that is no absolute URL with a host.
///
/// The message does not repeat the text, which may hold credentials.
#[derive(Debug)]
pub struct ParseOriginError(());

impl fmt::Display for ParseOriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an absolute URL with a host and a known port")
    }
}

impl std::error::Error for ParseOriginError {}

/// What shares one breaker and one budget: an origin, or a named part of it.
///
/// A scope is a 64-bit hash (`SipHash`) under a key that the process draws at random, computed once and then used for the
/// breaker's and the budget's lookup alike. It is never stored or sent. Two scopes with the same hash would share a
/// breaker and a budget, nothing worse; among 1,024 of them the chance is about 2⁻⁴⁵, and nobody outside can aim for it.
///
/// # Examples
///
/// ```
/// use steadfast::{Origin, Scope};
///
/// let origin: Origin = "https://api.example.com".parse()?;
/// let tenant = Scope::within(&origin, "tenant-7");
/// assert_ne!(Scope::from(&origin), tenant);
/// assert_eq!(tenant, Scope::within(&origin, "tenant-7"));
/// # Ok::<(), steadfast::ParseOriginError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope(NonZeroU64);

impl Scope {
    /// Names a part of an origin: a route, a tenant, a region.
    ///
    /// Always within the origin: a breaker shared by unrelated hosts refuses calls that would have succeeded.
    #[must_use]
    pub fn within(origin: &Origin, part: &str) -> Self {
        Self::hash(|hasher| (origin.scope.0, part).hash(hasher))
    }

    /// Names what is no origin: a database, a queue, whatever fails as one.
    ///
    /// A name is never an origin: `Scope::named("https://api.example.com:443")` is not that host's scope.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast::Scope;
    ///
    /// assert_eq!(Scope::named("orders-db"), Scope::named("orders-db"));
    /// assert_ne!(Scope::named("orders-db"), Scope::named("users-db"));
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Self {
        // A length that no host has keeps names and origins apart.
        Self::hash(|hasher| (u64::MAX, name).hash(hasher))
    }

    /// Takes the scope of a URL's origin without building the [`Origin`].
    pub(crate) fn of_url(url: &Url) -> Option<Self> {
        let (scheme, host, port) = parts(url)?;
        Some(Self::of_parts(scheme, host, port))
    }

    /// Fed in two pieces, since every short one costs as much as a long one. A host is ASCII, so the end of an unusual
    /// scheme cannot be taken for a part of it.
    pub(crate) fn of_parts(scheme: &str, host: &str, port: u16) -> Self {
        Self::hash(|hasher| {
            let tag = match scheme {
                "http" => 1,
                "https" => 2,
                _ => {
                    scheme.hash(hasher);
                    0
                }
            };
            hasher.write(host.as_bytes());
            hasher.write_u32(tag << 16 | u32::from(port));
        })
    }

    /// The hash; never zero, so that zero can stand for "nobody" in a table.
    pub(crate) fn bits(self) -> u64 {
        self.0.get()
    }

    fn hash(feed: impl FnOnce(&mut <RandomState as BuildHasher>::Hasher)) -> Self {
        let mut hasher = KEYS.build_hasher();
        feed(&mut hasher);
        Self(NonZeroU64::new(hasher.finish()).unwrap_or(NonZeroU64::MIN))
    }
}

impl From<&Origin> for Scope {
    fn from(origin: &Origin) -> Self {
        origin.scope
    }
}

/// The scope of what was given no other: all of it fails as one.
impl Default for Scope {
    fn default() -> Self {
        Self(NonZeroU64::MIN)
    }
}

impl fmt::Debug for Scope {
    /// Shows no hash: its value means nothing outside this process and would help who wants to find collisions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scope(..)")
    }
}

fn parts(url: &Url) -> Option<(&str, &str, u16)> {
    let host = url.host_str().filter(|host| !host.is_empty())?;
    Some((url.scheme(), host, url.port_or_known_default()?))
}

/// The secret of the hash. One per process and not one per breaker or budget, so that a scope can be computed once and
/// looked up in any of them. It carries no state: nothing depends on its value but which names collide.
static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap()
    }

    #[test]
    fn default_ports_are_filled_in_and_everything_after_the_port_is_ignored() {
        let plain = origin("https://api.example.com");
        assert_eq!(plain, origin("https://user:secret@API.example.com:443/a/b?c=d#e"));
        assert_eq!(
            (plain.scheme(), plain.host(), plain.port()),
            ("https", "api.example.com", 443)
        );
        assert_eq!(origin("http://[::1]/x").to_string(), "http://[::1]:80");
        assert_eq!(origin("http://[::1]/x").host(), "[::1]");
    }

    #[test]
    fn scheme_host_and_port_each_tell_origins_apart() {
        let one = origin("https://a.example:8443");
        for other in [
            "http://a.example:8443",
            "https://b.example:8443",
            "https://a.example:8444",
        ] {
            assert_ne!(one, origin(other));
            assert_ne!(Scope::from(&one), Scope::from(&origin(other)));
        }
    }

    #[test]
    fn a_url_without_a_host_or_a_known_port_has_no_origin() {
        for text in [
            "mailto:a@b.example",
            "data:text/plain,x",
            "unknown://host/",
            "not a url",
            "",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn borrowed_parts_and_the_url_give_the_scope_of_the_origin_without_allocating() {
        let url = Url::parse("https://api.example.com/v1").unwrap();
        let origin = Origin::of(&url).unwrap();
        let mut scopes = None;
        let allocations = allocation_counter::measure(|| {
            scopes = Some((
                Scope::of_url(&url).unwrap(),
                Scope::of_parts("https", "api.example.com", 443),
            ));
        });
        assert_eq!(scopes, Some((Scope::from(&origin), Scope::from(&origin))));
        assert_eq!(allocations.count_total, 0);
    }

    #[test]
    fn no_part_of_a_secret_reaches_the_error() {
        let error = "https://user:hunter2@".parse::<Origin>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
