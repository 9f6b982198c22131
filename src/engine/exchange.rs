use std::time::Duration;

use super::{Landing, Prospect};
use crate::operation::{Address, Effect, Failure, Hop, Outcome, Receipt};

/// What the loop needs of a way to the far side.
pub(crate) trait Exchange: Send {
    /// What an attempt brings.
    type Answer: Send;

    /// What is kept of an answer during a wait.
    type Retired: Send;

    /// Where the operation is sent.
    fn address(&self) -> Address<'_>;

    /// A second way, for an attempt beside the one under way.
    fn twin(&self) -> Self
    where
        Self: Sized;

    /// Makes one attempt.
    fn send(&mut self, number: u32) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;

    /// Says how far the attempt had come when its time ran out.
    fn timed_out(&self) -> Failure;

    /// Describes an answer.
    fn outcome<'a>(&'a self, answer: &'a Self::Answer) -> Outcome<'a>;

    /// The redirects that the attempt followed.
    fn hops(&self) -> &[Hop];

    /// Who answers for the attempt, if redirects led away from the first origin and not back to it.
    fn landing(&self) -> Option<&Landing>;

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
