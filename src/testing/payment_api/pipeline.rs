//! The way of a request through the server; the order of the steps is the specification.
//!
//! 1. credential, 2. rate limit, 3. key syntax, 4. insert the key or get its record, 5. compare the fingerprint,
//! 6. validate, 7. execute, 8. persist, and only then respond. Each step can answer before the next.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderName, HeaderValue};

use super::answer::{Answer, StreamEnd};
use super::arrival::{Amount, Arrival, PresentedKey};
use super::books::{Books, Subject};
use super::charge::Charge;
use super::clock::ServerClock;
use super::dialect::Freshness;
use super::history::Fact;
use super::profile::Profile;
use super::refusal::Refusal;
use super::rules::{Carrier, Keep, Scope, WithoutKey};
use super::table::{Admission, Candidate, Settlement, Slot, Stored, Ticket};
use super::turn::{Ending, Turn};

pub(super) struct Pipeline {
    pub(super) profile: Profile,
    pub(super) clock: ServerClock,
    pub(super) credentials: Option<HashSet<String>>,
    pub(super) default_turn: Option<Arc<dyn Fn(u64) -> Turn + Send + Sync>>,
    pub(super) books: Mutex<Books>,
}

/// An admitted request on its way through the handler.
struct Job {
    arrival: Arrival,
    subject: Subject,
    request_id: String,
    ticket: Option<Ticket>,
    resumed: Option<Charge>,
    turn: Turn,
}

impl Pipeline {
    /// Takes a request through all steps; `None` when the server "died" in between.
    pub(super) async fn handle(&self, arrival: Arrival) -> Option<Answer> {
        match self.enter(arrival) {
            Ok(job) => {
                job.turn.wait().await;
                self.execute(&job)
            }
            Err(answer) => Some(*answer),
        }
    }

    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Steps 1 to 6, as one: the lock is held throughout.
    fn enter(&self, arrival: Arrival) -> Result<Job, Box<Answer>> {
        let books = &mut *self.books();
        let (subject, request_id) = books.arrived(&arrival);
        let dress = |answer| Box::new(self.dress(answer, &request_id, &arrival));
        let refuse = |refusal: Refusal<'_>| dress((self.profile.dialect.refuse)(&refusal));

        if !self.knows(arrival.credential.as_deref()) {
            return Err(refuse(Refusal::Unauthorized));
        }
        let usual = self.usual_turn(books);
        if let Some(turn) = books.turn_at_door().or_else(|| usual.clone().filter(Turn::is_at_door)) {
            let refusal = match turn.ending() {
                Ending::RateLimited(after) => Refusal::RateLimited(after),
                Ending::OutOfQuota => Refusal::OutOfQuota,
                _ => Refusal::Overloaded,
            };
            return Err(dress(add_headers((self.profile.dialect.refuse)(&refusal), &turn)));
        }
        if arrival.is_read_only() {
            return Err(dress(self.look_up(books, &arrival)));
        }
        let slot = self.slot(&arrival).map_err(&refuse)?;
        let (ticket, resumed) = match slot {
            None => (None, None),
            Some(slot) => {
                let candidate = Candidate {
                    fingerprint: arrival.fingerprint,
                    path: &arrival.path,
                };
                let admission = books.table.admit(slot, candidate, &self.profile, arrival.at);
                match admission {
                    Admission::Execute(ticket, resumed) => (Some(ticket), resumed),
                    other => return Err(dress(self.answer_from_record(books, &subject, &arrival, other))),
                }
            }
        };
        if arrival.amount == Amount::Invalid {
            give_back(books, ticket.as_ref(), resumed.as_ref());
            return Err(refuse(Refusal::InvalidAmount));
        }
        let turn = books.turn_of_handler().or(usual).unwrap_or_else(Turn::charge);
        if turn.ending() == Ending::Shed {
            give_back(books, ticket.as_ref(), resumed.as_ref());
            return Err(dress(add_headers((self.profile.dialect.refuse)(&Refusal::Shed), &turn)));
        }
        books.note(&subject, Fact::Execution);
        Ok(Job {
            arrival,
            subject,
            request_id,
            ticket,
            resumed,
            turn,
        })
    }

