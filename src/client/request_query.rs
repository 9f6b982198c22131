use serde::Serialize;

use super::RequestBuilder;
use crate::error::Error;

impl RequestBuilder {
    /// Appends these pairs to the URL's query.
    pub fn query<T: Serialize + ?Sized>(mut self, pairs: &T) -> Self {
        let url = self.0.url_mut();
        let failed = {
            let mut query = url.query_pairs_mut();
            pairs.serialize(serde_urlencoded::Serializer::new(&mut query)).err()
        };
        if url.query() == Some("") {
            url.set_query(None);
        }
        match failed {
            Some(error) => self.fail(Error::request_because("the query could not be serialised", error)),
            None => self,
        }
    }
}
