use std::fmt;
use std::sync::OnceLock;

use url::{ParseError, Url};

use crate::operation::{Scope, Short, origin_of};
use crate::preset::Presets;

/// What was found out about the first origins that a client talked to, so that it is found out once.
///
/// Most of what reading a URL costs is its host, and a client talks to few of them; most of what remains is the path,
/// and what it posts goes to few of those. The first ones are kept as long as the client, which needs neither a lock nor
/// an order of eviction; any other is read anew each time. A text with credentials, a query or a fragment is never kept.
#[derive(Default)]
pub(super) struct Addresses {
    origins: [OnceLock<Known>; PLACES],
    whole: [OnceLock<Whole>; PLACES],
}

/// An address that was met before, path and all.
struct Whole {
    text: Box<str>,
    url: Url,
    /// The place of its origin.
    origin: usize,
}

/// Where a request goes, and what is known of that origin.
#[expect(unnameable_types, reason = "it is the result of a sealed method")]
pub struct Target<'c> {
    pub(super) place: Place,
    /// Of an http or https address without credentials.
    pub(super) known: Option<&'c Known>,
}

/// An address: one of those that its client keeps, or its own.
pub(super) enum Place {
    /// Among the whole ones of the client that it was read by, which keep their places.
    Kept(usize),
    /// Boxed: an operation carries its place to its end, and most are kept.
    Own(Box<Url>),
}

impl Place {
    pub(super) fn of(url: Url) -> Self {
        Self::Own(Box::new(url))
    }

    pub(super) fn url<'a>(&'a self, addresses: &'a Addresses) -> &'a Url {
        match self {
            Self::Kept(number) => {
                let kept = addresses.whole.get(*number).and_then(OnceLock::get);
                &kept.expect("a place is named once it is taken").url
            }
            Self::Own(url) => url,
        }
    }

    /// The address as the operation's own, for whoever changes it.
    pub(super) fn own(&mut self, addresses: &Addresses) -> &mut Url {
        if let Self::Kept(_) = self {
            *self = Self::of(self.url(addresses).clone());
        }
        match self {
            Self::Own(url) => url,
            Self::Kept(_) => unreachable!("it has just been replaced"),
        }
    }
}

/// An origin that was met before, and what applies there.
pub(super) struct Known {
    /// As the caller writes it, up to the path, which begins behind it.
    text: Box<str>,
    /// The same in normal form, with an empty path.
    url: Url,
    pub(super) origin: Short,
    /// Of the whole origin; `None` for a host that has none.
    pub(super) scope: Option<Scope>,
    pub(super) presets: Presets,
}

impl Addresses {
    /// What [`Url::parse`] makes of the text; an origin that is new is kept with the presets that apply there.
    pub(super) fn parse(&self, text: &str, presets: &Presets) -> Result<Target<'_>, ParseError> {
        for (place, whole) in self.whole().enumerate() {
            if *whole.text == *text {
                return Ok(Target {
                    place: Place::Kept(place),
                    known: self.origins[whole.origin].get(),
                });
            }
        }
        for (place, known) in self.known().enumerate() {
            if let Some(path) = text.strip_prefix(&*known.text).filter(|path| is_plain(path)) {
                let url = if path.contains(['?', '#']) {
                    known.url.join(path)?
                } else {
                    let url = known.at(path);
                    self.keep_whole(text, &url, place);
                    url
                };
                return Ok(Target {
                    place: Place::of(url),
                    known: Some(known),
                });
            }
        }
        let url = Url::parse(text)?;
        self.keep(text, presets);
        Ok(Target {
            place: Place::of(url),
            known: None,
        })
    }

    /// What is known of an address's origin.
    pub(super) fn find(&self, url: &Url) -> Option<&Known> {
        self.known().find(|known| {
            let rest = url.as_str().strip_prefix(&*known.origin);
            rest.is_some_and(|rest| rest.starts_with('/'))
        })
    }

    fn known(&self) -> impl Iterator<Item = &Known> {
        self.origins.iter().map_while(OnceLock::get)
    }

    fn whole(&self) -> impl Iterator<Item = &Whole> {
        self.whole.iter().map_while(OnceLock::get)
    }

    fn keep(&self, text: &str, presets: &Presets) {
        let Some(vacant) = self.origins.iter().find(|place| place.get().is_none()) else {
            return;
        };
        let Some(origin) = beginning_of(text) else { return };
        let Ok(url) = Url::parse(origin) else { return };
        // Somebody else may have been first: the place is then taken, by this origin or another one.
        let _ = vacant.set(Known {
            text: origin.into(),
            origin: origin_of(&url),
            scope: Scope::of_url(&url),
            presets: presets.near(&url),
            url,
        });
    }

    #[cold]
    fn keep_whole(&self, text: &str, url: &Url, origin: usize) {
        if text.len() > LONGEST {
            return;
        }
        if let Some(vacant) = self.whole.iter().find(|place| place.get().is_none()) {
            // As above.
            let _ = vacant.set(Whole {
                text: text.into(),
                url: url.clone(),
                origin,
            });
        }
    }
}

impl Known {
    /// A plain path on this origin, without query and fragment: what joining gives, in half the time.
    fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(path);
        url
    }
}

