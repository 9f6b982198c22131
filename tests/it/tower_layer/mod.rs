//! The tower layer keeps the client's promises, and tower's own.

mod bodies;
mod cancelled;
mod errors;
mod extensions;
mod mock;
mod outcomes;
mod readiness;
mod secrets;
mod spans;
mod stacks;

use http::{Method, Request};

use crate::support_guards::A;

fn request<B>(method: Method, body: B) -> Request<B> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = A.parse().unwrap();
    request
}

/// Carries a random key.
fn post(body: &'static str) -> Request<&'static str> {
    request(Method::POST, body)
}

fn get() -> Request<&'static str> {
    request(Method::GET, "")
}
