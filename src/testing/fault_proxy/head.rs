//! The heads of requests and responses, parsed just enough to know where they end and what follows.

use std::io;

use bytes::{Bytes, BytesMut};

use super::framing::Framing;

/// A request's head.
#[derive(Clone, Debug)]
pub(super) struct RequestHead {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    /// As it was on the wire; empty for HTTP/2.
    pub(super) raw: Bytes,
}

/// A response's head.
#[derive(Clone, Debug)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) raw: Bytes,
}

impl RequestHead {
    /// Takes a whole head off the front of `buffer`; `None` when there is none yet.
    pub(super) fn take(buffer: &mut BytesMut) -> io::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(length) = request.parse(buffer).map_err(invalid)? else {
            return Ok(None);
        };
        let method = request.method.unwrap_or_default().to_owned();
        let target = request.path.unwrap_or_default().to_owned();
        let headers = owned(request.headers);
        Ok(Some(Self {
            method,
            target,
            headers,
            raw: buffer.split_to(length).freeze(),
        }))
    }

    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        values(&self.headers, name)
    }

    /// How the body ends (RFC 9112 §6.3): without either header there is none.
    pub(super) fn framing(&self) -> io::Result<Framing> {
        framing(&self.headers, Framing::none())
    }

    pub(super) fn wants_continue(&self) -> bool {
        self.values("expect")
            .any(|value| value.eq_ignore_ascii_case("100-continue"))
    }

    pub(super) fn wants_close(&self) -> bool {
        wants_close(&self.headers)
    }
}

impl ResponseHead {
    /// Takes a whole head off the front of `buffer`; `None` when there is none yet.
    pub(super) fn take(buffer: &mut BytesMut) -> io::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) = response.parse(buffer).map_err(invalid)? else {
            return Ok(None);
        };
        let status = response.code.unwrap_or_default();
        let headers = owned(response.headers);
        Ok(Some(Self {
            status,
            headers,
            raw: buffer.split_to(length).freeze(),
        }))
    }

    /// How the body ends (RFC 9112 §6.3): without either header, with the connection.
    pub(super) fn framing(&self, method: &str) -> io::Result<Framing> {
        if method == "HEAD" || matches!(self.status, 100..=199 | 204 | 304) {
            return Ok(Framing::none());
        }
        framing(&self.headers, Framing::until_close())
    }

    pub(super) fn wants_close(&self) -> bool {
        wants_close(&self.headers)
    }
}

fn framing(headers: &[(String, String)], otherwise: Framing) -> io::Result<Framing> {
    if values(headers, "transfer-encoding").any(|value| value.to_ascii_lowercase().ends_with("chunked")) {
        return Ok(Framing::chunked());
    }
    match values(headers, "content-length").next() {
        Some(length) => Ok(Framing::length(length.trim().parse().map_err(invalid)?)),
        None => Ok(otherwise),
    }
}

fn wants_close(headers: &[(String, String)]) -> bool {
    values(headers, "connection").any(|value| value.eq_ignore_ascii_case("close"))
}

fn values<'a>(headers: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .iter()
        .filter(move |(present, _)| present.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

fn owned(headers: &[httparse::Header<'_>]) -> Vec<(String, String)> {
    let owned = |header: &httparse::Header<'_>| {
        (
            header.name.to_owned(),
            String::from_utf8_lossy(header.value).into_owned(),
        )
    };
    headers.iter().map(owned).collect()
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// What hyper accepts by default, too.
const MAX_HEADERS: usize = 100;
