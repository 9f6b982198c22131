//! Every sequence of up to five outcomes, exhaustively, against a server in memory that knows the truth.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod alphabet;
mod checker;
mod planted;
mod play;
mod server;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use alphabet::{Symbol, sequences};
use checker::Mode;
use play::Stage;

use crate::support_time::paused;

#[test]
fn every_sequence_keeps_the_promises_when_the_server_honours_keys() {
    assert_eq!(play_all(Mode::Honored, 1..=5, None), 271_452);
}

#[test]
fn every_sequence_keeps_the_promises_when_the_server_ignores_keys() {
    assert_eq!(play_all(Mode::Ignored, 1..=5, None), 271_452);
}

#[test]
fn every_sequence_keeps_the_promises_for_an_idempotent_method_without_a_key() {
    assert_eq!(play_all(Mode::Bare, 1..=4, None), 22_620);
}

#[test]
fn every_sequence_ends_within_its_deadline() {
    // One stalled attempt fits, and leaves little for the next; two do not.
    let deadline = Some(Duration::from_secs(37));
    assert_eq!(play_all(Mode::Honored, 1..=4, deadline), 22_620);
    assert_eq!(play_all(Mode::Bare, 1..=4, deadline), 22_620);
}

/// Plays all sequences of these lengths and counts them; lengths are also the most attempts.
fn play_all(mode: Mode, lengths: std::ops::RangeInclusive<u32>, deadline: Option<Duration>) -> usize {
    let parts: Vec<_> = lengths
        .rev()
        .flat_map(|length| Symbol::ALL.map(|first| (first, length)))
        .collect();
    let (next, played) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((first, length)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    played.fetch_add(paused(play_part(mode, *first, *length, deadline)), Ordering::Relaxed);
                }
            });
        }
    });
    played.into_inner()
}

async fn play_part(mode: Mode, first: Symbol, length: u32, deadline: Option<Duration>) -> usize {
    let stage = Stage::new(mode, length, deadline);
    let mut played = 0;
    for sequence in sequences(first, length) {
        let broken = stage.play(&sequence).await;
        assert!(broken.is_empty(), "{mode:?} {sequence:?} breaks {broken:?}");
        played += 1;
    }
    played
}
