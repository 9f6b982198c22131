use super::BoxError;

/// Takes the URL out of an error of reqwest's: its query may hold credentials.
///
/// Only where the error comes by itself. What another error wraps cannot be taken out of it.
pub(super) fn without_url(error: impl Into<BoxError>) -> BoxError {
    match error.into().downcast::<reqwest::Error>() {
        Ok(error) => error.without_url().into(),
        Err(error) => error,
    }
}
