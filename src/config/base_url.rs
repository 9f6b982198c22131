use std::borrow::Cow;
use std::fmt;

use reqwest::Url;

use super::scalar::Scalar;
use super::value::Value;

/// A base URL that is printed without the credentials it may hold.
///
/// Whether it is one is checked when the builder is made, and never by quoting it. `Debug` and `Serialize` leave out user
/// name, password, query and fragment; what is no `http` or `https` URL is not shown at all. The path is shown.
///
/// # Examples
///
/// ```
/// use steadfast::config::BaseUrl;
///
/// let base = BaseUrl::from("https://user:secret@api.example.com/v1");
/// assert_eq!(format!("{base:?}"), r#""https://api.example.com/v1""#);
/// assert_eq!(base.as_str(), "https://user:secret@api.example.com/v1");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The whole text, credentials included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn without_secrets(&self) -> String {
        let shown = Url::parse(&self.0).ok().and_then(|mut url| {
            let web = matches!(url.scheme(), "http" | "https");
            url.set_query(None);
            url.set_fragment(None);
            url.set_password(None).ok()?;
            url.set_username("").ok()?;
            web.then(|| url.to_string())
        });
        shown.unwrap_or_else(|| HIDDEN.to_owned())
    }
}

impl From<&str> for BaseUrl {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<&Url> for BaseUrl {
    fn from(url: &Url) -> Self {
        Self(url.to_string())
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.without_secrets().fmt(f)
    }
}

impl Value for BaseUrl {
    const IS_SECRET: bool = true;

    fn form() -> Cow<'static, str> {
        "a URL".into()
    }

    fn read(scalar: &Scalar) -> Option<Self> {
        scalar.text().map(Self::from)
    }

    fn write(&self) -> Scalar {
        Scalar::Text(self.0.clone())
    }

    fn show(&self) -> Scalar {
        Scalar::Text(self.without_secrets())
    }
}

/// Reads back as a URL that is refused, instead of one that silently means something else.
const HIDDEN: &str = "(not shown)";
