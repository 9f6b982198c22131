//! What retries cost where a request is a completion: a million requests a day, one per cent of them failing.
//!
//! Scaled down a hundred times, over real sockets: a server that computes and counts, and a proxy that loses one answer
//! in a hundred after the server computed it. Four clients send the same requests. The program exits with 1 unless
//! keys, or restraint, bring the requests processed twice down from about 10,000 a day to none.

#![expect(clippy::print_stdout, reason = "this program's purpose is to print")]

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use steadfast::budget::RetryBudget;
use steadfast::preset::{self, Preset};
use steadfast::testing::fault_proxy::{Fault, FaultProxy, FaultScript, Matcher};
use steadfast::testing::payment_api::{PaymentApi, Profile};
use steadfast::{Backoff, Client, Effect, Replay, ResponseExt, RetryPolicy};
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;

/// A busy day, and how much smaller this is.
const A_DAY: usize = 1_000_000;
const SCALE: usize = 100;
const REQUESTS: usize = A_DAY / SCALE;
/// One answer in a hundred is lost.
const ONE_IN: usize = 100;
/// What a completion of 3,000 tokens costs at 10 dollars per million, in cents.
const CENTS: usize = 3;
const AT_ONCE: usize = 16;

/// How one client did.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    lost_answers: usize,
    twice: usize,
    answered: usize,
    told: usize,
    counted: usize,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    println!("{REQUESTS} requests, the answer to 1 in {ONE_IN} lost after the server computed it (a day: {A_DAY})\n");
    println!(
        "{:<58}{:>10}{:>10}{:>10}{:>12}",
        "", "answered", "errors", "twice/day", "wasted/day"
    );

    let naive = naive(Profile::openai()).await?;
    print("a plain retry loop, server ignores keys", naive);
    let keyed = steadfast(Profile::stripe_v1(), preset::stripe(), Replay::WhenUntouched).await?;
    print("steadfast, server honours keys", keyed);
    let careful = steadfast(Profile::openai(), preset::openai(), Replay::WhenUntouched).await?;
    print("steadfast, server ignores keys, Replay::WhenUntouched", careful);
    let eager = steadfast(Profile::openai(), preset::openai(), Replay::AtLeastOnce).await?;
    print("steadfast, server ignores keys, Replay::AtLeastOnce", eager);

    println!(
        "\nWhat a server that ignores keys lost, nobody can fetch: WhenUntouched reports those {} answers as errors",
        careful.told
    );
    println!(
        "with an unknown effect; AtLeastOnce pays for them again and counted {} possible duplicates.",
        eager.counted
    );

    let expected = REQUESTS / ONE_IN;
    let claims = [
        (
            "every client lost the same answers",
            [naive, keyed, careful, eager]
                .iter()
                .all(|tally| tally.lost_answers == expected),
        ),
        (
            "without keys about 10,000 a day are processed twice",
            naive.twice * SCALE == A_DAY / ONE_IN,
        ),
        (
            "with keys none is, and none is unanswered",
            keyed.twice == 0 && keyed.answered == REQUESTS,
        ),
        (
            "with restraint none is, and each lost answer is told",
            careful.twice == 0 && careful.told == expected,
        ),
        (
            "asked for, each duplicate is counted",
            eager.twice == expected && eager.counted == expected,
        ),
    ];
    println!();
    for (claim, holds) in claims {
        println!("{} {claim}", if holds { "holds:" } else { "FAILS:" });
    }
    let all = claims.iter().all(|(_, holds)| *holds);
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(name: &str, tally: Tally) {
    let dollars = tally.twice * SCALE * CENTS / 100;
    println!(
        "{name:<58}{:>10}{:>10}{:>10}{:>12}",
        tally.answered,
        tally.told,
        tally.twice * SCALE,
        format!("${dollars}")
    );
}

