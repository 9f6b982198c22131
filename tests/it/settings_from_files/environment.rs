use std::ffi::OsString;
use std::time::Duration;

use steadfast::config::{Effective, Limit, Settings, fields};

use super::rows::ROWS;
use super::toml;

#[test]
fn every_field_is_read_from_its_variable_as_from_a_file() {
    for row in ROWS {
        let from_env = Settings::from_env("APP", [row.variable("APP")]).unwrap();
        assert_eq!(from_env, toml(&format!("{} = {}", row.path, row.good)), "{}", row.path);
    }
}

#[test]
fn every_field_of_the_environment_wins_over_the_files_and_leaves_the_rest() {
    let lines: Vec<_> = ROWS
        .iter()
        .map(|row| format!("{} = {}\n", row.path, row.good))
        .collect();
    let all = toml(&lines.concat());
    for row in ROWS {
        let one = Settings::from_env("APP", [row.variable("APP")]).unwrap();
        assert_eq!(Settings::default().overlay(&one), one, "{}", row.path);
        assert_eq!(all.clone().overlay(&one), all, "{}", row.path);
    }
    let over = Settings::from_env("APP", [("APP_RETRY__MAX_ATTEMPTS", "9")]).unwrap();
    let both = toml("retry.max_attempts = 3\nretry.backoff.base = \"2s\"").overlay(&over);
    assert_eq!(
        (both.retry.max_attempts, both.retry.backoff.base),
        (Some(9), Some(Duration::from_secs(2)))
    );
}

#[test]
fn a_later_layer_lifts_a_limit() {
    let file = toml(
        "total_timeout = \"1m\"\nbuffer = 10\nbreaker.hold_back = \"1s\"\nretry.backoff.steps = [\"1s\"]\n\
         hedge.percentile = 0.9\nhedge.at_least = \"5ms\"\nconcurrency.attempts = 4\nconcurrency.queue = 8",
    );
    let env = Settings::from_env(
        "APP",
        [
            ("APP_TOTAL_TIMEOUT", "none"),
            ("APP_BUFFER", "none"),
            ("APP_BREAKER__HOLD_BACK", "none"),
            ("APP_RETRY__BACKOFF__STEPS", "none"),
            ("APP_RETRY__BACKOFF__BASE", "2s"),
            ("APP_HEDGE__PERCENTILE", "none"),
            ("APP_HEDGE__AFTER", "300ms"),
            ("APP_CONCURRENCY__ATTEMPTS", "none"),
        ],
    );
    let settings = file.overlay(&env.unwrap());
    assert_eq!(
        (settings.total_timeout, settings.buffer),
        (Some(Limit::None), Some(Limit::None))
    );
    assert_eq!(settings.breaker.hold_back, Some(Limit::None));
    let effective = Effective::of(&settings.builder().unwrap().build().unwrap());
    let in_force = effective.settings();
    assert_eq!(in_force.retry.backoff.base, Some(Duration::from_secs(2)));
    assert_eq!(in_force.hedge.after, Some(Limit::At(Duration::from_millis(300))));
    assert_eq!(in_force.concurrency.attempts, Some(Limit::None));
}

#[test]
fn a_variable_under_the_prefix_that_is_no_setting_is_refused_by_name() {
    for (name, expected) in [
        ("APP_RETRY__MAX_ATEMPTS", "only `APP_RETRY__MAX_ATTEMPTS`, "),
        ("APP_RETRY_MAX_ATTEMPTS", "`APP_RETRY__…`"),
        ("APP_RETRY", "`APP_RETRY__…`"),
        ("APP_RETRY__BACKOFF", "`APP_RETRY__BACKOFF__…`"),
        ("APP_ATTEMPT_TIMEOUT__MAX", "`APP_ATTEMPT_TIMEOUT`"),
        ("APP_retry__max_attempts", "`APP_RETRY__…`"),
        ("APP_", "`APP_BASE_URL`"),
        ("APP_LOG", "`APP_BASE_URL`"),
    ] {
        let error = Settings::from_env("APP", [(name, "4")]).unwrap_err();
        assert_eq!(error.field(), name);
        let message = error.to_string();
        assert!(
            message.starts_with(&format!("there is no setting `{name}`, only ")),
            "{message}"
        );
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_variable_whose_value_is_of_a_wrong_form_is_refused_by_name_and_range() {
    for row in ROWS.iter().filter(|row| row.path != "base_url") {
        let (name, _) = row.variable("APP");
        let error = Settings::from_env("APP", [(name.as_str(), "@ §")]).unwrap_err();
        let field = fields().into_iter().find(|field| field.path == row.path).unwrap();
        assert_eq!(
            error.to_string(),
            format!("`{name}` must be {}, but was \"@ §\"", field.accepted)
        );
        assert!(
            Settings::from_env("APP", [(name.as_str(), "")]).is_err()
                || ["key.methods", "retry.max_attempts_for"].contains(&row.path),
            "{name}"
        );
    }
}

#[test]
fn a_rejected_value_is_quoted_so_that_it_cannot_forge_a_line() {
    let error = Settings::from_env("APP", [("APP_REPLAY", "a\"b\\c\n2026-01-01 all is well")]).unwrap_err();
    let message = error.to_string();
    assert!(
        message.ends_with(r#"but was "a\"b\\c\u000A2026-01-01 all is well""#),
        "{message}"
    );
}

#[test]
fn other_variables_are_nobodys_business() {
    let others = [
        ("APPLE_RETRY", "x"),
        ("MY_APP_RETRY", "x"),
        ("APP", "x"),
        ("PATH", "/bin"),
        ("", ""),
    ];
    assert_eq!(Settings::from_env("APP", others).unwrap(), Settings::default());
    assert_eq!(
        Settings::from_env("STEADFAST_TEST_UNUSED", std::env::vars_os()).unwrap(),
        Settings::default()
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_unicode_breaks_nothing_unless_it_is_a_setting() {
    use std::os::unix::ffi::OsStringExt;

    let odd = || OsString::from_vec(vec![0xff, 0xfe]);
    let foreign = Settings::from_env("APP", [(OsString::from("OTHER"), odd()), (odd(), OsString::from("x"))]);
    assert_eq!(foreign.unwrap(), Settings::default());
    assert!(Settings::from_env("APP", [(OsString::from("APP_TOTAL_TIMEOUT"), odd())]).is_err());
}

#[test]
fn lists_have_commas() {
    let settings = Settings::from_env("APP", [("APP_KEY__METHODS", "POST, PUT")]).unwrap();
    assert_eq!(settings, toml("key.methods = [\"POST\", \"PUT\"]"));
    let none = Settings::from_env("APP", [("APP_KEY__METHODS", "")]).unwrap();
    assert_eq!(none, toml("key.methods = []"));
    let limits = Settings::from_env("APP", [("APP_RETRY__MAX_ATTEMPTS_FOR", "503:2 ,timeout : 3")]).unwrap();
    assert_eq!(limits, toml("retry.max_attempts_for = [\"503: 2\", \"timeout: 3\"]"));
    let waits = Settings::from_env("APP", [("APP_RETRY__BACKOFF__STEPS", "1s, 1m 30s")]).unwrap();
    assert_eq!(waits, toml("retry.backoff.steps = [\"1s\", \"90s\"]"));
}
