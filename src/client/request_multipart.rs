use http::header::CONTENT_LENGTH;
use reqwest::multipart::Form;

use super::RequestBuilder;
use super::wire::Wire;
use crate::engine::Body;
use crate::error::Error;

impl RequestBuilder {
    /// Sets the body to this form: serialised once and then the same bytes on every attempt, or sent once.
    ///
    /// A form's boundary is random, so serialising it again would make another body under the same key. A form whose
    /// length is known and at most 8 MiB is therefore read into memory before the first attempt, and can be repeated;
    /// any other is sent once, and the receipt says so.
    pub fn multipart(mut self, form: Form) -> Self {
        let encoder = match &self.0.client.0.wire {
            Wire::Reqwest { client, .. } => client.clone(),
            Wire::Memory(_) => reqwest::Client::new(),
        };
        match encoder.post("http://localhost/").multipart(form).build() {
            Ok(mut request) => {
                // The body is a stream whose length reqwest writes into the header alone.
                let length = request.headers().get(CONTENT_LENGTH);
                let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
                let body = request.body_mut().take();
                self.0.template.body = body.map(|body| Body::to_collect(body, length)).unwrap_or_default();
                self.0.template.headers.set_all(std::mem::take(request.headers_mut()));
                self
            }
            Err(error) => self.fail(Error::request_because(
                "the form could not be serialised",
                error.without_url(),
            )),
        }
    }
}
