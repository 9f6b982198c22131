use url::Url;

use super::Client;
use super::addresses::{Place, Target};
use crate::error::Error;

/// What a request can be addressed by: an absolute URL, or a path below the client's base URL.
///
/// Implemented for `&str`, `String`, `&String`, [`Url`] and `&Url`; sealed.
pub trait IntoTarget: sealed::Sealed {}

impl<T: sealed::Sealed> IntoTarget for T {}

mod sealed {
    use super::{Client, Error, Place, Target, Url, checked, resolve};

    #[expect(unnameable_types, reason = "this is what seals the trait above")]
    pub trait Sealed {
        fn target(self, client: &Client) -> Result<Target<'_>, Error>;
    }

    impl Sealed for &str {
        fn target(self, client: &Client) -> Result<Target<'_>, Error> {
            resolve(self, client)
        }
    }

    impl Sealed for String {
        fn target(self, client: &Client) -> Result<Target<'_>, Error> {
            resolve(&self, client)
        }
    }

    impl Sealed for &String {
        fn target(self, client: &Client) -> Result<Target<'_>, Error> {
            resolve(self, client)
        }
    }

    impl Sealed for Url {
        fn target(self, client: &Client) -> Result<Target<'_>, Error> {
            checked(Place::of(self), client)
        }
    }

    impl Sealed for &Url {
        fn target(self, client: &Client) -> Result<Target<'_>, Error> {
            checked(Place::of(self.clone()), client)
        }
    }
}

/// A base URL is a prefix: `/charges` under `https://api.example.com/v1` is `/v1/charges`, slashes or not.
fn resolve<'c>(text: &str, client: &'c Client) -> Result<Target<'c>, Error> {
    let shared = &*client.0;
    match (shared.addresses.parse(text, &shared.presets), &shared.base) {
        // Only an address that `checked` would let pass is known.
        (Ok(target @ Target { known: Some(_), .. }), _) => Ok(target),
        (Ok(Target { place, known: None }), _) => checked(place, client),
        (Err(url::ParseError::RelativeUrlWithoutBase), Some(base)) => below(base, text, client),
        (Err(url::ParseError::RelativeUrlWithoutBase), None) => {
            Err(Error::request("the URL is relative, and the client has no base URL"))
        }
        (Err(error), _) => Err(Error::request_because("the URL is not valid", error)),
    }
}

fn below<'c>(base: &Url, path: &str, client: &'c Client) -> Result<Target<'c>, Error> {
    let mut prefix = base.clone();
    if !prefix.path().ends_with('/') {
        prefix.set_path(&format!("{}/", base.path()));
    }
    let path = path.trim_start_matches('/');
    // What stands before a colon would be read as a scheme (RFC 3986 §4.2).
    let segment = path.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let joined = if segment.contains(':') {
        prefix.join(&format!("./{path}"))
    } else {
        prefix.join(path)
    };
    let url = joined.map_err(|error| Error::request_because("the URL is not valid", error))?;
    // A reader of URLs takes backslashes for slashes, drops tabs, and goes up at dots: the path may name another host, to
    // which the client's default headers would travel.
    if !url.as_str().starts_with(prefix.as_str()) {
        return Err(Error::request("the path leads out of the client's base URL"));
    }
    checked(Place::of(url), client)
}

fn checked(place: Place, client: &Client) -> Result<Target<'_>, Error> {
    let addresses = &client.0.addresses;
    let url = place.url(addresses);
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::request("the URL must begin with http:// or https://"));
    }
    Ok(Target {
        known: addresses.find(url),
        place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(base: Option<&str>, target: &str) -> Result<String, Error> {
        let mut client = Client::builder();
        if let Some(base) = base {
            client = client.base_url(base);
        }
        let client = client.build().unwrap();
        sealed::Sealed::target(target, &client).map(|target| target.place.url(&client.0.addresses).to_string())
    }

    #[test]
    fn a_path_goes_below_the_base_whatever_the_slashes() {
        for base in ["https://api.example.com/v1", "https://api.example.com/v1/"] {
            for target in ["charges?x=1", "/charges?x=1"] {
                assert_eq!(
                    resolved(Some(base), target).unwrap(),
                    "https://api.example.com/v1/charges?x=1"
                );
            }
        }
        assert_eq!(
            resolved(Some("https://a.example/v1"), "http://b.example/x").unwrap(),
            "http://b.example/x"
        );
    }

    /// Where the default headers would travel.
    #[test]
    fn no_path_leads_out_of_the_base_url() {
        let base = Some("https://api.example.com/v1");
        for target in [
            r"\\evil.example\x",
            r"/\\evil.example/x",
            "/\t//evil.example/x",
            " //evil.example/x",
            "///\\evil.example",
            "/../admin",
            "a/../../admin",
            "%2e%2e/admin",
        ] {
            let error = resolved(base, target).unwrap_err();
            assert!(
                error.is_builder() && !error.to_string().contains("evil"),
                "{target:?}: {error}"
            );
        }
        for (target, path) in [
            ("", ""),
            ("?x=//evil.example", "?x=//evil.example"),
            ("a/../b", "b"),
            (r"a\b", "a/b"),
            ("/models/gemini:generate", "models/gemini:generate"),
            ("/gemini-2.5-pro:generate?x=:", "gemini-2.5-pro:generate?x=:"),
            ("/https://evil.example/x", "https://evil.example/x"),
        ] {
            let expected = format!("https://api.example.com/v1/{path}");
            assert_eq!(resolved(base, target).unwrap(), expected, "{target:?}");
        }
        assert_eq!(
            resolved(Some("https://api.example.com"), "/../x").unwrap(),
            "https://api.example.com/x",
            "there is nothing above"
        );
    }

    #[test]
    fn a_bad_address_is_a_builder_error() {
        for target in ["charges", "ftp://a.example/", "http://", "data:,x"] {
            assert!(resolved(None, target).unwrap_err().is_builder(), "{target}");
        }
    }
}
