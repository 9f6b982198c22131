//! The checker: a pure function over what both sides saw.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use steadfast::testing::payment_api::History as Seen;
use steadfast::{Delivery, Effect, StopReason};

use super::history::{AttemptRecord, End, History, Record};
use super::order::Errand;
use super::plan::{Guards, Server};
use super::rules::{Rule, Violation};
use super::world::{HINT, MAX_ATTEMPTS, SECRET};

/// Finds everything in a history that must not be.
pub(crate) fn check(history: &History) -> Vec<Violation> {
    let mut found = Findings(Vec::new());
    effects(history, &mut found);
    wire(history, &mut found);
    for record in &history.records {
        requests(history, record, &mut found);
        waits(record, &mut found);
    }
    budget(history, &mut found);
    found.all(Rule::SecretsStayIn, &history.leaks);
    let carried = history.elsewhere.iter().filter(|heard| heard.contains(SECRET));
    found.all(Rule::SecretsStayIn, carried);
    found.all(Rule::BreakerHeals, &history.drill);
    found.all(Rule::NothingIsLeft, &history.left);
    found.0
}

struct Findings(Vec<Violation>);

impl Findings {
    fn add(&mut self, rule: Rule, what: impl Into<String>) {
        self.0.push(Violation {
            rule,
            what: what.into(),
        });
    }

    fn all<'a>(&mut self, rule: Rule, what: impl IntoIterator<Item = &'a String>) {
        what.into_iter().for_each(|what| self.add(rule, what));
    }
}

/// I1 to I4: what was done against what was said.
fn effects(history: &History, found: &mut Findings) {
    if history.plan.server == Server::HonoursKeys {
        for (key, seen) in history.keys.iter().filter(|(_, seen)| seen.effects() > 1) {
            found.add(Rule::OneEffectPerKey, format!("{key}: {seen:?}"));
        }
    }
    for record in history.records.iter().filter(|record| record.is_charge()) {
        let seen = history.operations.get(&record.order.id);
        let effects = seen.map_or(0, Seen::effects);
        let executions = seen.map_or(0, Seen::executions);
        // Where keys are ignored, every execution counts, whether it took effect or failed half way.
        let once = match history.plan.server {
            Server::HonoursKeys => effects <= 1,
            Server::IgnoresKeys => executions <= 1,
            // Who leaves has no receipt that could tell.
            Server::RepeatsAtWill => record.end == End::Left || executions <= 1 + record.possible_duplicates as usize,
        };
        if !once {
            found.add(Rule::OneEffectPerOperation, format!("{record:?}"));
        }
        let claimed = record.is_success() || record.effect == Effect::Applied;
        let wrong = if history.plan.server == Server::RepeatsAtWill {
            effects == 0
        } else {
            effects != 1
        };
        if claimed && wrong && !record.is_of_another_page() {
            found.add(Rule::SuccessHasItsEffect, format!("{effects} effects: {record:?}"));
        }
        if record.effect == Effect::NotApplied && effects != 0 && record.end != End::Left {
            found.add(Rule::NotAppliedHasNone, format!("{effects} effects: {record:?}"));
        }
    }
}

/// I6, I7: what was on the wire under each key.
fn wire(history: &History, found: &mut Findings) {
    let mut owners = HashMap::new();
    for record in history.records.iter().filter(|record| record.is_charge()) {
        match &record.key {
            None => found.add(Rule::OneKey, format!("none: {record:?}")),
            Some(key) => {
                if let Some(other) = owners.insert(key.as_str(), &record.order.id) {
                    found.add(Rule::OneKey, format!("shared with {other}: {record:?}"));
                }
            }
        }
        if let Some(seen) = history
            .operations
            .get(&record.order.id)
            .filter(|seen| seen.distinct_keys() > 1)
        {
            found.add(Rule::OneKey, format!("{} keys: {record:?}", seen.distinct_keys()));
        }
    }
    let mut bodies = HashMap::new();
    let mut strangers = HashSet::new();
    for passage in &history.passages {
        for key in passage.keys() {
            if !owners.contains_key(key.as_str()) && strangers.insert(key.as_str()) {
                found.add(Rule::OneKey, format!("{key} is nobody's: {passage}"));
            }
            let Some(body) = passage.body_sha256() else { continue };
            let first = bodies.entry(key.as_str()).or_insert(body);
            if *first != body {
                found.add(Rule::OneBody, format!("{key}: {passage}"));
            }
        }
        if passage.method() == Some("POST") && passage.keys().is_empty() {
            found.add(Rule::OneKey, format!("no key: {passage}"));
        }
    }
}