/// The text up to its path, if that is an origin and nothing else: no credentials, no white space, no escapes.
fn beginning_of(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let end = rest.find('/')?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    let authority = &rest[..end];
    (!authority.is_empty() && authority.bytes().all(is_plain)).then(|| &text[..text.len() - rest.len() + end])
}

/// True for a path, with query and fragment if any, that reads the same behind an origin and relative to it.
///
/// Two slashes would name another host, a reader of URLs takes a backslash for a slash, and drops tabs and line breaks
/// before it looks.
fn is_plain(path: &str) -> bool {
    let mut bytes = path.bytes();
    bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && path.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Its query may hold a secret.
impl fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Target")
    }
}

/// The hosts are as private as the client's base URL.
impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} known origins]", self.known().count())
    }
}

/// A client has a handful of origins; one that crawls gains nothing here and loses as many comparisons per request.
const PLACES: usize = 8;

/// Longer addresses are rare, and would make of a client's memory what its callers like.
const LONGEST: usize = 512;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::operation::Address;

    fn agrees(addresses: &Addresses, text: &str) {
        let presets = Presets::default();
        for _ in 0..3 {
            let target = addresses.parse(text, &presets);
            let url = target.map(|target| target.place.url(addresses).clone());
            assert_eq!(url, Url::parse(text), "{text:?}");
        }
    }

    #[test]
    fn a_known_origin_changes_no_address() {
        let addresses = Addresses::default();
        for text in [
            "https://API.example.com:443/v1",
            "https://API.example.com:443/v1/../a/./b?c=/../d#e/../f",
            "https://API.example.com:443//evil.example/x",
            "https://API.example.com:443/\\evil.example/x",
            "https://API.example.com:443//evil.example/x?y",
            "https://API.example.com:443/\\evil.example/x#y",
            "https://API.example.com:443/\t/evil.example/x?y",
            "https://API.example.com:443/\t/evil.example/x",
            "https://API.example.com:443/%2e%2E/%zz/ä",
            "https://API.example.com:443/a b ",
            "https://API.example.com:443",
            "https://API.example.com:443?x",
            "https://API.example.com:4430/",
            "https://API.example.com:443@evil.example/",
            "https://API.example.com:443.evil.example/",
            "https://user:pass@API.example.com/x",
            "http://[::1]:80/x",
            "http://[::1]:80/y?z",
            "http://[::1/x",
            "http://0x7f.1/x",
            "http://0x7f.1/y",
            "http:///x",
            "http://a.example:99999/x",
            " https://API.example.com:443/v1",
            "/x",
        ] {
            agrees(&addresses, text);
        }
    }

    #[test]
    fn a_few_origins_are_kept_and_none_with_credentials() {
        let addresses = Addresses::default();
        agrees(&addresses, "https://user:pass@a.example/x");
        assert_eq!(addresses.known().count(), 0);
        for number in 0..100 {
            agrees(&addresses, &format!("https://a{number}.example/x"));
        }
        assert_eq!(addresses.known().count(), PLACES);
    }

    #[test]
    fn a_few_whole_addresses_are_kept_and_none_with_a_query_or_of_any_length() {
        let addresses = Addresses::default();
        let long = format!("https://a.example/{}", "x".repeat(LONGEST));
        for text in ["https://a.example/x?y", "https://a.example/x#y", &long] {
            agrees(&addresses, text);
        }
        assert_eq!(addresses.whole().count(), 0);
        for number in 0..100 {
            agrees(&addresses, &format!("https://a.example/x{number}"));
            agrees(&addresses, &format!("https://b.example/x{number}"));
        }
        assert_eq!(addresses.whole().count(), PLACES);
        let kept = addresses.parse("https://b.example/x0", &Presets::default()).unwrap();
        assert_eq!(kept.known.unwrap().url.host_str(), Some("b.example"));
    }

    #[test]
    fn a_known_origin_has_its_presets_and_another_has_none_of_them() {
        let (addresses, presets) = (Addresses::default(), Presets::default());
        let url = addresses
            .parse("https://API.stripe.com:443/v1/x", &presets)
            .unwrap()
            .place;
        let url = url.url(&addresses);
        let near = &addresses.find(url).unwrap().presets;
        assert_eq!(near.find(Address::Url(url)).unwrap().name(), "stripe");
        let v2 = Url::parse("https://api.stripe.com/v2/x").unwrap();
        assert_eq!(
            addresses
                .find(&v2)
                .unwrap()
                .presets
                .find(Address::Url(&v2))
                .unwrap()
                .name(),
            "stripe_v2"
        );
        for other in [
            "https://api.stripe.com.evil.example/",
            "https://api.stripe.com:4430/",
            "http://api.stripe.com/",
        ] {
            assert!(addresses.find(&Url::parse(other).unwrap()).is_none(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_it_would_be_alone(
            origin in "(https?|HTTP|ftp)://[a-zA-Z0-9.@:\\[\\]_%-]{0,12}",
            paths in proptest::collection::vec("[/\\\\?#a.%\\t\\n @:ä-]{0,8}", 1..6),
        ) {
            let addresses = Addresses::default();
            agrees(&addresses, &format!("{origin}/"));
            for path in paths {
                agrees(&addresses, &format!("{origin}{path}"));
                agrees(&addresses, &format!("{origin}/{path}"));
            }
        }
    }
}
