//! What the figures were measured on, and how that is kept from disturbing them.

use std::fs;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Machine {
    processor: String,
    cores: usize,
    memory_kib: u64,
    system: String,
    compiler: String,
    load_before: String,
}

impl Machine {
    pub fn read() -> Self {
        Self {
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.into()),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_kib: field("/proc/meminfo", "MemTotal")
                .and_then(|text| text.split(' ').next()?.parse().ok())
                .unwrap_or_default(),
            system: output("uname", "-sr"),
            compiler: output("rustc", "-V"),
            load_before: load(),
        }
    }

    pub fn describe(&self) -> String {
        let Self {
            processor,
            cores,
            system,
            compiler,
            load_before,
            ..
        } = self;
        format!("{processor}, {cores} cores, {system}, {compiler}; load before: {load_before}")
    }
}

/// The load averages over 1, 5 and 15 minutes.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// The processor time that this thread has used; all of a contender's work is done on one.
pub fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Who is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Server,
    Clients,
}

/// Gives server and clients a core each, where there are two.
#[cfg(target_os = "linux")]
pub fn pin(role: Role) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let Ok(allowed) = sched_getaffinity(None) else { return };
    let mut cores = (0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core));
    let (Some(first), Some(second)) = (cores.next(), cores.next()) else {
        return;
    };
    let mut own = CpuSet::new();
    own.set(if role == Role::Server { first } else { second });
    let _ = sched_setaffinity(None, &own);
}

#[cfg(not(target_os = "linux"))]
pub fn pin(_: Role) {}

/// Allows as many connections as are in flight.
pub fn raise_file_limit() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().into())
}

fn output(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).trim().into(),
    )
}
