use std::array;
use std::sync::{Arc, OnceLock};

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::operation::Address;

/// The names of the first origins that requests went to, as receipts show them, so that one is written once.
///
/// A service has few; any further one is written anew each time. Nothing with credentials is kept.
pub(super) struct Names {
    known: [OnceLock<Name>; PLACES],
    /// Of a request whose URI has no authority.
    relative: OnceLock<Arc<str>>,
}

struct Name {
    scheme: Scheme,
    authority: Authority,
    text: Arc<str>,
}

impl Names {
    /// The name of the origin at an address, which is that of the URI.
    pub(super) fn of(&self, uri: &Uri, address: Address<'_>) -> Arc<str> {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Arc::clone(self.relative.get_or_init(|| address.text()));
        };
        for place in &self.known {
            match place.get() {
                Some(name) if name.authority == *authority && name.scheme == *scheme => return Arc::clone(&name.text),
                Some(_) => {}
                None if authority.as_str().contains('@') => break,
                None => {
                    let text = address.text();
                    // Somebody else may have been first: the place is then taken, by this origin or another one.
                    let _ = place.set(Name {
                        scheme: scheme.clone(),
                        authority: authority.clone(),
                        text: Arc::clone(&text),
                    });
                    return text;
                }
            }
        }
        address.text()
    }
}

impl Default for Names {
    fn default() -> Self {
        Self {
            known: array::from_fn(|_| OnceLock::new()),
            relative: OnceLock::new(),
        }
    }
}

/// Comparing more than these costs what writing a name does.
const PLACES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_its_own_origin_and_written_once() {
        let names = Names::default();
        let of = |text: &str| {
            let uri: Uri = text.parse().unwrap();
            names.of(&uri, Address::Uri(&uri))
        };
        let first = of("https://a.example/x");
        assert!(Arc::ptr_eq(&first, &of("https://A.example/y?z")));
        assert_eq!(&*of("http://a.example/"), "http://a.example");
        assert_eq!(&*of("https://user:pass@a.example/"), "https://a.example");
        assert_eq!(&*of("/x"), "-");
        for number in 0..20 {
            let text = format!("http://a{number}.example:8080");
            assert_eq!(*of(&text), *text);
            assert_eq!(*of(&text), *text);
        }
        let kept = names.known.iter().filter_map(OnceLock::get);
        assert!(kept.into_iter().all(|name| !name.authority.as_str().contains('@')));
    }
}
