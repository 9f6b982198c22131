//! A client from a file, with the environment over it.
//!
//! Run it with `cargo run --example config`, or change what it does without touching the code:
//! `STEADFAST_RETRY__MAX_ATTEMPTS=2 cargo run --example config`. It needs no network beyond 127.0.0.1.

#![expect(clippy::print_stdout, reason = "printing is what the example is for")]

use std::error::Error;

use steadfast::config::{Effective, Settings};
use steadfast::testing::payment_api::{PaymentApi, Turn};
use steadfast::{Client, ResponseExt};

/// A real service reads it from disk at start.
const FILE: &str = include_str!("steadfast.toml");

/// Variables under it are settings: `STEADFAST_RETRY__MAX_ATTEMPTS`.
const PREFIX: &str = "STEADFAST";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = PaymentApi::start().await?;
    api.script(Turn::shed());

    let client = configured(&api)?;
    println!("# The configuration in force:\n\n{}", Effective::of(&client));

    let response = client.post("/charges").body("amount=1995").send().await?;
    println!("# One charge, whose first attempt the server sheds:\n");
    if let Some(receipt) = response.receipt() {
        println!("{receipt}");
    }
    println!("# What a wrong file says:\n");
    for wrong in [
        "[retry]\nmax_attempts = 0",
        "[retry.backoff]\nbase = 5",
        "[breaker]\nopen_fro = \"5s\"",
    ] {
        println!("{}\n", complaint(wrong).ok_or("it was accepted")?);
    }
    Ok(())
}

/// The file, then the environment; what is neither's business is set in code.
fn configured(api: &PaymentApi) -> Result<Client, Box<dyn Error>> {
    let file: Settings = toml::from_str(FILE)?;
    let environment = Settings::from_env(PREFIX, std::env::vars_os())?;
    let mut settings = file.overlay(&environment);
    settings.base_url.get_or_insert(api.url().into());
    Ok(settings.builder()?.build()?)
}

/// What is said to a file, if anything.
fn complaint(file: &str) -> Option<String> {
    match toml::from_str::<Settings>(file) {
        Err(error) => Some(error.to_string()),
        Ok(settings) => settings.builder().err().map(|error| error.to_string()),
    }
}
