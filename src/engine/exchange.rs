use std::time::Duration;

use super::{Plan, Prospect, Trip};
use crate::operation::{Address, Effect, Failure, Outcome, Receipt};

/// What the loop needs of a way to the far side.
pub(crate) trait Exchange: Send + Sync {
    /// What an attempt brings.
    type Answer: Send;

    /// What is kept of an answer during a wait.
    type Retired: Send;

    /// Where the operation is sent.
    fn address(&self) -> Address<'_>;

    /// Gives back the memory that is not needed during a wait.
    fn rest(&mut self);

    /// Makes one attempt.
    fn send(
        &self,
        plan: &Plan<'_>,
        trip: &mut Trip,
        number: u32,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;

    /// Describes an answer.
    fn outcome<'a>(&self, plan: &Plan<'_>, trip: &'a Trip, answer: &'a Self::Answer) -> Outcome<'a>;

    /// Whether somebody can be asked what became of an attempt in doubt.
    fn can_look_up(&self) -> bool;

    /// Asks what became of the operation, and for the answer that was lost.
    fn look_up(
        &self,
        receipt: &Receipt,
        prospect: Prospect,
    ) -> impl Future<Output = (Effect, Option<Self::Answer>)> + Send;

    /// Frees the connection of an answer that is not the last, within the wait; keeps it if it is still readable.
    fn retire(&self, answer: Self::Answer, wait: Duration) -> impl Future<Output = Option<Self::Retired>> + Send;

    /// Makes an answer again of what was kept.
    fn restore(&self, retired: Self::Retired) -> Self::Answer;
}
