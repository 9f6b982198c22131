//! The command line.

/// What the command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) seed: u64,
    pub(crate) operations: usize,
    pub(crate) concurrency: usize,
}

pub(crate) const USAGE: &str = "\
usage: soak [--seed N] [--operations N] [--concurrency N]

  --seed N         which orders and faults are drawn; 1 unless given
  --operations N   how many operations each of the three passes has, 1 to 100000000; 20000 unless given
  --concurrency N  how many of them run at once, 1 to 1000; 64 unless given
";

impl Flags {
    /// Reads the arguments; `None` when only help was asked for.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Option<Self>, String> {
        let mut flags = Self {
            seed: 1,
            operations: 20_000,
            concurrency: 64,
        };
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let (name, value) = match name.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (name, None),
            };
            let mut value = || value.clone().or_else(|| arguments.next());
            match name.as_str() {
                "--help" | "-h" => return Ok(None),
                "--seed" => flags.seed = number(&name, value(), 0, u64::MAX)?,
                "--operations" => flags.operations = size(&name, value(), 100_000_000)?,
                "--concurrency" => flags.concurrency = size(&name, value(), 1_000)?,
                _ => return Err(format!("{name} is not a flag")),
            }
        }
        Ok(Some(flags))
    }
}

fn size(name: &str, value: Option<String>, most: u64) -> Result<usize, String> {
    let number = number(name, value, 1, most)?;
    usize::try_from(number).map_err(|error| format!("{name}: {error}"))
}

fn number(name: &str, value: Option<String>, least: u64, most: u64) -> Result<u64, String> {
    let value = value.ok_or_else(|| format!("{name} needs a number after it"))?;
    let number = value
        .parse()
        .map_err(|error| format!("{name} needs a whole number, not {value:?}: {error}"))?;
    if (least..=most).contains(&number) {
        Ok(number)
    } else {
        Err(format!("{name} must be {least} to {most}, not {number}"))
    }
}
