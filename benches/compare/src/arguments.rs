use crate::contenders::{BoxError, Protocol};
use crate::requests::{Against, Cores, Setting};
use crate::{awake, server};

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Serve,
    StayAwake(usize),
    Check,
    Profile {
        contender: String,
        count: usize,
        setting: Setting,
    },
    Measure(Parts),
}

/// Which parts are measured, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    pub contention: Option<Contention>,
    pub against: Vec<Against>,
    pub seconds: u64,
    /// The one setting to measure, instead of all.
    pub only: Option<Setting>,
}

/// That breakers and budgets are measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contention;

impl Command {
    /// # Errors
    ///
    /// A word that means nothing: measuring something else for minutes would be worse.
    pub fn read(arguments: &[String]) -> Result<Self, BoxError> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match &*words {
            [server::ARGUMENT] => Ok(Self::Serve),
            [awake::ARGUMENT, core] => Ok(Self::StayAwake(core.parse()?)),
            ["check"] => Ok(Self::Check),
            ["profile", contender, count, rest @ ..] if rest.len() <= 3 => Ok(Self::Profile {
                contender: (*contender).into(),
                count: count.parse()?,
                setting: profiled(rest)?,
            }),
            words => parts(words).map(Self::Measure),
        }
    }
}

fn profiled(words: &[&str]) -> Result<Setting, BoxError> {
    let protocol = match words.first() {
        None | Some(&"http1") => Protocol::Http1,
        Some(&"http2") => Protocol::Http2,
        Some(_) => return Err(USAGE.into()),
    };
    let number = |place: usize, default: usize| words.get(place).map_or(Ok(default), |word| word.parse());
    Ok(Setting {
        protocol,
        in_flight: number(1, 1)?.max(1),
        body: number(2, SMALL)?,
        cores: Cores::Free,
    })
}

fn parts(mut words: &[&str]) -> Result<Parts, BoxError> {
    let mut parts = Parts {
        contention: None,
        against: Vec::new(),
        seconds: SECONDS,
        only: None,
    };
    while let [word, rest @ ..] = words {
        words = rest;
        match (*word, rest) {
            ("contention", _) => parts.contention = Some(Contention),
            ("requests", _) => parts.against.push(Against::Bare),
            ("duels", _) => parts.against.push(Against::Peers),
            ("seconds", [seconds, rest @ ..]) => {
                parts.seconds = seconds.parse()?;
                words = rest;
            }
            ("only", [protocol, in_flight, rest @ ..]) => {
                let bytes = rest.first().filter(|word| word.parse::<usize>().is_ok());
                let named: Vec<_> = [*protocol, *in_flight].into_iter().chain(bytes.copied()).collect();
                parts.only = Some(profiled(&named)?);
                words = &rest[named.len() - 2..];
            }
            ("awake", _) => match &mut parts.only {
                Some(only) => only.cores = Cores::Awake,
                None => return Err(USAGE.into()),
            },
            _ => return Err(USAGE.into()),
        }
    }
    if parts.contention.is_none() && parts.against.is_empty() {
        parts.contention = Some(Contention);
        parts.against = vec![Against::Bare, Against::Peers];
    }
    Ok(parts)
}

pub const SMALL: usize = 64;
/// Per setting, of which there are twelve: one half beside bare reqwest, the other in duels, which large bodies have none of.
const SECONDS: u64 = 48;
const USAGE: &str = "expected any of: contention, requests, duels, seconds <number>, \
                     only <http1 | http2> <in flight> [<bytes>] [awake]; or: check; \
                     or: profile <contender> <count> [http1 | http2] [<in flight>] [<bytes>]";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, BoxError> {
        let words: Vec<String> = line.split_whitespace().map(String::from).collect();
        Command::read(&words)
    }

    #[test]
    fn no_words_measure_everything() -> Result<(), BoxError> {
        let all = Parts {
            contention: Some(Contention),
            against: vec![Against::Bare, Against::Peers],
            seconds: SECONDS,
            only: None,
        };
        assert_eq!(read("")?, Command::Measure(all.clone()));
        assert_eq!(read("seconds 5")?, Command::Measure(Parts { seconds: 5, ..all }));
        Ok(())
    }

    #[test]
    fn named_parts_are_measured_alone() -> Result<(), BoxError> {
        let duels = Parts {
            contention: None,
            against: vec![Against::Peers],
            seconds: 60,
            only: None,
        };
        assert_eq!(read("duels seconds 60")?, Command::Measure(duels.clone()));
        let only = Some(Setting {
            protocol: Protocol::Http2,
            in_flight: 64,
            body: SMALL,
            cores: Cores::Free,
        });
        assert_eq!(
            read("duels only http2 64 seconds 60")?,
            Command::Measure(Parts { only, ..duels.clone() })
        );
        let large = only.map(|only| Setting {
            body: 1_048_576,
            ..only
        });
        assert_eq!(
            read("duels only http2 64 1048576 seconds 60")?,
            Command::Measure(Parts {
                only: large,
                ..duels.clone()
            })
        );
        let only = only.map(|only| Setting {
            cores: Cores::Awake,
            ..only
        });
        assert_eq!(
            read("duels only http2 64 awake seconds 60")?,
            Command::Measure(Parts { only, ..duels })
        );
        Ok(())
    }

    #[test]
    fn a_profile_is_of_one_request_at_a_time_over_http_1_unless_it_says_otherwise() -> Result<(), BoxError> {
        let profile = |protocol, in_flight, body| Command::Profile {
            contender: "steadfast".into(),
            count: 2_500,
            setting: Setting {
                protocol,
                in_flight,
                body,
                cores: Cores::Free,
            },
        };
        assert_eq!(read("profile steadfast 2500")?, profile(Protocol::Http1, 1, SMALL));
        assert_eq!(
            read("profile steadfast 2500 http2 64")?,
            profile(Protocol::Http2, 64, SMALL)
        );
        let large = read("profile steadfast 2500 http2 64 1048576")?;
        assert_eq!(large, profile(Protocol::Http2, 64, 1 << 20));
        Ok(())
    }

    #[test]
    fn a_word_that_means_nothing_is_refused() {
        for line in [
            "request",
            "seconds",
            "seconds few",
            "only",
            "only http2",
            "only 64 http2",
            "duels awake",
            "stay-awake nobody",
            "profile steadfast",
            "check now",
            "profile steadfast 5 http3",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
