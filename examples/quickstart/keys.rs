use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::OnceCell;

/// What a server must keep to honour idempotency keys: the request and the answer of each key.
#[derive(Default)]
pub(crate) struct Keys(Mutex<HashMap<String, Arc<Entry>>>);

struct Entry {
    request: Bytes,
    answer: OnceCell<Bytes>,
}

/// An answer under a key.
pub(crate) enum Answer {
    Fresh(Bytes),
    Replayed(Bytes),
    /// The key was used with another request.
    Mismatch,
}

impl Keys {
    /// Acts once per key; everyone else gets the stored answer, and waits for it if it is still being made.
    pub(crate) async fn once(&self, key: String, request: Bytes, act: impl Future<Output = Bytes>) -> Answer {
        let entry = self.insert_or_get(key, &request);
        if entry.request != request {
            return Answer::Mismatch;
        }
        let mut replayed = true;
        let answer = entry.answer.get_or_init(|| {
            replayed = false;
            act
        });
        let answer = answer.await.clone();
        if replayed {
            Answer::Replayed(answer)
        } else {
            Answer::Fresh(answer)
        }
    }

    /// One step under one lock: two requests that arrive together must meet in the same entry.
    fn insert_or_get(&self, key: String, request: &Bytes) -> Arc<Entry> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = keys.entry(key).or_insert_with(|| {
            Arc::new(Entry {
                request: request.clone(),
                answer: OnceCell::new(),
            })
        });
        Arc::clone(entry)
    }
}
