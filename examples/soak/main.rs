//! Soaks the crate in faults for as long as one likes, and checks what both sides saw.
//!
//! ```text
//! cargo run --release --example soak -- --seed 7 --operations 20000
//! ```
//!
//! Ends with 0 when nothing was violated, with 1 when something was, with 2 when the flags make no sense.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod files;
mod flags;
mod kit;
mod versions;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use flags::Flags;
use kit::{Guards, Plan, Server, Steadfast, Summary, check, now, run};

#[tokio::main]
async fn main() -> ExitCode {
    let flags = match Flags::parse(std::env::args().skip(1)) {
        Ok(Some(flags)) => flags,
        Ok(None) => {
            print!("{}", flags::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprint!("{message}\n\n{}", flags::USAGE);
            return ExitCode::from(2);
        }
    };
    match soak(flags).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(violations) => {
            eprintln!("{violations} violations; repeat with --seed {}", flags.seed);
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("the soak could not be set up: {error}");
            ExitCode::FAILURE
        }
    }
}

/// All passes; returns how often a rule was broken.
async fn soak(flags: Flags) -> std::io::Result<usize> {
    let plan = Plan {
        concurrency: flags.concurrency,
        ..Plan::new(flags.seed, flags.operations)
    };
    let passes = [
        plan,
        plan.guards(Guards::Everyday),
        plan.server(Server::IgnoresKeys),
        plan.server(Server::RepeatsAtWill),
    ];
    let mut broken = 0;
    // After the first pass, when everything that is opened once has been.
    let mut files = None;
    for plan in passes {
        let began = now();
        let history = run(
            plan,
            |world| Steadfast(Arc::clone(world)),
            |done| {
                if std::io::stderr().is_terminal() && (done % 500 == 0 || done == plan.operations) {
                    eprint!("\r{done} of {} operations, {:.0?}  ", plan.operations, now() - began);
                    let _ = std::io::stderr().flush();
                }
            },
        )
        .await?;
        let violations = check(&history);
        println!(
            "\n{}",
            Summary {
                history: &history,
                violations: &violations
            }
        );
        violations
            .iter()
            .take(MOST_SHOWN)
            .for_each(|violation| println!("VIOLATED {violation}"));
        broken += violations.len();
        files = files.or_else(files::open_files);
    }
    if let (Some(before), Some(after)) = (files, files::open_files())
        && after > before
    {
        println!("VIOLATED nothing is left: {before} open files after the first pass, {after} after the last");
        broken += 1;
    }
    println!("{broken} violations, seed {}, {}", flags.seed, versions::versions());
    Ok(broken)
}

/// More would hide the first, which is the one to look at.
const MOST_SHOWN: usize = 20;