/// What many a service has: any failure is sent again.
async fn naive(profile: Profile) -> Result<Tally, Failure> {
    let world = World::start(profile).await?;
    let client = reqwest::Client::builder()
        .no_proxy()
        .retry(reqwest::retry::never())
        .build()?;
    let answered = world
        .each(move |url, id| {
            let client = client.clone();
            async move {
                for _ in 0..5 {
                    let sent = client
                        .post(&url)
                        .header("x-operation-id", id.to_string())
                        .body("{}")
                        .send()
                        .await;
                    if sent.is_ok_and(|response| response.status().is_success()) {
                        return Ok(Sent::Answered { counted: 0 });
                    }
                }
                Ok(Sent::Told)
            }
        })
        .await?;
    Ok(world.tally(answered))
}

async fn steadfast(profile: Profile, preset: Preset, replay: Replay) -> Result<Tally, Failure> {
    let world = World::start(profile).await?;
    let backoff = Backoff::exponential(Duration::from_millis(5));
    let client = Client::builder()
        .http(reqwest::Client::builder().no_proxy())
        .preset(preset.at(world.proxy.url())?)
        .retry(RetryPolicy::builder().backoff(backoff).build()?)
        // One origin takes a day's load within seconds here; the budget would rightly think that too much.
        .retry_budget(RetryBudget::unlimited())
        .replay(replay)
        .build()?;
    let answered = world
        .each(move |url, id| {
            let client = client.clone();
            async move {
                let request = client.post(url).header("x-operation-id", id.to_string()).body("{}");
                match request.send().await {
                    Ok(response) => {
                        let receipt = response.receipt().ok_or("an answer without a receipt")?;
                        let counted = usize::try_from(receipt.possible_duplicates())?;
                        Ok(Sent::Answered { counted })
                    }
                    Err(error) if error.effect() == Effect::Unknown => Ok(Sent::Told),
                    Err(error) => Err(error.into()),
                }
            }
        })
        .await?;
    Ok(world.tally(answered))
}

enum Sent {
    Answered {
        counted: usize,
    },
    /// An error that says that the effect is not known.
    Told,
}

/// A server that counts, and a proxy that loses answers.
struct World {
    api: PaymentApi,
    proxy: FaultProxy,
}

impl World {
    async fn start(profile: Profile) -> Result<Self, Failure> {
        let api = PaymentApi::builder().profile(profile).start().await?;
        let proxy = FaultProxy::start(api.url()).await?;
        // The first answer of every hundredth operation; a repeat gets through.
        let lossy = (0..REQUESTS).step_by(ONE_IN).fold(FaultScript::pass(), |script, id| {
            let first = Matcher::new().header("x-operation-id", id.to_string()).nth(1);
            script.or(FaultScript::when(first, Fault::lost_response()))
        });
        proxy.play(lossy);
        Ok(Self { api, proxy })
    }

    /// Sends every request once, some at a time.
    async fn each<F, R>(&self, send: F) -> Result<Tally, Failure>
    where
        F: Fn(String, usize) -> R + Clone + Send + 'static,
        R: Future<Output = Result<Sent, Failure>> + Send,
    {
        let next = Arc::new(AtomicUsize::new(0));
        let mut workers = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (next, send, url) = (Arc::clone(&next), send.clone(), self.proxy.endpoint("/v1/completions"));
            workers.spawn(async move {
                let mut tally = Tally::default();
                loop {
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    if id >= REQUESTS {
                        return Ok::<_, Failure>(tally);
                    }
                    match send(url.clone(), id).await? {
                        Sent::Answered { counted } => {
                            tally.answered += 1;
                            tally.counted += counted;
                        }
                        Sent::Told => tally.told += 1,
                    }
                }
            });
        }
        let mut all = Tally::default();
        while let Some(one) = workers.join_next().await {
            let one = one??;
            all.answered += one.answered;
            all.told += one.told;
            all.counted += one.counted;
        }
        Ok(all)
    }

    /// Adds what the server and the proxy counted.
    fn tally(&self, sent: Tally) -> Tally {
        let twice = self
            .api
            .operations()
            .values()
            .map(|seen| seen.effects().saturating_sub(1))
            .sum();
        let passages = self.proxy.passages();
        let lost = passages.iter().filter(|passage| *passage.fault() != Fault::Pass);
        Tally {
            twice,
            lost_answers: lost.count(),
            ..sent
        }
    }
}
