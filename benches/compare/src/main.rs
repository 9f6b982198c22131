//! What steadfast and its peers cost, side by side in one run.
//!
//! `cargo run --release --manifest-path benches/compare/Cargo.toml` takes about four minutes, prints tables and writes
//! `target/compare.json` beside the manifest. `-- contention` and `-- requests` run one half, `-- seconds 5` sets the
//! time per setting.
//!
//! `-- profile <contender> <count> [http1 | http2] [<in flight>]` sends so many small requests and measures nothing, for a
//! profiler to watch: `valgrind --tool=callgrind target/release/compare profile steadfast 2500 http2 64`. The difference
//! of two counts is free of what starting costs.

mod contenders;
mod contention;
mod machine;
mod requests;
mod server;
mod spread;

use std::time::Duration;

use serde::Serialize;

use contenders::{BoxError, Protocol};
use contention::Contention;
use machine::{Machine, Role};
use requests::{Cost, Setting};
use server::Server;

#[derive(Debug, Serialize)]
struct Report {
    machine: Machine,
    load_after: String,
    contention: Vec<Contention>,
    requests: Vec<Group>,
}

#[derive(Debug, Serialize)]
struct Group {
    setting: String,
    costs: Vec<Cost>,
}

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if has(server::ARGUMENT) {
        return server::serve();
    }
    let number = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)?.parse::<u64>().ok()
    };
    let (all, time) = (
        !has("contention") && !has("requests"),
        Duration::from_secs(number("seconds").unwrap_or(SECONDS)),
    );

    if let Some(("profile", rest)) = arguments.split_first().map(|(first, rest)| (&**first, rest)) {
        return profile(rest);
    }

    let machine = Machine::read();
    println!("{}\n", machine.describe());
    // Before this process is pinned to one core.
    let mut contention = Vec::new();
    if all || has("contention") {
        contention = contention::run(ROUNDS)?;
        print_contention(&contention);
    }
    let requests = if all || has("requests") {
        measure_requests(time)?
    } else {
        Vec::new()
    };
    let report = Report {
        machine,
        load_after: machine::load(),
        contention,
        requests,
    };
    println!("load after: {}", report.load_after);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/target/compare.json");
    std::fs::write(path, serde_json::to_string_pretty(&report)?)?;
    println!("written: {path}");
    Ok(())
}

fn profile(arguments: &[String]) -> Result<(), BoxError> {
    let [name, count, rest @ ..] = arguments else {
        return Err(PROFILE.into());
    };
    let protocol = match rest.first().map(String::as_str) {
        None | Some("http1") => Protocol::Http1,
        Some("http2") => Protocol::Http2,
        Some(_) => return Err(PROFILE.into()),
    };
    let in_flight = rest.get(1).map_or(Ok(1), |text| text.parse::<usize>())?.max(1);
    let setting = Setting {
        protocol,
        in_flight,
        body: SMALL,
    };
    machine::raise_file_limit();
    let server = Server::start()?;
    machine::pin(Role::Clients);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    requests::profile(&runtime, server.port, name, count.parse()?, setting)
}

fn measure_requests(time: Duration) -> Result<Vec<Group>, BoxError> {
    machine::raise_file_limit();
    let server = Server::start()?;
    machine::pin(Role::Clients);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut groups = Vec::new();
    for setting in settings() {
        let costs = requests::run(&runtime, server.port, setting, time)?;
        let group = Group {
            setting: describe(setting),
            costs,
        };
        print_group(&group);
        groups.push(group);
    }
    Ok(groups)
}

fn settings() -> Vec<Setting> {
    let mut settings = Vec::new();
    for protocol in [Protocol::Http1, Protocol::Http2] {
        for (in_flight, body) in [(1, SMALL), (64, SMALL), (1_024, SMALL), (1, LARGE), (64, LARGE)] {
            settings.push(Setting {
                protocol,
                in_flight,
                body,
            });
        }
    }
    settings
}

fn describe(setting: Setting) -> String {
    let protocol = match setting.protocol {
        Protocol::Http1 => "HTTP/1.1",
        Protocol::Http2 => "HTTP/2",
    };
    let body = if setting.body == SMALL { "a small JSON" } else { "1 MiB" };
    format!("POST of {body}, {protocol}, {} in flight", setting.in_flight)
}

fn print_contention(rows: &[Contention]) {
    println!("One breaker or budget, ns per operation over all threads: median [quartiles]\n");
    println!("| operation | | 1 thread | 2 threads | 4 threads |\n|---|---|---:|---:|---:|");
    for row in rows {
        println!(
            "| {} | {} | {:.1} | {:.1} | {:.1} |",
            row.operation, row.contender, row.one, row.two, row.four
        );
    }
    println!();
}

fn print_group(group: &Group) {
    println!(
        "{}: µs per request more than bare reqwest, median [quartiles]\n",
        group.setting
    );
    println!("| | wall | processor | throughput, % | allocations | bytes | pairs |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for cost in &group.costs {
        println!(
            "| {} | {:.2} | {:.2} | {:.1} | {:+.1} | {:+.0} | {} |",
            cost.contender,
            cost.wall_more,
            cost.processor_more,
            cost.throughput_more,
            cost.allocations_more,
            cost.bytes_more,
            cost.pairs
        );
    }
    if let Some(bare) = group.costs.first() {
        println!(
            "\nbare reqwest: {:.1} µs wall, {:.1} µs processor, {:.1} allocations of {:.0} bytes\n",
            bare.wall.median, bare.processor.median, bare.allocations, bare.bytes
        );
    }
}

const PROFILE: &str = "expected: profile <contender> <count> [http1 | http2] [<in flight>]";
/// Per setting, of which there are ten.
const SECONDS: u64 = 18;
const ROUNDS: usize = 15;
const SMALL: usize = 64;
const LARGE: usize = 1 << 20;
