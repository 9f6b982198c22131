use url::Url;

use crate::error::Error;

/// What a request can be addressed by: an absolute URL, or a path below the client's base URL.
///
/// Implemented for `&str`, `String`, `&String`, [`Url`] and `&Url`; sealed.
pub trait IntoTarget: sealed::Sealed {}

impl<T: sealed::Sealed> IntoTarget for T {}

mod sealed {
    use super::{Error, Url, resolve};

    #[expect(unnameable_types, reason = "this is what seals the trait above")]
    pub trait Sealed {
        fn target(self, base: Option<&Url>) -> Result<Url, Error>;
    }

    impl Sealed for &str {
        fn target(self, base: Option<&Url>) -> Result<Url, Error> {
            resolve(self, base)
        }
    }

    impl Sealed for String {
        fn target(self, base: Option<&Url>) -> Result<Url, Error> {
            resolve(&self, base)
        }
    }

    impl Sealed for &String {
        fn target(self, base: Option<&Url>) -> Result<Url, Error> {
            resolve(self, base)
        }
    }

    impl Sealed for Url {
        fn target(self, _base: Option<&Url>) -> Result<Url, Error> {
            super::checked(self)
        }
    }

    impl Sealed for &Url {
        fn target(self, _base: Option<&Url>) -> Result<Url, Error> {
            super::checked(self.clone())
        }
    }
}

/// A base URL is a prefix: `/charges` under `https://api.example.com/v1` is `/v1/charges`, slashes or not.
fn resolve(text: &str, base: Option<&Url>) -> Result<Url, Error> {
    match (Url::parse(text), base) {
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
        let base = base.map(|base| Url::parse(base).unwrap());
        sealed::Sealed::target(target, base.as_ref()).map(Into::into)
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
