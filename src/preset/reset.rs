//! When a rate limit opens again, in the forms in which providers say it.

use std::time::{Duration, SystemTime};

/// How a provider writes the time at which a rate limit is reset; never guessed, since `30` is one of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResetFormat {
    /// Seconds from now, with or without a fraction: `30`.
    Seconds,
    /// Seconds since 1970 in UTC: `1800000000`.
    EpochSeconds,
    /// A date and time of RFC 3339: `2026-11-23T20:00:00Z`.
    Rfc3339,
    /// Hours, minutes, seconds, milliseconds: `1h2m3.5s`, `12ms`.
    Units,
}

/// Reads a wait, from `now` on; `None` for the past, for zero, and for anything malformed.
pub(super) fn wait(text: &str, format: ResetFormat, now: Option<SystemTime>) -> Option<Duration> {
    let text = text.trim();
    let wait = match format {
        ResetFormat::Seconds => nanos(text, 1_000_000_000)?,
        ResetFormat::EpochSeconds => until(Duration::from_secs(text.parse().ok()?), now)?,
        ResetFormat::Rfc3339 => until(since_epoch(text)?, now)?,
        ResetFormat::Units => units(text)?,
    };
    (!wait.is_zero()).then_some(wait)
}

fn until(at: Duration, now: Option<SystemTime>) -> Option<Duration> {
    at.checked_sub(now?.duration_since(SystemTime::UNIX_EPOCH).ok()?)
}

/// A decimal of units of so many nanoseconds.
fn nanos(text: &str, unit: u64) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    // More than a century is no wait that anyone means, and what is larger than that would overflow.
    let whole = whole.parse::<u64>().ok().filter(|whole| *whole < 4_000_000_000)?;
    let mut place = unit;
    let mut rest = 0;
    for digit in fraction.bytes().take(9) {
        place /= 10;
        rest += u64::from(digit - b'0') * place;
    }
    Some(Duration::from_nanos(unit).checked_mul(u32::try_from(whole).ok()?)? + Duration::from_nanos(rest))
}

fn units(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, tail) = rest.split_at(end);
        let (unit, tail) = UNITS
            .iter()
            .find_map(|(name, nanos)| Some((*nanos, tail.strip_prefix(name)?)))?;
        total = total.checked_add(nanos(number, unit)?)?;
        rest = tail;
    }
    Some(total)
}

/// The longer name first: `m` is the beginning of `ms`.
const UNITS: [(&str, u64); 6] = [
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
];

/// RFC 3339 §5.6, from the year 1970 on; leap seconds count as the second after them.
fn since_epoch(text: &str) -> Option<Duration> {
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| {
        let part = text.get(range)?;
        part.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| part.parse::<u64>().ok())?
    };
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    let marked = marks.iter().all(|(at, mark)| bytes.get(*at) == Some(mark));
    if !marked || !matches!(bytes.get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let in_range = year >= 1970 && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !in_range || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days_since_epoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let rest = text.get(19..)?;
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|letter: char| letter.is_ascii_digit()),
        None => rest,
    };
    Some(Duration::from_secs(in_utc(seconds, zone)?))
}

fn in_utc(seconds: u64, zone: &str) -> Option<u64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(seconds);
    }
    let (sign, offset) = zone.split_at_checked(1)?;
    let (hours, minutes) = offset.split_once(':')?;
    let part = |text: &str, most: u64| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u64>().ok())?.filter(|part| *part <= most)
    };
    let offset = part(hours, 23)? * 3_600 + part(minutes, 59)? * 60;
    match sign {
        "+" => seconds.checked_sub(offset),
        "-" => seconds.checked_add(offset),
        _ => None,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counting years from March.
fn days_since_epoch(year: u64, month: u64, day: u64) -> u64 {
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day - 1;
    days - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, format: ResetFormat) -> Option<u128> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        wait(text, format, Some(now)).map(|wait| wait.as_millis())
    }

    #[test]
    fn each_form_is_read() {
        use ResetFormat::{EpochSeconds, Rfc3339, Seconds, Units};
        // 1,700,000,000 is 2023-11-14T22:13:20Z.
        for (text, format, millis) in [
            ("30", Seconds, 30_000),
            ("0.25", Seconds, 250),
            ("1700000030", EpochSeconds, 30_000),
            ("2023-11-14T22:13:50Z", Rfc3339, 30_000),
            ("2023-11-14T22:13:50.123456Z", Rfc3339, 30_000),
            ("2023-11-15T00:13:50+02:00", Rfc3339, 30_000),
            ("2023-11-14t17:13:50-05:00", Rfc3339, 30_000),
            ("2024-02-29T22:13:20Z", Rfc3339, 107 * 86_400_000),
            ("6m0s", Units, 360_000),
            ("1h2m3.5s", Units, 3_723_500),
            ("12ms", Units, 12),
            ("34.074824224s", Units, 34_074),
        ] {
            assert_eq!(read(text, format), Some(millis), "{text}");
        }
    }

    #[test]
    fn what_says_nothing_usable_is_no_wait() {
        use ResetFormat::{EpochSeconds, Rfc3339, Seconds, Units};
        for (text, formats) in [
            ("", [Seconds, EpochSeconds, Rfc3339, Units]),
            ("-1", [Seconds, EpochSeconds, Rfc3339, Units]),
            ("99999999999999999999", [Seconds, EpochSeconds, Rfc3339, Units]),
            ("NaN", [Seconds, EpochSeconds, Rfc3339, Units]),
            ("soon", [Seconds, EpochSeconds, Rfc3339, Units]),
            ("1.2.3s", [Seconds, EpochSeconds, Rfc3339, Units]),
        ] {
            if text.is_empty() {
                assert_eq!(read(text, Seconds), None);
            }
            for format in formats {
                assert_eq!(read(text, format), None, "{text:?} {format:?}");
            }
        }
        assert_eq!(read("1699999999", EpochSeconds), None, "past");
        assert_eq!(read("2023-11-14T22:13:20Z", Rfc3339), None, "now");
        for text in [
            "2023-13-01T00:00:00Z",
            "2023-11-14",
            "2023-11-14T22:13:50",
            "2023-11-14T22:13:50+2:00",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(read(text, Rfc3339), None, "{text}");
        }
        assert_eq!(wait("1800000000", EpochSeconds, None), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}", number: u64, shaped in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[Zz+.0-9:-]{0,8}") {
            use ResetFormat::{EpochSeconds, Rfc3339, Seconds, Units};
            for format in [Seconds, EpochSeconds, Rfc3339, Units] {
                let _ = read(&text, format);
                let _ = read(&shaped, format);
                let _ = read(&number.to_string(), format);
                let _ = read(&format!("{number}h{number}ms"), format);
            }
        }
    }
}
