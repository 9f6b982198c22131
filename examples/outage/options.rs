use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::sim::{Dip, Strategy};

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) dip: Dip,
    /// Whose course is shown second by second.
    pub(crate) shown: Strategy,
    pub(crate) svg: PathBuf,
}

/// What the command line comes to.
#[derive(Debug)]
pub(crate) enum Wish {
    Run(Options),
    Help,
}

impl Options {
    /// Reads the arguments behind the program's name.
    ///
    /// # Errors
    ///
    /// A sentence that names the flag and what it accepts.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Wish, String> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(flag) = arguments.next() {
            if flag == "--help" || flag == "-h" {
                return Ok(Wish::Help);
            }
            let mut value = || arguments.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--load" => options.dip.load = within(&flag, &value()?, 0.1..=0.95)?,
                "--dip" => options.dip.lasts = Duration::from_secs(within(&flag, &value()?, 1..=60)?),
                "--clients" => options.dip.clients = within(&flag, &value()?, 1..=1000)?,
                "--policy" => options.shown = strategy(&value()?)?,
                "--svg" => options.svg = value()?.into(),
                _ => return Err(format!("unknown flag {flag}; --help lists them")),
            }
        }
        Ok(Wish::Run(options))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dip: Dip::default(),
            shown: Strategy::steadfast(),
            svg: PathBuf::from("target/outage.svg"),
        }
    }
}

fn within<T: FromStr + PartialOrd + std::fmt::Display>(
    flag: &str,
    value: &str,
    range: RangeInclusive<T>,
) -> Result<T, String> {
    value
        .parse()
        .ok()
        .filter(|parsed| range.contains(parsed))
        .ok_or_else(|| format!("{flag} {value}: not a number from {} to {}", range.start(), range.end()))
}

fn strategy(name: &str) -> Result<Strategy, String> {
    match name {
        "steadfast" => Ok(Strategy::steadfast()),
        "naive" => Ok(Strategy::naive()),
        "none" => Ok(Strategy::none()),
        _ => Err(format!("--policy {name}: not one of steadfast, naive, none")),
    }
}
