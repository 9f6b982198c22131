use std::path::PathBuf;

use serde::Serialize;

use crate::contenders::BoxError;
use crate::contention::Contention;
use crate::machine::Machine;
use crate::requests::{Cost, Duel};

/// All that a run found, as it is written.
#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub seconds_per_setting: u64,
    pub load_after: String,
    pub contention: Vec<Contention>,
    pub requests: Vec<Group>,
}

/// One setting.
#[derive(Debug, Serialize)]
pub struct Group {
    pub setting: String,
    pub load_after: String,
    pub costs: Vec<Cost>,
    pub duels: Vec<Duel>,
}

impl Report {
    /// Writes `target/compare.json` beside the manifest, wherever this was built.
    pub fn write(&self) -> Result<PathBuf, BoxError> {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target"));
        std::fs::create_dir_all(&folder)?;
        let path = folder.join("compare.json");
        std::fs::write(&path, serde_json::to_string_pretty(self)?)?;
        Ok(path)
    }
}
