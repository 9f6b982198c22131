//! A test of code around a client can have the same waits on each run.

use std::time::Duration;

use steadfast::Client;
use steadfast::testing::{Recorder, Script, Step};

use crate::support_time::paused;

/// The waits of an operation whose first four attempts fail.
fn waits(seed: Option<u64>) -> Vec<Duration> {
    let (script, recorder) = (Script::new((0..4).map(|_| Step::refused())), Recorder::new());
    let builder = Client::builder().script(&script).observe(recorder.clone());
    let builder = match seed {
        Some(seed) => builder.jitter_seed(seed),
        None => builder,
    };
    let client = builder.build().unwrap();
    paused(client.get("https://api.example.com/").send()).unwrap();
    recorder.recordings()[0].waits()
}

#[test]
fn the_same_seed_gives_the_same_waits_and_another_seed_others() {
    assert_eq!(waits(Some(7)), waits(Some(7)));
    assert_ne!(waits(Some(7)), waits(Some(8)));
    assert_ne!(waits(None), waits(None), "unseeded, clients part");
    for (wait, seconds) in waits(Some(7)).iter().zip([1, 2, 4, 8]) {
        let base = Duration::from_secs(seconds);
        assert!((base..=base + base / 4).contains(wait), "{wait:?}");
    }
}
