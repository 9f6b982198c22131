use http::Method;

/// The method's name where it is standard (RFC 9110 §9.1, RFC 5789), and `None` elsewhere.
///
/// Names of telemetry must be few, and anybody can make up a method. OpenTelemetry asks for `_OTHER` then.
pub(crate) fn standard_method(method: &Method) -> Option<&'static str> {
    STANDARD.into_iter().find(|standard| method.as_str() == *standard)
}

/// What OpenTelemetry calls any other method.
pub(crate) const OTHER_METHOD: &str = "_OTHER";

const STANDARD: [&str; 9] = [
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE",
];
