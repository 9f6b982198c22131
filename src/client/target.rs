use url::Url;

use super::Client;
use crate::error::Error;

/// What a request can be addressed by: an absolute URL, or a path below the client's base URL.
///
/// Implemented for `&str`, `String`, `&String`, [`Url`] and `&Url`; sealed.
pub trait IntoTarget: sealed::Sealed {}

impl<T: sealed::Sealed> IntoTarget for T {}

mod sealed {
    use super::{Client, Error, Url, resolve};

    #[expect(unnameable_types, reason = "this is what seals the trait above")]
    pub trait Sealed {
        fn target(self, client: &Client) -> Result<Url, Error>;
    }

    impl Sealed for &str {
        fn target(self, client: &Client) -> Result<Url, Error> {
            resolve(self, client)
        }
    }

    impl Sealed for String {
        fn target(self, client: &Client) -> Result<Url, Error> {
            resolve(&self, client)
        }
    }

    impl Sealed for &String {
        fn target(self, client: &Client) -> Result<Url, Error> {
            resolve(self, client)
        }
    }

    impl Sealed for Url {
        fn target(self, _client: &Client) -> Result<Url, Error> {
            super::checked(self)
        }
    }

    impl Sealed for &Url {
        fn target(self, _client: &Client) -> Result<Url, Error> {
            super::checked(self.clone())
        }
    }
}

/// A base URL is a prefix: `/charges` under `https://api.example.com/v1` is `/v1/charges`, slashes or not.
fn resolve(text: &str, client: &Client) -> Result<Url, Error> {
    match (client.0.parse(text), &client.0.base) {
        (Ok(url), _) => checked(url),
        (Err(url::ParseError::RelativeUrlWithoutBase), Some(base)) => below(base, text),
        (Err(url::ParseError::RelativeUrlWithoutBase), None) => {
            Err(Error::request("the URL is relative, and the client has no base URL"))
        }
        (Err(error), _) => Err(Error::request_because("the URL is not valid", error)),
    }
}

fn below(base: &Url, path: &str) -> Result<Url, Error> {
    let mut prefix = base.clone();
    if !prefix.path().ends_with('/') {
        prefix.set_path(&format!("{}/", base.path()));
    }
    let joined = prefix.join(path.trim_start_matches('/'));
    checked(joined.map_err(|error| Error::request_because("the URL is not valid", error))?)
}

fn checked(url: Url) -> Result<Url, Error> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::request("the URL must be http or https"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(base: Option<&str>, target: &str) -> Result<String, Error> {
        let mut client = Client::builder();
        if let Some(base) = base {
            client = client.base_url(base);
        }
        sealed::Sealed::target(target, &client.build().unwrap()).map(Into::into)
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

    #[test]
    fn a_bad_address_is_a_builder_error() {
        for target in ["charges", "ftp://a.example/", "http://", "data:,x"] {
            assert!(resolved(None, target).unwrap_err().is_builder(), "{target}");
        }
    }
}
