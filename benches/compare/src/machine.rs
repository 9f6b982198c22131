//! What the figures were measured on, and how that is kept from disturbing them.

use std::collections::BTreeMap;
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
    /// The frequency governor, where the system tells it; a virtual machine's guest often does not know.
    governor: Option<String>,
    virtualised: Option<bool>,
    /// The commit of this tree, with `-dirty` where it was changed.
    commit: String,
    /// What was linked, as the lock file has it.
    versions: BTreeMap<&'static str, String>,
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
            system: output("uname", &["-srm"]),
            compiler: output("rustc", &["-V"]),
            governor: fs::read_to_string("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
                .ok()
                .map(|text| text.trim().into()),
            virtualised: field("/proc/cpuinfo", "flags").map(|flags| flags.split(' ').any(|flag| flag == "hypervisor")),
            commit: output(
                "git",
                &["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty"],
            ),
            versions: versions(include_str!("../Cargo.lock")),
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

/// The cores of the server and of the clients, where there are two; asked before anybody is pinned.
#[cfg(target_os = "linux")]
pub fn cores() -> Option<[usize; 2]> {
    use rustix::thread::{CpuSet, sched_getaffinity};

    let allowed = sched_getaffinity(None).ok()?;
    let mut cores = (0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core));
    Some([cores.next()?, cores.next()?])
}

/// Gives server and clients a core each, where there are two.
pub fn pin(role: Role) {
    if let Some([first, second]) = cores() {
        pin_to(if role == Role::Server { first } else { second });
    }
}

/// Gives this thread one core.
#[cfg(target_os = "linux")]
pub fn pin_to(core: usize) {
    use rustix::thread::{CpuSet, sched_setaffinity};

    if core < CpuSet::MAX_CPU {
        let mut own = CpuSet::new();
        own.set(core);
        let _ = sched_setaffinity(None, &own);
    }
}

#[cfg(not(target_os = "linux"))]
pub fn cores() -> Option<[usize; 2]> {
    None
}

#[cfg(not(target_os = "linux"))]
pub fn pin_to(_: usize) {}

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

/// The versions of those that are measured and of what carries them.
fn versions(lock: &str) -> BTreeMap<&'static str, String> {
    let quoted = |line: &str, field: &str| Some(line.strip_prefix(field)?.trim_matches('"').to_owned());
    let mut versions = BTreeMap::new();
    let mut lines = lock.lines();
    while let Some(line) = lines.next() {
        let Some(name) = quoted(line, "name = ") else { continue };
        let named = MEASURED.iter().find(|measured| **measured == name);
        if let (Some(named), Some(version)) = (named, lines.next().and_then(|line| quoted(line, "version = "))) {
            versions.insert(*named, version);
        }
    }
    versions
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).trim().into(),
    )
}

const MEASURED: [&str; 15] = [
    "backon",
    "failsafe",
    "h2",
    "hyper",
    "hyper-util",
    "recloser",
    "reqwest",
    "reqwest-middleware",
    "reqwest-retry",
    "seatbelt",
    "steadfast",
    "tokio",
    "tower",
    "tower-resilience",
    "uuid",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_measured_has_a_version() {
        let versions = versions(include_str!("../Cargo.lock"));
        let missing: Vec<_> = MEASURED.iter().filter(|name| !versions.contains_key(*name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(versions["reqwest"].starts_with("0.13."), "{versions:?}");
    }
}
