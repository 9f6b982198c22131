use std::sync::{Arc, Mutex};

use super::Answer;

/// The far side of one operation: it answers in turn and notes the keys; cloning shares.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    answers: Arc<[Answer]>,
    keys: Arc<Mutex<Vec<Option<String>>>>,
}

impl Server {
    pub(super) fn new(answers: &[Answer]) -> Self {
        Self {
            answers: answers.into(),
            keys: Arc::default(),
        }
    }

    /// An attempt arrives with this key; those beyond the script are answered with 200.
    pub(crate) fn arrive(&self, key: Option<&str>) -> Answer {
        let mut keys = self.keys.lock().unwrap();
        keys.push(key.map(str::to_owned));
        self.answers.get(keys.len() - 1).copied().unwrap_or(Answer::Status(200))
    }

    /// The keys of all arrivals, in order.
    pub(super) fn keys(&self) -> Vec<Option<String>> {
        self.keys.lock().unwrap().clone()
    }
}
