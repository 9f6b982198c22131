//! What retries do to a server that is slow for a few seconds, simulated in virtual time with the crate's own code.
//!
//! ```text
//! cargo run --release --example outage -- --load 0.8 --dip 10
//! ```
//!
//! It prints a table of strategies and draws load and goodput over time as an SVG picture.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example speaks to whoever runs it"
)]

mod chart;
mod options;
#[expect(dead_code, unused_imports, reason = "the tests use all of it")]
mod sim;

use std::process::ExitCode;

use self::chart::Chart;
use self::options::{Options, Wish};
use self::sim::{Dip, Report, SEED, Strategy};

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)) {
        Ok(Wish::Run(options)) => show(&options),
        Ok(Wish::Help) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn show(options: &Options) -> ExitCode {
    let Options { dip, shown, svg } = options;
    println!(
        "{} clients ask for {:.0} % of what a server can do; at {} s it is five times slower for {} s.\n",
        dip.clients,
        dip.load * 100.0,
        Dip::BEGINS.as_secs(),
        dip.lasts.as_secs(),
    );
    println!("{:24}{:>14}{:>12}{:>26}", "", "requests", "", "served again");
    println!(
        "{:24}{:>14}{:>12}{:>26}",
        "strategy", "per operation", "succeeded", "after the dip"
    );
    for strategy in [
        Strategy::none(),
        Strategy::naive(),
        Strategy::budget_alone(),
        Strategy::steadfast(),
    ] {
        row(dip, &strategy);
    }
    course(shown, &dip.against(shown, SEED));
    if let Err(error) = std::fs::write(svg, Chart::of(*dip, SEED).to_string()) {
        eprintln!("--svg {}: {error}", svg.display());
        return ExitCode::FAILURE;
    }
    println!("\nThe chart is in {}.", svg.display());
    ExitCode::SUCCESS
}

fn row(dip: &Dip, strategy: &Strategy) {
    let report = dip.against(strategy, SEED);
    let served = dip
        .recovery(&report)
        .map_or_else(|| "never".to_owned(), |seconds| format!("{seconds} s"));
    println!(
        "{:24}{:>14.2}{:>10.1} %{served:>26}",
        strategy.name,
        report.load(),
        report.success() * 100.0,
    );
}

fn course(strategy: &Strategy, report: &Report) {
    println!("\n{}, every five seconds:\n", strategy.name);
    println!("{:>8}{:>14}{:>14}", "seconds", "requests/s", "successes/s");
    let horizon = usize::try_from(Dip::HORIZON.as_secs()).unwrap_or(usize::MAX);
    for (number, second) in report.seconds().iter().enumerate().take(horizon).step_by(5) {
        println!("{number:>8}{:>14}{:>14}", second.calls, second.succeeded);
    }
}

const HELP: &str = "\
Simulates clients of a server that is slow for a while, and draws load and goodput over time.

  --load SHARE      what the clients ask for, as a share of the server's capacity, 0.1 to 0.95 (default 0.8)
  --dip SECONDS     how long the server is five times slower, 1 to 60 (default 10)
  --clients COUNT   how many processes share the load, each with a budget of its own, 1 to 1000 (default 100)
  --policy NAME     whose course to print: steadfast, naive, none (default steadfast)
  --svg PATH        where to draw the chart (default target/outage.svg)
  --help            prints this
";
