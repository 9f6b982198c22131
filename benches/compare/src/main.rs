//! What steadfast and its peers cost, side by side in one run.
//!
//! `cargo run --release --manifest-path benches/compare/Cargo.toml` takes about fourteen minutes, prints tables and writes
//! `target/compare.json` beside the manifest. Words after `--` choose parts: `contention`, `requests` (everybody beside
//! bare reqwest), `duels` (steadfast beside a key and a time limit, the loop by hand, and everybody who has retry and
//! breaker), and `seconds 60` for the time per setting. `only http2 64` measures small requests over one protocol with so
//! many in flight, and no other setting, `only http2 64 1048576` ones of that many bytes; `only http2 1 awake` keeps the
//! cores from falling asleep between requests, which takes most of the noise out of one in flight and needs `chrt`.
//!
//! `-- check` shows that every contender retries a 503 with one key, and that breakers open; it comes before any
//! measurement anyway.
//!
//! `-- profile <contender> <count> [http1 | http2] [<in flight>] [<bytes>]` sends so many requests, small ones by default,
//! and measures nothing, for a profiler to watch: `valgrind --tool=callgrind target/release/compare profile steadfast 2500
//! http2 64`, in this folder. The difference of two counts is free of what starting costs.
//!
//! The allocator counts allocations; even while told not to, it looks whether it should: about a nanosecond each, which
//! bare reqwest pays too. Growing a vector copies, since it knows no `realloc`.

mod arguments;
mod awake;
mod check;
mod contenders;
mod contention;
mod entrant;
mod machine;
mod print;
mod report;
mod requests;
mod server;
mod spread;

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use arguments::{Command, Parts, SMALL};
use awake::Awake;
use contenders::{BoxError, Protocol};
use machine::{Machine, Role};
use report::{Group, Report};
use requests::{Against, Cores, Setting, is_small};
use server::Server;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match Command::read(&arguments)? {
        Command::Serve => server::serve(),
        Command::StayAwake(core) => awake::run(core),
        Command::Check => check(),
        Command::Profile {
            contender,
            count,
            setting,
        } => {
            let (server, runtime) = prepare()?;
            requests::profile(&runtime, server.port, &contender, count, setting)
        }
        Command::Measure(parts) => measure(&parts),
    }
}

fn check() -> Result<(), BoxError> {
    machine::raise_file_limit();
    let runtime = runtime()?;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        runtime.block_on(check::run(protocol))?;
    }
    println!("Checked: who retries repeats a 503 with one key and one body, and breakers open.\n");
    Ok(())
}

fn measure(parts: &Parts) -> Result<(), BoxError> {
    let machine = Machine::read();
    println!("{}\n", machine.describe());
    check()?;
    // Before this process is pinned to one core.
    let mut contention = Vec::new();
    if parts.contention.is_some() {
        contention = contention::run(ROUNDS)?;
        print::contention(&contention);
    }
    let mut report = Report {
        machine,
        seconds_per_setting: parts.seconds,
        requests: Vec::new(),
        contention,
        load_after: machine::load(),
    };
    measure_requests(parts, &mut report)?;
    println!("load after: {}", report.load_after);
    println!("written: {}", report.write()?.display());
    Ok(())
}

/// Writes what there is after every setting: a run takes minutes.
fn measure_requests(parts: &Parts, report: &mut Report) -> Result<(), BoxError> {
    if parts.against.is_empty() {
        return Ok(());
    }
    let cores = machine::cores().map_or(Vec::new(), Vec::from);
    let (server, runtime) = prepare()?;
    let settings = parts.only.map_or_else(settings, |only| vec![only]);
    for setting in settings {
        let _awake = match setting.cores {
            Cores::Free => None,
            Cores::Awake => match Awake::start(&cores) {
                Ok(awake) => Some(awake),
                Err(error) => {
                    println!("{}: not measured, {error}\n", describe(setting));
                    continue;
                }
            },
        };
        let time = Duration::from_secs(parts.seconds) / 2;
        let (mut costs, mut duels) = (Vec::new(), Vec::new());
        if parts.against.contains(&Against::Bare) {
            (costs, _) = requests::run(&runtime, server.port, setting, Against::Bare, time)?;
        }
        if parts.against.contains(&Against::Peers) && is_small(setting) {
            (_, duels) = requests::run(&runtime, server.port, setting, Against::Peers, time)?;
        }
        let group = Group {
            setting: describe(setting),
            load_after: machine::load(),
            costs,
            duels,
        };
        print::group(&group);
        report.requests.push(group);
        report.load_after = machine::load();
        report.write()?;
    }
    Ok(())
}

/// A server on its core, and this thread on another.
fn prepare() -> Result<(Server, Runtime), BoxError> {
    machine::raise_file_limit();
    let server = Server::start()?;
    machine::pin(Role::Clients);
    Ok((server, runtime()?))
}

fn runtime() -> Result<Runtime, BoxError> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn settings() -> Vec<Setting> {
    let mut settings = Vec::new();
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let setting = |in_flight, body, cores| Setting {
            protocol,
            in_flight,
            body,
            cores,
        };
        settings.extend([
            setting(1, SMALL, Cores::Free),
            setting(1, SMALL, Cores::Awake),
            setting(64, SMALL, Cores::Free),
            setting(1_024, SMALL, Cores::Free),
            setting(1, LARGE, Cores::Free),
            setting(64, LARGE, Cores::Free),
        ]);
    }
    settings
}

fn describe(setting: Setting) -> String {
    let protocol = match setting.protocol {
        Protocol::Http1 => "HTTP/1.1",
        Protocol::Http2 => "HTTP/2",
    };
    let body = if setting.body == SMALL { "a small JSON" } else { "1 MiB" };
    let cores = match setting.cores {
        Cores::Free => "",
        Cores::Awake => ", cores kept awake",
    };
    format!("POST of {body}, {protocol}, {} in flight{cores}", setting.in_flight)
}

const ROUNDS: usize = 15;
const LARGE: usize = 1 << 20;
