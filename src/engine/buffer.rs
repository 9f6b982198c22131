use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use reqwest::{Response, ResponseBuilderExt};
use url::Url;

/// Why a response body could not be held in memory.
#[derive(Debug)]
pub(crate) enum BufferError {
    TooLarge,
    Broken(reqwest::Error),
}

/// A response with all of its body, without what the operation knows anyway: it is kept while others wait for a retry.
pub(crate) struct Whole {
    parts: http::response::Parts,
    body: Bytes,
    /// Where it came from, if not from where it was asked for.
    url: Option<Box<Url>>,
}

impl Whole {
    /// Reads a whole body of at most `limit` decoded bytes, of an answer to a request by this method.
    pub(crate) async fn read(
        response: Response,
        (method, asked): (&Method, &Url),
        limit: usize,
    ) -> Result<Self, BufferError> {
        let url = (response.url() != asked).then(|| Box::new(response.url().clone()));
        let (parts, mut body) = http::Response::<reqwest::Body>::from(response).into_parts();
        // The length that a HEAD or a 304 announces is that of a body which does not come (RFC 9110 §8.6); hyper's hint takes
        // it for one over HTTP/2.
        let has_body = *method != Method::HEAD && parts.status != StatusCode::NOT_MODIFIED;
        if has_body && body.size_hint().lower() > limit as u64 {
            return Err(BufferError::TooLarge);
        }
        let mut held = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| BufferError::Broken(error.without_url()))?;
            let Ok(data) = frame.into_data() else { continue };
            if held.len() + data.len() > limit {
                return Err(BufferError::TooLarge);
            }
            held.extend_from_slice(&data);
        }
        let body = held.freeze();
        Ok(Self { parts, body, url })
    }

    /// The same response again, body in memory.
    pub(crate) fn into_response(self, asked: &Url) -> Response {
        let url = self.url.map_or_else(|| asked.clone(), |url| *url);
        restore(self.parts, url, self.body)
    }
}

/// Puts a response together again; `reqwest` keeps its URL in an extension that only a builder can set.
pub(super) fn restore<B>(parts: http::response::Parts, url: Url, body: B) -> Response
where
    reqwest::Body: From<B>,
{
    let mut response = http::Response::new(body);
    if let Ok(with_url) = http::Response::builder().url(url).body(()) {
        *response.extensions_mut() = with_url.into_parts().0.extensions;
    }
    *response.status_mut() = parts.status;
    *response.version_mut() = parts.version;
    *response.headers_mut() = parts.headers;
    response.extensions_mut().extend(parts.extensions);
    Response::from(response)
}
