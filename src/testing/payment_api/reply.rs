//! Answers that no execution gives: from a key's record, from the books, and what every answer carries.

use super::answer::Answer;
use super::arrival::Arrival;
use super::books::{Books, Subject};
use super::dialect::Freshness;
use super::history::Fact;
use super::pipeline::Pipeline;
use super::refusal::Refusal;
use super::rules::{Carrier, Repeat};
use super::table::{Admission, Stored};

impl Pipeline {
    pub(super) fn answer_from_record(
        &self,
        books: &mut Books,
        subject: &Subject,
        arrival: &Arrival,
        admission: Admission,
    ) -> Answer {
        let refuse = self.profile.dialect.refuse;
        let key = arrival.key().unwrap_or_default();
        match admission {
            Admission::Execute(..) | Admission::Indeterminate => refuse(&Refusal::Indeterminate),
            Admission::InFlight => {
                books.note(subject, Fact::Conflict);
                self.in_flight(refuse(&Refusal::InFlight { key }))
            }
            Admission::Reused(resource) => refuse(&Refusal::Reused {
                key,
                resource: resource.as_deref(),
            }),
            Admission::OtherEndpoint(first) => refuse(&Refusal::OtherEndpoint {
                key,
                new: &arrival.path,
                first: &first,
            }),
            Admission::Done(stored) => {
                books.note(subject, Fact::Replay);
                self.repeat(*stored)
            }
        }
    }

    fn repeat(&self, stored: Stored) -> Answer {
        let resource = stored.charge.as_ref();
        match (self.profile.repeat, resource) {
            (Repeat::Current, Some(charge)) => (self.profile.dialect.accept)(charge, Freshness::Existing),
            (Repeat::Conflict, _) => {
                let resource = resource.map(|charge| charge.id.as_str());
                (self.profile.dialect.refuse)(&Refusal::Finished { resource })
            }
            _ => {
                let marked = self
                    .profile
                    .marker
                    .into_iter()
                    .fold(stored.answer, |answer, (name, value)| answer.with(name, value));
                self.profile
                    .original_request
                    .into_iter()
                    .fold(marked, |answer, name| answer.with(name, &stored.request_id))
            }
        }
    }

    fn in_flight(&self, mut answer: Answer) -> Answer {
        if let Some(status) = self.profile.in_flight_status {
            answer.status = status;
        }
        match self.profile.in_flight_header {
            Some((name, value)) => answer.with(name, value),
            None => answer,
        }
    }

    pub(super) fn look_up(&self, books: &Books, arrival: &Arrival) -> Answer {
        let id = arrival.path.rsplit('/').next().unwrap_or_default();
        match books.charges.iter().find(|charge| charge.id == id) {
            Some(charge) => (self.profile.dialect.accept)(charge, Freshness::Existing),
            None => (self.profile.dialect.refuse)(&Refusal::NotFound),
        }
    }

    /// Adds what every answer carries: a request id, and the key where headers carry keys.
    pub(super) fn dress(&self, answer: Answer, request_id: &str, arrival: &Arrival) -> Answer {
        let answer = answer.with("request-id", request_id);
        match (self.profile.carrier, arrival.key()) {
            (Carrier::Header(name), Some(key)) => answer.with(name, key),
            _ => answer,
        }
    }
}
