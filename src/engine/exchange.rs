use std::time::Duration;

use super::aside::Aside;
use super::run::{Followed, Run};
use super::{Plan, Prospect, Trip};
use crate::operation::{Address, Effect, Failure, Outcome, Receipt};

/// How an attempt ended.
///
/// The failure is boxed, so that the result is two words: it is handed on through half a dozen futures, and those pass
/// two words in registers. A wider one is stored and loaded again at once, in pieces of other sizes, for which a
/// processor waits until all its earlier stores have reached the cache.
pub(crate) type Sent<A> = Result<A, Box<Failure>>;

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
    fn send(&self, plan: &Plan<'_>, trip: &mut Trip, number: u32) -> impl Future<Output = Sent<Self::Answer>> + Send;

    /// Begins [`Run::once`], boxed, so that nothing an attempt needs is held while the next one is waited for.
    fn once<'r>(run: &'r mut Run<'_, Self>) -> Aside<'r, Option<Box<Followed>>>
    where
        Self: Sized;

    /// Describes how an attempt ended.
    fn outcome<'a>(&'a self, plan: &Plan<'_>, trip: &'a Trip, sent: &'a Sent<Self::Answer>) -> Outcome<'a>;

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
