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
            format!("`{name}` (`{}`) must be {}, but was \"@ §\"", row.path, field.accepted)
        );
        assert_eq!((error.field(), error.variable()), (row.path, Some(name.as_str())));
        assert!(
            Settings::from_env("APP", [(name.as_str(), "")]).is_err()
                || ["key.methods", "retry.max_attempts_for"].contains(&row.path),
            "{name}"
        );
    }
}

#[test]
fn a_value_outside_its_range_is_refused_by_variable_and_path() {
    let mut judged_by_builders = 0;
    for row in ROWS {
        let (name, good) = row.variable("APP");
        let value = row.outside.replace(['"', '[', ']'], "");
        let env = Settings::from_env("APP", [(name.as_str(), value.as_str())]);
        // Of a wrong form, which is another test; or wrong in TOML alone, where text is no flag.
        let Some(env) = env.ok().filter(|_| value != good) else {
            continue;
        };
        judged_by_builders += 1;
        let error = toml(&row.line(row.good)).overlay(&env).builder().unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with(&format!("`{name}` (`{}`) must be ", row.path)),
            "{message}"
        );
        assert_eq!((error.field(), error.variable()), (row.path, Some(name.as_str())));
    }
    assert!(judged_by_builders > 30, "{judged_by_builders}");
}

#[test]
fn a_variable_is_named_only_for_what_it_set() {
    let env = |value| Settings::from_env("APP", [("APP_RETRY__MAX_ATTEMPTS", value)]).unwrap();
    let refused = |settings: Settings| settings.builder().unwrap_err().to_string();
    let range = "must be 1 to 100, but was";
    assert_eq!(
        refused(env("0")),
        format!("`APP_RETRY__MAX_ATTEMPTS` (`retry.max_attempts`) {range} 0")
    );
    let by_file = refused(env("0").overlay(&toml("retry.max_attempts = 0")));
    assert_eq!(by_file, format!("`retry.max_attempts` {range} 0"));
    let mut by_code = env("4");
    by_code.retry.max_attempts = Some(101);
    assert_eq!(refused(by_code), format!("`retry.max_attempts` {range} 101"));
    let by_another = refused(env("0").overlay(&Settings::from_env("B", [("B_RETRY__MAX_ATTEMPTS", "102")]).unwrap()));
    assert_eq!(
        by_another,
        format!("`B_RETRY__MAX_ATTEMPTS` (`retry.max_attempts`) {range} 102")
    );
    let beside = refused(toml("breaker.probes = 0").overlay(&env("4")));
    assert_eq!(beside, "`breaker.probes` must be 1 to 100 probes, but was 0");
}

#[test]
fn a_prefix_that_no_variable_could_have_is_refused() {
    for prefix in ["", "APP_", "_"] {
        let error = Settings::from_env(prefix, [("APP_RETRY__MAX_ATTEMPTS", "4")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`prefix` must be a name that does not end with an underscore, but was {prefix:?}")
        );
    }
}

#[test]
fn whether_anything_was_read_can_be_told() {
    let variables = [("APP_RETRY__MAX_ATTEMPTS", "4"), ("APP_BUFFER", "10"), ("OTHER", "x")];
    let read = |prefix| Settings::from_env(prefix, variables).unwrap();
    assert_eq!(read("app").variables().count(), 0);
    let names = ["APP_RETRY__MAX_ATTEMPTS", "APP_BUFFER"];
    assert!(read("APP").variables().eq(names));
    let file = toml("retry.max_attempts = 2");
    assert!(file.clone().overlay(&read("APP")).variables().eq(names));
    assert!(read("APP").overlay(&file).variables().eq(["APP_BUFFER"]));
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
