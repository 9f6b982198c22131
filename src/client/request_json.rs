use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;

use super::RequestBuilder;
use crate::error::Error;

impl RequestBuilder {
    /// Sets the body to this value as JSON, serialised once for all attempts.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => {
                self.set_default_header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                self.body(bytes)
            }
            Err(error) => self.fail(Error::request_because("the JSON body could not be serialised", error)),
        }
    }
}