    /// Steps 7 and 8.
    fn execute(&self, job: &Job) -> Option<Answer> {
        let books = &mut *self.books();
        let charge = self.take_effect(books, job);
        let refuse = self.profile.dialect.refuse;
        let answer = match job.turn.ending() {
            Ending::Crash | Ending::CrashAfterEffect => return None,
            Ending::Decline => refuse(&Refusal::Declined),
            Ending::Reject => refuse(&Refusal::Rejected),
            Ending::Fail | Ending::FailAfterEffect => refuse(&Refusal::Failed),
            _ => match &charge {
                Some(charge) => self.success(charge, job),
                None => refuse(&Refusal::Failed),
            },
        };
        let answer = add_headers(answer, &job.turn);
        if let Some(ticket) = &job.ticket {
            let stored = Stored {
                answer: answer.clone(),
                charge,
                request_id: job.request_id.clone(),
            };
            books.table.settle(ticket, self.settlement(stored));
        }
        Some(self.dress(answer, &job.request_id, &job.arrival))
    }

    fn take_effect(&self, books: &mut Books, job: &Job) -> Option<Charge> {
        let is_effective = !matches!(
            job.turn.ending(),
            Ending::Crash | Ending::Decline | Ending::Reject | Ending::Fail
        );
        if !is_effective || job.resumed.is_some() {
            return job.resumed.clone();
        }
        let charge = books.charge(&job.subject, &job.arrival, self.clock.elapsed());
        if let Some(ticket) = &job.ticket {
            books.table.note_effect(ticket, &charge);
        }
        Some(charge)
    }

    fn success(&self, charge: &Charge, job: &Job) -> Answer {
        let Some(stream) = self.profile.dialect.stream.filter(|_| job.arrival.wants_stream) else {
            return (self.profile.dialect.accept)(charge, Freshness::Created);
        };
        let end = match job.turn.ending() {
            Ending::StreamError => StreamEnd::Error,
            Ending::StreamCut => StreamEnd::Cut,
            _ => StreamEnd::Complete,
        };
        Answer::events(stream(charge, end), end)
    }

    fn settlement(&self, stored: Stored) -> Settlement {
        match self.profile.keep {
            _ if stored.answer.status.is_success() => Settlement::Done(Box::new(stored)),
            Keep::All => Settlement::Done(Box::new(stored)),
            Keep::Success => Settlement::Free,
            Keep::UntilSuccess => Settlement::Failed,
        }
    }

    /// Finds out which record the request belongs to; none if it executes without one.
    fn slot(&self, arrival: &Arrival) -> Result<Option<Slot>, Refusal<'static>> {
        if self.profile.carrier == Carrier::Nowhere || !self.profile.methods.contains(&arrival.method.as_str()) {
            return Ok(None);
        }
        match &arrival.key {
            PresentedKey::Malformed => Err(Refusal::KeyInvalid),
            PresentedKey::Absent if self.profile.without_key == WithoutKey::Refuse => Err(Refusal::KeyMissing),
            PresentedKey::Absent => Ok(None),
            PresentedKey::Present(key) => Ok(Some(Slot {
                credential: arrival.credential.clone().unwrap_or_default(),
                key: key.clone(),
                path: (self.profile.scope == Scope::Path).then(|| arrival.path.clone()),
            })),
        }
    }

    /// What the builder was told to do with this arrival, if nothing was scripted.
    fn usual_turn(&self, books: &Books) -> Option<Turn> {
        let turns = self.default_turn.as_ref()?;
        Some(turns(books.totals.arrivals() as u64))
    }

    fn knows(&self, credential: Option<&str>) -> bool {
        let Some(known) = &self.credentials else { return true };
        credential.is_some_and(|credential| known.contains(credential.strip_prefix("Bearer ").unwrap_or(credential)))
    }
}

/// Frees the key of a request that was turned away; unless it was resumed, for then an effect hangs on it.
fn give_back(books: &mut Books, ticket: Option<&Ticket>, resumed: Option<&Charge>) {
    if let Some(ticket) = ticket {
        let settlement = resumed.map_or(Settlement::Free, |_| Settlement::Failed);
        books.table.settle(ticket, settlement);
    }
}

fn add_headers(mut answer: Answer, turn: &Turn) -> Answer {
    for (name, value) in turn.headers() {
        let (name, value): (HeaderName, HeaderValue) = (name.clone(), value.clone());
        answer.headers.append(name, value);
    }
    answer
}
