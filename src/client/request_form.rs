use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;

use super::RequestBuilder;
use crate::error::Error;

impl RequestBuilder {
    /// Sets the body to these pairs, URL-encoded, serialised once for all attempts.
    pub fn form<T: Serialize + ?Sized>(mut self, pairs: &T) -> Self {
        match serde_urlencoded::to_string(pairs) {
            Ok(text) => {
                let form = HeaderValue::from_static("application/x-www-form-urlencoded");
                self.set_default_header(CONTENT_TYPE, form);
                self.body(text)
            }
            Err(error) => self.fail(Error::request_because("the form could not be serialised", error)),
        }
    }
}
