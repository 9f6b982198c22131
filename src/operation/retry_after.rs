use std::time::{Duration, SystemTime};

use http::header::{DATE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};

/// Milliseconds to wait, as `OpenAI` and Azure send it next to the coarser `Retry-After`.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// Reads how long the server asks to wait; `None` if it does not say, or says nothing usable.
///
/// `Retry-After-Ms` wins, being the finer form of the same wish. `Retry-After` is seconds, or a date in any of the three
/// forms of RFC 9110 §5.6.7, and a date counts from the response's own `Date` where there is one, so that neither a
/// skewed nor a jumping local clock matters. Of several `Retry-After` fields the longest wins. Zero, negative, past and
/// malformed values are no wish at all: the normal backoff applies, never an immediate retry.
pub(super) fn retry_after(headers: &HeaderMap, received: Option<SystemTime>) -> Option<Duration> {
    let milliseconds = headers
        .get_all(RETRY_AFTER_MS)
        .iter()
        .filter_map(|value| decimal(value, 1_000_000))
        .max()
        .filter(|wait| !wait.is_zero());
    let wish = milliseconds.or_else(|| {
        let base = headers.get(DATE).and_then(date).or(received);
        headers
            .get_all(RETRY_AFTER)
            .iter()
            .filter_map(|value| seconds_or_date(value, base))
            .max()
    });
    wish.filter(|wait| !wait.is_zero())
}

fn seconds_or_date(value: &HeaderValue, base: Option<SystemTime>) -> Option<Duration> {
    decimal(value, 1_000_000_000).or_else(|| date(value)?.duration_since(base?).ok())
}

/// Reads an unsigned decimal of units of `unit_nanos` nanoseconds; what is too large saturates.
///
/// A fraction is not in the RFC, but servers send it. There is no floating point here, hence no NaN and no overflow.
fn decimal(value: &HeaderValue, unit_nanos: u64) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let units = whole.parse::<u64>().unwrap_or(u64::MAX);
    let whole = Duration::from_nanos(unit_nanos).checked_mul(u32::try_from(units).unwrap_or(u32::MAX))?;
    let whole = if units > u64::from(u32::MAX) {
        Duration::MAX
    } else {
        whole
    };
    let nanos = fraction
        .bytes()
        .zip(places(unit_nanos))
        .map(|(digit, place)| u64::from(digit - b'0') * place)
        .sum();
    Some(whole.saturating_add(Duration::from_nanos(nanos)))
}

/// The value of each decimal place after the point, until it is below a nanosecond.
fn places(unit_nanos: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(unit_nanos / 10), |place| Some(place / 10)).take_while(|place| *place > 0)
}

fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wish(fields: &[(&'static str, &str)]) -> Option<Duration> {
        wish_at(fields, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777)))
    }

    fn wish_at(fields: &[(&'static str, &str)], received: Option<SystemTime>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        retry_after(&headers, received)
    }

    #[test]
    fn seconds_are_read_with_and_without_a_fraction() {
        assert_eq!(wish(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(wish(&[("retry-after", " 1.25 ")]), Some(Duration::from_millis(1_250)));
        assert_eq!(wish(&[("retry-after-ms", "250")]), Some(Duration::from_millis(250)));
        assert_eq!(wish(&[("retry-after-ms", "0.5")]), Some(Duration::from_micros(500)));
    }

    #[test]
    fn all_three_date_forms_are_read() {
        // The example of RFC 9110 §5.6.7 is 784,111,777 s after the epoch: 10 s before each of these.
        for form in [
            "Sun, 06 Nov 1994 08:49:47 GMT",
            "Sunday, 06-Nov-94 08:49:47 GMT",
            "Sun Nov  6 08:49:47 1994",
        ] {
            assert_eq!(wish(&[("retry-after", form)]), Some(Duration::from_secs(10)), "{form}");
        }
    }

    #[test]
    fn a_date_counts_from_the_servers_own_clock() {
        let fields = [
            ("date", "Sun, 06 Nov 1994 08:49:40 GMT"),
            ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"),
        ];
        let skewed = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
        assert_eq!(wish_at(&fields, Some(skewed)), Some(Duration::from_secs(7)));
        assert_eq!(wish_at(&fields, None), Some(Duration::from_secs(7)));
        assert_eq!(wish_at(&fields[1..], None), None);
    }

    #[test]
    fn what_says_nothing_usable_is_no_wish() {
        for value in [
            "0",
            "-1",
            "NaN",
            "1e20",
            "",
            " ",
            ".",
            ".5",
            "5 seconds",
            "inf",
            "0.0",
            "+3",
            "1.2.3",
        ] {
            assert_eq!(wish(&[("retry-after", value)]), None, "{value:?}");
            assert_eq!(wish(&[("retry-after-ms", value)]), None, "{value:?}");
        }
        assert_eq!(wish(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]), None, "now");
        assert_eq!(wish(&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]), None, "past");
    }

    #[test]
    fn the_finer_field_wins_and_of_equals_the_longer() {
        assert_eq!(
            wish(&[("retry-after", "9"), ("retry-after-ms", "300")]),
            Some(Duration::from_millis(300))
        );
        assert_eq!(
            wish(&[("retry-after", "9"), ("retry-after-ms", "0")]),
            Some(Duration::from_secs(9)),
            "no wish at all is no finer one"
        );
        assert_eq!(
            wish(&[("retry-after", "2"), ("retry-after", "x"), ("retry-after", "5")]),
            Some(Duration::from_secs(5))
        );
    }

    #[test]
    fn a_huge_value_is_a_huge_wish_not_a_panic() {
        let huge = "9".repeat(1_000_000);
        assert_eq!(wish(&[("retry-after", &huge)]), Some(Duration::MAX));
        assert_eq!(
            wish(&[("retry-after-ms", "100000000000000000000")]),
            Some(Duration::MAX)
        );
        assert_eq!(
            wish(&[("retry-after", "4294967295")]),
            Some(Duration::from_secs(4_294_967_295))
        );
    }

    proptest! {
        #[test]
        fn no_bytes_on_the_wire_make_it_panic(bytes: Vec<u8>, millis: Vec<u8>, date: Vec<u8>) {
            let mut headers = HeaderMap::new();
            for (name, bytes) in [(RETRY_AFTER, bytes), (RETRY_AFTER_MS, millis), (DATE, date)] {
                if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                    headers.append(name, value);
                }
            }
            let _ = retry_after(&headers, Some(SystemTime::UNIX_EPOCH));
        }
    }
}
