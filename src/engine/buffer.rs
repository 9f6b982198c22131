use bytes::BytesMut;
use http_body::Body as _;
use http_body_util::BodyExt;
use reqwest::{Response, ResponseBuilderExt};

/// Why a response body could not be held in memory.
#[derive(Debug)]
pub(crate) enum BufferError {
    TooLarge,
    Broken(reqwest::Error),
}

/// Reads a whole body of at most `limit` decoded bytes; the response that comes back is the same, body in memory.
pub(crate) async fn read_up_to(response: Response, limit: usize) -> Result<Response, BufferError> {
    let url = response.url().clone();
    let (parts, mut body) = http::Response::<reqwest::Body>::from(response).into_parts();
    if body.size_hint().lower() > limit as u64 {
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
    Ok(restore(parts, url, held.freeze()))
}

/// Puts a response together again; `reqwest` keeps its URL in an extension that only a builder can set.
pub(super) fn restore<B>(parts: http::response::Parts, url: reqwest::Url, body: B) -> Response
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
