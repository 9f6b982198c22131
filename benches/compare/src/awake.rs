//! Keeps both cores from falling asleep while nothing is under way.
//!
//! With one request in flight each core waits for the other, and a virtual machine's core that waits is taken away: what a
//! request then costs is mostly how long it takes to come back, which differs from batch to batch by more than contenders
//! do. A process on each core that runs only when nothing else wants to (`SCHED_IDLE`) keeps it there.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use crate::contenders::BoxError;
use crate::machine;

/// A child process on each core; they end with this.
pub struct Awake(Vec<Child>);

impl Awake {
    /// On these cores.
    ///
    /// # Errors
    ///
    /// If there is no `chrt`, which sets the scheduling class (`rustix` knows none), or it may not.
    pub fn start(cores: &[usize]) -> Result<Self, BoxError> {
        let own = std::env::current_exe()?;
        let mut children = Self(Vec::new());
        for core in cores {
            let mut command = Command::new("chrt");
            command
                .args(["--idle", "0"])
                .arg(&own)
                .args([ARGUMENT, &core.to_string()]);
            let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
            let mut child = child.map_err(|error| format!("chrt (util-linux): {error}"))?;
            let said = child.stdout.take();
            children.0.push(child);
            let mut line = String::new();
            if let Some(said) = said {
                BufReader::new(said).read_line(&mut line)?;
            }
            if line.trim() != RUNNING {
                return Err("chrt (util-linux) could not keep the cores awake".into());
            }
        }
        Ok(children)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

/// Runs until standard input ends.
pub fn run(core: usize) -> ! {
    machine::pin_to(core);
    println!("{RUNNING}");
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    loop {
        // Not `spin_loop`: a processor may take that for leave to rest.
        std::hint::black_box(());
    }
}

pub const ARGUMENT: &str = "stay-awake";
const RUNNING: &str = "running";
