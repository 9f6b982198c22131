use std::time::Duration;

use super::{refused, toml};

#[test]
fn a_duration_has_units_and_may_have_several() {
    for (text, expected) in [
        ("250ms", Duration::from_millis(250)),
        ("1s", Duration::from_secs(1)),
        ("1m 30s", Duration::from_secs(90)),
        ("1m30s", Duration::from_secs(90)),
        ("1h", Duration::from_secs(3_600)),
        ("1day", Duration::from_secs(86_400)),
        ("1s 1ns", Duration::new(1, 1)),
        ("1500us", Duration::from_micros(1_500)),
    ] {
        let settings = toml(&format!("attempt_timeout = {text:?}"));
        assert_eq!(settings.attempt_timeout, Some(expected), "{text}");
        assert_eq!(toml(&settings.to_string()), settings, "{text}");
    }
}

#[test]
fn what_is_no_duration_is_refused() {
    for text in [
        "30",
        "3.5",
        "\"30\"",
        "\"\"",
        "\"s\"",
        "\"-1s\"",
        "\"1 parsec\"",
        "\"soon\"",
        "\"99999999999999999999s\"",
        "true",
    ] {
        let message = refused(&format!("attempt_timeout = {text}"));
        assert_eq!(
            message,
            format!(
                "`attempt_timeout` must be a duration such as \"250ms\" or \"1m 30s\": 1ms to 1day, but was {text}"
            )
        );
    }
}
