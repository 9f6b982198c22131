use std::array;
use std::sync::OnceLock;

use http::Uri;
use http::uri::{Authority, Scheme};
use url::Url;

use crate::operation::{Address, Origin, Short};
use crate::preset::Presets;

/// What was found out about the first origins that requests went to, so that it is found out once.
///
/// A service has few; any further one is looked at anew each time. Nothing with credentials is kept.
#[derive(Default)]
pub(super) struct KnownOrigins {
    places: Places,
    /// How receipts name a request whose URI has no authority.
    relative: OnceLock<Short>,
}

struct Places([OnceLock<Known>; PLACES]);

/// An origin.
pub(super) struct Known {
    scheme: Scheme,
    authority: Authority,
    pub(super) origin: Origin,
    /// As receipts show it.
    pub(super) name: Short,
    /// Those that may apply there.
    pub(super) presets: Presets,
}

impl KnownOrigins {
    /// The origin of a URI, found or kept; `None` if it has none, or there is no place left.
    pub(super) fn find(&self, uri: &Uri, presets: &Presets) -> Option<&Known> {
        let (scheme, authority) = (uri.scheme()?, uri.authority()?);
        for place in &self.places.0 {
            let known = if let Some(known) = place.get() {
                known
            } else {
                let new = Known::of(uri, presets)?;
                // Somebody else may have been first: the place is then taken, by this origin or another one.
                place.get_or_init(|| new)
            };
            if known.authority == *authority && known.scheme == *scheme {
                return Some(known);
            }
        }
        None
    }

    /// How receipts name an address that is not kept.
    pub(super) fn name(&self, address: Address<'_>, uri: &Uri) -> Short {
        if uri.authority().is_some() {
            return address.text();
        }
        self.relative.get_or_init(|| address.text()).clone()
    }
}

impl Known {
    fn of(uri: &Uri, presets: &Presets) -> Option<Self> {
        let (scheme, authority) = (uri.scheme()?, uri.authority()?);
        if authority.as_str().contains('@') {
            return None;
        }
        let address = Address::Uri(uri);
        let origin = address.origin()?;
        Some(Self {
            scheme: scheme.clone(),
            authority: authority.clone(),
            name: address.text(),
            presets: presets.near(&Url::parse(&origin.to_string()).ok()?),
            origin,
        })
    }
}

impl Default for Places {
    fn default() -> Self {
        Self(array::from_fn(|_| OnceLock::new()))
    }
}

/// Comparing more than these costs what it saves.
const PLACES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn known<'a>(origins: &'a KnownOrigins, text: &str) -> Option<&'a Known> {
        origins.find(&text.parse().unwrap(), &Presets::default())
    }

    #[test]
    fn an_origin_is_kept_once_and_told_from_others() {
        let origins = KnownOrigins::default();
        let first = known(&origins, "https://a.example/x").unwrap();
        assert!(std::ptr::eq(first, known(&origins, "https://A.example/y?z").unwrap()));
        assert_eq!((&*first.name, first.origin.port()), ("https://a.example", 443));
        let plain = known(&origins, "http://a.example/").unwrap();
        assert_eq!((&*plain.name, plain.origin.port()), ("http://a.example", 80));
        assert!(known(&origins, "https://user:pass@b.example/").is_none());
        assert!(known(&origins, "/x").is_none());
        for number in 0..20 {
            let text = format!("http://a{number}.example:8080");
            let found = known(&origins, &text).map(|known| known.name.to_string());
            assert_eq!(found, (number < PLACES - 2).then_some(text));
        }
    }

    #[test]
    fn a_known_origin_has_its_presets_by_path() {
        let origins = KnownOrigins::default();
        let known = known(&origins, "https://API.stripe.com:443/v1").unwrap();
        for (path, name) in [("/v1/x", "stripe"), ("/v2/x", "stripe_v2")] {
            let uri = Uri::from_static(path);
            let preset = known.presets.find(Address::At(&known.origin, &uri)).unwrap();
            assert_eq!(preset.name(), name);
        }
    }
}
