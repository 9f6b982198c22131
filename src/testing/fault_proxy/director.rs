//! Plays a script: the state that a script, being data, does not have.

use std::sync::{Mutex, PoisonError};

use super::fault::{Fault, Stage};
use super::head::RequestHead;
use super::script::{FaultScript, Part};

/// Hands out the faults of a script, each at the moment at which it strikes.
#[derive(Debug)]
pub(super) struct Director {
    play: Mutex<Play>,
}

#[derive(Debug)]
struct Play {
    script: FaultScript,
    /// Per part: how far the list is, or how often the matcher matched.
    progress: Vec<usize>,
    /// Per stage: how often the script was asked; what chance is drawn by.
    asked: [u64; 3],
}

impl Director {
    pub(super) fn new(script: FaultScript) -> Self {
        Self {
            play: Mutex::new(Play::new(script)),
        }
    }

    /// Begins another script from its start.
    pub(super) fn change(&self, script: FaultScript) {
        *self.play.lock().unwrap_or_else(PoisonError::into_inner) = Play::new(script);
    }

    pub(super) fn on_accept(&self, connection: u64) -> Option<Fault> {
        self.ask(Stage::Accept, connection, None)
    }

    pub(super) fn on_first_byte(&self, connection: u64) -> Option<Fault> {
        self.ask(Stage::FirstByte, connection, None)
    }

    pub(super) fn on_request(&self, connection: u64, head: &RequestHead) -> Fault {
        self.ask(Stage::Request, connection, Some(head)).unwrap_or(Fault::Pass)
    }

    fn ask(&self, stage: Stage, connection: u64, head: Option<&RequestHead>) -> Option<Fault> {
        self.play
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .ask(stage, connection, head)
    }
}

impl Play {
    fn new(script: FaultScript) -> Self {
        Self {
            progress: vec![0; script.parts.len()],
            script,
            asked: [0; 3],
        }
    }

    fn ask(&mut self, stage: Stage, connection: u64, head: Option<&RequestHead>) -> Option<Fault> {
        let asked = &mut self.asked[stage as usize];
        *asked += 1;
        for (part, progress) in self.script.parts.iter().zip(&mut self.progress) {
            match part {
                Part::List(faults) => {
                    let Some(fault) = faults.get(*progress) else { continue };
                    // The list's next fault is for another moment: this request is not its, nor any other part's.
                    if fault.stage() != stage {
                        return None;
                    }
                    *progress += 1;
                    return Some(fault.clone());
                }
                Part::PerConnection(faults) => {
                    let index = usize::try_from(connection - 1).unwrap_or(usize::MAX);
                    let Some(fault) = faults.get(index) else { continue };
                    return Some(fault.clone()).filter(|fault| fault.stage() == stage);
                }
                Part::When { matcher, fault } => {
                    if !head.is_some_and(|head| matcher.matches(head)) {
                        continue;
                    }
                    *progress += 1;
                    if matcher.wants(*progress as u64) && fault.stage() == stage {
                        return Some(fault.clone());
                    }
                }
                Part::Random { seed, rates } => {
                    let drawn = draw(*seed, stage, *asked, rates);
                    if drawn.is_some() {
                        return drawn;
                    }
                }
            }
        }
        None
    }
}

/// Draws one of the faults of a stage, each with its probability.
fn draw(seed: u64, stage: Stage, number: u64, rates: &[(f64, Fault)]) -> Option<Fault> {
    let mut rest = unit(seed ^ (stage as u64).rotate_right(2), number);
    for (probability, fault) in rates.iter().filter(|(_, fault)| fault.stage() == stage) {
        if rest < *probability {
            return Some(fault.clone());
        }
        rest -= probability;
    }
    None
}

/// The `number`th value of `SplitMix64`, within 0 (included) to 1 (excluded).
///
/// By hand, so that a seed from an old log draws the same in every later version.
fn unit(seed: u64, number: u64) -> f64 {
    let mut z = seed.wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    let high = u32::try_from(z >> 32).unwrap_or(u32::MAX);
    f64::from(high) / (f64::from(u32::MAX) + 1.0)
}