/// I8, I11: how many requests an operation sent.
fn requests(history: &History, record: &Record, found: &mut Findings) {
    let at_server = history.operations.get(&record.order.id).map_or(0, Seen::arrivals);
    let at_proxy = record.key.as_ref().and_then(|key| history.arrivals.get(key));
    let arrived = at_server.max(at_proxy.copied().unwrap_or(0));
    // Of one that left it is only known that no attempt can have been more than the last.
    let admitted = record.requests().unwrap_or(MAX_ATTEMPTS * 2);
    if arrived > admitted {
        let rule = if admitted == 0 {
            Rule::NothingIsSentWhileOpen
        } else {
            Rule::EveryRequestIsAdmitted
        };
        found.add(rule, format!("{arrived} arrived: {record:?}"));
    }
    let never_sent = |attempt: &AttemptRecord| matches!(attempt.failure, Some((_, Delivery::NeverSent)));
    if arrived > 0 && record.attempts.iter().flatten().all(never_sent) && record.end == End::Failure {
        found.add(Rule::NotAppliedHasNone, format!("{arrived} arrived: {record:?}"));
    }
    let attempts = record.attempts.as_ref().map_or(0, Vec::len);
    if attempts > MAX_ATTEMPTS {
        found.add(Rule::AttemptsAreBounded, format!("{attempts} attempts: {record:?}"));
    }
}

/// I9, I10: when they were sent.
fn waits(record: &Record, found: &mut Findings) {
    let attempts = record.attempts.as_deref().unwrap_or_default();
    for (number, attempt) in attempts.iter().enumerate() {
        let early = attempt.wait.is_some_and(|wait| wait < HINT);
        let follows = number + 1 < attempts.len();
        if follows && (attempt.status == Some(503) && early || attempt.status == Some(507)) {
            found.add(Rule::RetryAfterIsHeeded, format!("{record:?}"));
        }
    }
    if let Errand::ChargeInTime(limit) = record.order.errand
        && record.took > limit + LATE
    {
        found.add(Rule::DeadlineIsKept, format!("{record:?}"));
    }
}

/// I12, over all operations: the default budget starts with 5 per origin, earns 0.1 for a success at once, and gives
/// back 1 for one after a retry.
fn budget(history: &History, found: &mut Findings) {
    if history.plan.guards == Guards::Relentless {
        return;
    }
    let retries = |record: &Record| record.attempts.as_ref().map_or(0, Vec::len).saturating_sub(1);
    let (mut spent, mut earned) = (0.0, ORIGINS * 5.0);
    for record in &history.records {
        let paid = record.attempts.iter().flatten().take(retries(record));
        spent += paid
            .map(|attempt| if attempt.status == Some(503) { 0.5 } else { 1.0 })
            .sum::<f64>();
        if record.stop == Some(StopReason::Accepted) {
            earned += if retries(record) > 0 { 1.0 } else { 0.1 };
        }
    }
    if spent > earned {
        found.add(Rule::RetriesArePaidFor, format!("{spent:.1} spent, {earned:.1} earned"));
    }
}

/// What a loaded machine adds to a deadline; one that is overslept is missed by whole seconds.
const LATE: Duration = Duration::from_secs(1);
/// The proxy's two schemes, and the client over real time with an account of its own.
const ORIGINS: f64 = 3.0;
